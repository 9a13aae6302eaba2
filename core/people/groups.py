"""Groups of pupils who work together in one workspace, beside their own."""

import random
from collections.abc import Collection

from sqlalchemy import delete, insert, select

from core.data.tables.names import name_key
from core.errors import PeopleError
from core.people.records import Person
from core.people.register import Register
from core.people.rows import add_group, as_person, person_row, tidy_person
from core.people.schema import members, people

MOST_GROUPS = 100
"""In one class."""


def groups(register: Register, class_id: int) -> list[Person]:
    """Return the groups of a class, by name."""
    chosen = select(people).where(people.c.class_id == class_id, people.c.role == "group").order_by(people.c.key)
    with register.transaction() as connection:
        return sorted((as_person(row) for row in connection.execute(chosen)), key=_in_order)


def members_of(register: Register, class_id: int) -> dict[int, list[Person]]:
    """Return the pupils in each group of a class, by name; groups without pupils too."""
    found: dict[int, list[Person]] = {group.id: [] for group in groups(register, class_id)}
    chosen = (
        select(members.c.group_id, people)
        .join(people, people.c.id == members.c.person_id)
        .where(members.c.group_id.in_(found))
        .order_by(people.c.key)
    )
    with register.transaction() as connection:
        for row in connection.execute(chosen):
            found[row.group_id].append(as_person(row))
    return found


def groups_of(register: Register, person_id: int) -> list[Person]:
    """Return the groups that a pupil is in, by name; from memory for a moment, like who is here."""
    return register.remembered(("groups", person_id), lambda: _groups_of(register, person_id))


def _groups_of(register: Register, person_id: int) -> list[Person]:
    chosen = select(people).join(members, members.c.group_id == people.c.id).where(members.c.person_id == person_id)
    with register.transaction() as connection:
        return sorted((as_person(row) for row in connection.execute(chosen)), key=_in_order)


def create_group(register: Register, class_id: int, name: str, person_ids: Collection[int] = ()) -> Person:
    """Create a group of these pupils of the class. Raises PeopleError for a name that somebody has already."""
    tidy = tidy_person(name, "group")
    if len(groups(register, class_id)) >= MOST_GROUPS:
        raise PeopleError(f"This class has {MOST_GROUPS} groups, which is the most. Delete one first.")
    with register.transaction() as connection:
        taken = person_row(connection, class_id=class_id, key=name_key(tidy))
        if taken is not None:
            raise PeopleError(f"There is already a {taken.role} called {taken.name}. Choose another name.")
        made = add_group(connection, class_id, tidy)
    set_members(register, made, person_ids)
    return made


def set_members(register: Register, group: Person, person_ids: Collection[int]) -> None:
    """Choose who is in a group; whoever leaves it keeps their own work only. Pupils of other classes are left out."""
    own = {one.id for one in register.people(group.class_id or 0)}
    with register.transaction() as connection:
        connection.execute(delete(members).where(members.c.group_id == group.id))
        for person_id in sorted(own & set(person_ids)):
            connection.execute(insert(members).values(group_id=group.id, person_id=person_id))
    register.forget()


def group_the_rest(register: Register, class_id: int, size: int, seed: int | None = None) -> list[Person]:
    """Put the pupils who are in no group into new groups of about ``size``, at random, and return these.

    Sizes differ by one at most: seven pupils in groups of three become a group of four and one of three.
    """
    if size < 2:
        raise PeopleError(f"A group needs at least two pupils, not {size}.")
    placed = {one.id for pupils in members_of(register, class_id).values() for one in pupils}
    rest = [one.id for one in register.people(class_id) if one.id not in placed]
    if not rest:
        raise PeopleError("Every pupil is in a group already.")
    random.Random(seed).shuffle(rest)
    count = max(1, len(rest) // size)
    taken = {name_key(one.name) for one in [*groups(register, class_id), *register.people(class_id)]}
    free = (name for number in range(1, 10_000) if name_key(name := f"Group {number}") not in taken)
    return [create_group(register, class_id, next(free), rest[start::count]) for start in range(count)]


def _in_order(group: Person) -> tuple[int, str]:
    """Group 2 before Group 10."""
    return len(name_key(group.name)) if group.name.startswith("Group ") else 0, name_key(group.name)

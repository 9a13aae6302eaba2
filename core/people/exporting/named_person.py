"""Find a class, or a pupil in it, by the names that somebody types."""

from core.data.tables.names import name_key
from core.errors import PeopleError
from core.people.records import ClassRoom, Person
from core.people.register import Register


def class_named(register: Register, name: str) -> ClassRoom:
    """Return the class; case does not matter. Raises PeopleError, which lists the classes."""
    rooms = {name_key(room.name): room for room in register.classes()}
    room = rooms.get(name_key(name))
    if room is None:
        listed = ", ".join(one.name for one in rooms.values()) or "none yet"
        raise PeopleError(f"There is no class {name}. Classes: {listed}.")
    return room


def person_named(register: Register, name: str, class_name: str) -> Person:
    """Return the pupil; case does not matter. Raises PeopleError, which lists the classes, or some names."""
    room = class_named(register, class_name)
    found = {name_key(one.name): one for one in register.people(room.id)}
    person = found.get(name_key(name))
    if person is None:
        listed = ", ".join(one.name for one in list(found.values())[:8]) or "none yet"
        raise PeopleError(f"Nobody in {room.name} has the name {name}. Names: {listed}.")
    return person

"""How somebody comes in: with a class code and a name, with a card, with the teacher's leave, or with the PIN."""

from sqlalchemy import insert, select, update

from core.data.tables.names import name_key
from core.errors import NameTaken, PeopleError
from core.people.credentials import CODE_LENGTH, hashed, matches, new_card, new_pin
from core.people.guesses import check_guesses, note_guess
from core.people.records import ClassRoom, Joined
from core.people.register import Register
from core.people.rows import add_person, add_teacher, as_person, person_row, tidy_person
from core.people.schema import classes, people, settings

_PIN = "teacher's PIN"


def class_of_code(register: Register, code: str, address: str) -> ClassRoom:
    """Return the class with this code; case and spaces do not matter. Raises PeopleError, also after many guesses.

    ``address`` is the network address of who asks.
    """
    wanted = "".join(code.split()).upper()[: 2 * CODE_LENGTH]
    with register.transaction() as connection:
        check_guesses(connection, "code", address)
        found = connection.execute(select(classes.c.id).where(classes.c.code == wanted)).scalar()
        if found is None and wanted:
            note_guess(connection, "code", address)
    if found is None:
        raise PeopleError(
            f"There is no class with the code {wanted}. Check it with your teacher."
            if wanted
            else "Type the class code."
        )
    return register.classroom(found)


def join(register: Register, classroom: ClassRoom, name: str) -> Joined:
    """Let somebody in under a name that nobody uses yet, and give them a card.

    Raises NameTaken if somebody has joined under this name before, and PeopleError for a name that is not on the list
    of a class that admits no others.
    """
    tidy = tidy_person(name, "pupil")
    card = new_card()
    kept = hashed(card)
    with register.transaction() as connection:
        row = person_row(connection, class_id=classroom.id, key=name_key(tidy))
        if row is not None and row.role != "pupil":
            raise NameTaken(f"{row.name} is the name of a group. Add a letter to your name.")
        if row is None and not classroom.open:
            raise PeopleError(f"{tidy} is not on the list of {classroom.name}. Choose your name, or ask your teacher.")
        person = add_person(connection, classroom.id, tidy) if row is None else as_person(row)
        # In the database, not by the row that was read: two browsers may choose one name at the same moment.
        claimed = connection.execute(
            update(people).where(people.c.id == person.id, people.c.card.is_(None)).values(card=kept)
        )
        if claimed.rowcount != 1:
            raise NameTaken(
                f"Somebody has already joined as {person.name}. If that was you, type the words on your card. "
                "If not, add a letter to your name."
            )
        token = register.begin_visit(connection, person.id)
    return Joined(register.person(person.id), token, card)


def return_with_card(register: Register, classroom: ClassRoom, name: str, card: str, address: str) -> Joined:
    """Let somebody in again, in another browser. Raises PeopleError for a wrong card."""
    with register.transaction() as connection:
        row = person_row(connection, class_id=classroom.id, key=name_key(name), role="pupil")
        check_guesses(connection, "card", address, str(row.id) if row else "")
    fits = matches(card, row.card if row else None)
    with register.transaction() as connection:
        if row is not None and fits:
            return Joined(as_person(row), register.begin_visit(connection, row.id))
        note_guess(connection, "card", address, str(row.id) if row else "")
    raise PeopleError("These are not the words on the card. Check them, or ask your teacher to let you in.")


def ask_teacher(register: Register, classroom: ClassRoom, name: str, address: str) -> Joined:
    """Begin a visit that the teacher has to allow, for somebody without their card. Raises PeopleError."""
    with register.transaction() as connection:
        check_guesses(connection, "asking", address)
        row = person_row(connection, class_id=classroom.id, key=name_key(name), role="pupil")
        if row is None:
            raise PeopleError(f"Nobody in {classroom.name} has this name. Check it.")
        note_guess(connection, "asking", address)
        return Joined(as_person(row), register.begin_visit(connection, row.id, allowed=False))


def new_card_for(register: Register, person_id: int) -> str:
    """Give somebody a new card and return its words; the old card stops working."""
    card = new_card()
    kept = hashed(card)
    with register.transaction() as connection:
        connection.execute(update(people).where(people.c.id == person_id).values(card=kept))
    return card


def set_pin(register: Register, pin: str | None = None) -> str:
    """Set the teacher's PIN, a new random one if none is given, and return it. Raises PeopleError if it is short."""
    chosen = pin if pin is not None else new_pin()
    if len("".join(chosen.split())) < 6:
        raise PeopleError("The teacher's PIN is too short. Use at least six digits or letters.")
    kept = hashed(chosen)
    with register.transaction() as connection:
        if connection.execute(update(settings).where(settings.c.name == _PIN).values(value=kept)).rowcount == 0:
            connection.execute(insert(settings).values(name=_PIN, value=kept))
    return chosen


def first_pin(register: Register) -> str | None:
    """Set a random PIN if there is none yet, and return it; None if there is one, which nobody can read."""
    with register.transaction() as connection:
        known = connection.execute(select(settings.c.name).where(settings.c.name == _PIN)).first()
    return None if known else set_pin(register)


def enter_as_teacher(register: Register, pin: str, address: str) -> Joined:
    """Let the teacher in. Raises PeopleError for a wrong PIN."""
    with register.transaction() as connection:
        check_guesses(connection, "PIN", address)
        kept = connection.execute(select(settings.c.value).where(settings.c.name == _PIN)).scalar()
    if not matches(pin, kept):
        with register.transaction() as connection:
            note_guess(connection, "PIN", address)
        raise PeopleError("This is not the teacher's PIN. The terminal in which the server was started has shown it.")
    with register.transaction() as connection:
        row = person_row(connection, role="teacher")
        teacher = as_person(row) if row else add_teacher(connection)
        return Joined(teacher, register.begin_visit(connection, teacher.id))

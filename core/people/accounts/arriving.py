"""How somebody comes in with an account: known by issuer and subject, or new with a name, in a class."""

import hashlib
import threading
import time
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Row, Select, delete, insert, select, update

from core.data.tables.names import name_key
from core.errors import NameTaken, NotHere, PeopleError
from core.people.accounts.account import Account
from core.people.accounts.admission import admits, settings_text, teaches
from core.people.credentials import hashed, new_token
from core.people.joining import class_of_code
from core.people.records import ClassRoom, Person
from core.people.register import Register
from core.people.rows import add_person, add_teacher, as_person, person_row, tidy_person
from core.people.schema import accounts, classes, people, settings

EVERYONE = "Everyone"
"""The class of those whose address is admitted and who have no class code."""
_EVERYONE = "class of accounts"
_one_class = threading.Lock()


def visit_token(account: Account) -> str:
    """Return under what the visit of this browser is kept: another one after each signing in, and each new setting."""
    return hashlib.sha256(f"{account.token}\n{settings_text()}".encode("utf-8", "replace")).hexdigest()


def come_in(register: Register, account: Account) -> Person | None:
    """Begin the visit of an account that is known, and return whose it is; None for a new one.

    Raises NotHere if they have signed out since, or may no longer come in.
    """
    token = visit_token(account)
    with register.transaction() as connection:
        row = connection.execute(_of(account)).first()
        _check_signed_in(account, row)
        if teaches(account):
            found = person_row(connection, role="teacher")
            person = as_person(found) if found else add_teacher(connection)
            if row is None:
                connection.execute(_new_row(account, None, by_address=True))
        else:
            if row is None or row.person_id is None:
                return None
            if row.by_address and not admits(account):
                raise NotHere("Your account may no longer come in here. Ask whoever runs the server.")
            found = person_row(connection, id=row.person_id)
            assert found is not None  # its row goes with the person's
            person = as_person(found)
        register.begin_visit(connection, person.id, token=token)
    return person


def arrive(register: Register, account: Account, code: str, name: str, address: str) -> Person:
    """Add a new account under a name and begin its visit; ``address`` is the network address of who asks.

    The class is that of the code. Without a code it is "Everyone", for those whose e-mail address is admitted.
    Raises NameTaken, and PeopleError for a wrong code or name, or an account that needs a code.
    """
    by_address = admits(account)
    if code.strip() or not by_address:
        by_address = False
        room = class_of_code(register, code, address)
    else:
        room = _everyone(register)
    tidy = tidy_person(name, "pupil")
    kept = hashed(new_token())  # a card that nobody has: the account is the way in
    with register.transaction() as connection:
        row = connection.execute(_of(account)).first()
        _check_signed_in(account, row)
        if row is not None and row.person_id is not None:
            raise PeopleError("Your account has a workspace already. Reload the page.")
        person = _claimed(connection, room, tidy, kept)
        connection.execute(delete(accounts).where(*_same(account)))
        connection.execute(_new_row(account, person.id, by_address=by_address))
        register.begin_visit(connection, person.id, token=visit_token(account))
    return register.person(person.id)


def sign_out(register: Register, account: Account) -> None:
    """End the visit of this browser; its cookie, and copies of it, let nobody in again."""
    with register.transaction() as connection:
        connection.execute(update(accounts).where(*_same(account)).values(signed_out=time.time()))
    register.leave(visit_token(account))


def _check_signed_in(account: Account, row: Row[Any] | None) -> None:
    """Raise NotHere for a cookie from before they signed out. Its moment is kept in whole seconds."""
    if row is not None and int(account.signed_in) <= int(row.signed_out):
        raise NotHere("You have signed out. Sign in again.")


def _claimed(connection: Connection, room: ClassRoom, name: str, kept: bytes) -> Person:
    row = person_row(connection, class_id=room.id, key=name_key(name))
    if row is None and not room.open:
        raise PeopleError(f"{name} is not on the list of {room.name}. Type the name on the list, or ask your teacher.")
    person = add_person(connection, room.id, name) if row is None else as_person(row)
    claim = update(people).where(people.c.id == person.id, people.c.card.is_(None)).values(card=kept)
    if connection.execute(claim).rowcount != 1:
        raise NameTaken(f"Somebody in {room.name} is called {person.name} already. Add a letter to your name.")
    return person


def _everyone(register: Register) -> ClassRoom:
    """Return the class of those without a class code, made at the first need and again after it was deleted."""
    with _one_class:
        with register.transaction() as connection:
            kept = connection.execute(select(settings.c.value).where(settings.c.name == _EVERYONE)).scalar()
            known = int(kept) if kept else 0
            row = connection.execute(select(classes.c.id).where(classes.c.id == known)).scalar()
        if row is not None:
            return register.classroom(row)
        named = [one for one in register.classes() if name_key(one.name) == name_key(EVERYONE)]
        room = named[0] if named else register.create_class(EVERYONE)
        with register.transaction() as connection:
            connection.execute(delete(settings).where(settings.c.name == _EVERYONE))
            connection.execute(insert(settings).values(name=_EVERYONE, value=str(room.id).encode()))
        return room


def _same(account: Account) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return accounts.c.issuer == account.issuer, accounts.c.subject == account.subject


def _of(account: Account) -> Select[Any]:
    return select(accounts).where(*_same(account))


def _new_row(account: Account, person_id: int | None, *, by_address: bool) -> Insert:
    return insert(accounts).values(
        issuer=account.issuer, subject=account.subject, person_id=person_id, by_address=by_address, signed_out=0.0
    )

"""Ways in: a code and a name, a card, the teacher's leave, the PIN; and what happens to those who guess."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from core.errors import NameTaken, NotHere, PeopleError, TooManyGuesses
from core.people import guesses, joining
from core.people.register import VISIT_SECONDS, Register
from core.people.schema import visits

HERE = "192.0.2.7"


def test_a_pupil_joins_with_code_and_name_and_comes_back_with_the_card(register: Register) -> None:
    room = register.create_class("7b")
    found = joining.class_of_code(register, f" {room.code.lower()} ", HERE)
    ada = joining.join(register, found, " Ada ")
    assert register.visit(ada.token).person.name == "Ada"
    back = joining.return_with_card(register, room, "ADA", ada.card.upper(), HERE)
    assert register.visit(back.token).person == register.visit(ada.token).person
    register.leave(ada.token)
    with pytest.raises(NotHere):
        register.visit(ada.token)
    assert register.visit(back.token).allowed, "leaving ends one browser's visit only"


def test_nobody_takes_the_name_of_somebody_who_has_joined(register: Register) -> None:
    room = register.create_class("7b")
    joining.join(register, room, "Ada")
    for name in ("Ada", "ada", " A\u200bda "):
        with pytest.raises(NameTaken, match="already joined as Ada"):
            joining.join(register, room, name)
    with pytest.raises(PeopleError, match="not the words on the card"):
        joining.return_with_card(register, room, "Ada", "otter-0000", HERE)
    assert joining.join(register, register.create_class("7c"), "Ada").person.name == "Ada", "another class"


def test_of_two_who_choose_one_name_at_the_same_moment_one_gets_it(register: Register) -> None:
    room = register.create_class("7b")
    register.add_people(room.id, ["Ada"])

    def attempt(_: int) -> bool:
        try:
            joining.join(register, room, "Ada")
        except NameTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1


def test_a_class_may_admit_only_the_names_on_its_list(register: Register) -> None:
    room = register.create_class("7b")
    assert [one.name for one in register.add_people(room.id, ["Ada", "", "ada ", "Ben"])] == ["Ada", "Ben"]
    register.admit_new_names(room.id, False)
    closed = register.classroom(room.id)
    with pytest.raises(PeopleError, match="Eve is not on the list of 7b"):
        joining.join(register, closed, "Eve")
    assert joining.join(register, closed, "ben").person.name == "Ben"


def test_somebody_without_a_card_waits_until_the_teacher_lets_them_in(register: Register) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada").person
    asked = joining.ask_teacher(register, room, "ada", HERE)
    assert not register.visit(asked.token).allowed
    assert [visit.person.id for visit in register.waiting(room.id)] == [ada.id]
    register.let_in(ada.id)
    assert register.visit(asked.token).allowed
    other = joining.ask_teacher(register, room, "Ada", HERE)
    register.turn_away(ada.id)
    with pytest.raises(NotHere):
        register.visit(other.token)
    assert register.visit(asked.token).allowed, "who was let in stays"


def test_the_pin_lets_the_teacher_in_and_is_shown_once(register: Register) -> None:
    pin = joining.first_pin(register)
    assert pin is not None
    assert joining.first_pin(register) is None
    teacher = joining.enter_as_teacher(register, pin, HERE)
    assert (teacher.person.teaches, teacher.person.folder) == (True, "")
    assert joining.enter_as_teacher(register, f" {pin}", HERE).person.id == teacher.person.id, "one teacher a server"
    joining.set_pin(register, "other-pin")
    with pytest.raises(PeopleError, match="not the teacher's PIN"):
        joining.enter_as_teacher(register, pin, HERE)
    with pytest.raises(PeopleError, match="too short"):
        joining.set_pin(register, "12 34")


def test_guessing_ends(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    room = register.create_class("7b")
    card = joining.join(register, room, "Ada").card
    for number in range(guesses.PER_NAME):
        with pytest.raises(PeopleError, match="not the words"):
            joining.return_with_card(register, room, "Ada", f"otter-{number}", f"192.0.2.{number}")
    with pytest.raises(TooManyGuesses, match="Wait 10 minutes"):
        joining.return_with_card(register, room, "Ada", card, "192.0.2.200")
    for _ in range(guesses.PER_ADDRESS):
        with pytest.raises(PeopleError, match="no class with the code ZZZZZZ"):
            joining.class_of_code(register, "zzzzzz", HERE)
    with pytest.raises(TooManyGuesses):
        joining.class_of_code(register, room.code, HERE)
    assert joining.class_of_code(register, room.code, "198.51.100.1") == room, "others are not held up"
    monkeypatch.setattr(guesses, "WINDOW_SECONDS", 0.0)
    assert joining.class_of_code(register, room.code, HERE) == room, "and it is forgotten after a while"


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "x" * 41])
def test_a_name_can_be_seen_and_is_short(register: Register, name: str) -> None:
    with pytest.raises(PeopleError):
        joining.join(register, register.create_class("7b"), name)


def test_what_is_kept_is_no_secret(register: Register, server: Path) -> None:
    room = register.create_class("7b")
    pin, ada = joining.first_pin(register), joining.join(register, room, "Ada")
    register.close()
    kept = b"".join(path.read_bytes() for path in server.glob("people.db*"))
    assert ada.person.name.encode() in kept
    for secret in (str(pin), ada.card, ada.token):
        assert secret.encode() not in kept
    assert (server / "people.db").stat().st_mode & 0o077 == 0


def test_visits_that_have_ended_are_forgotten_when_somebody_joins(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada")
    later = time.time() + VISIT_SECONDS + 1
    monkeypatch.setattr("core.people.register.time.time", lambda: later)
    with pytest.raises(NotHere):
        register.visit(ada.token)
    ben = joining.join(register, room, "Ben")
    with register.transaction() as connection:
        left = list(connection.execute(select(visits.c.person_id)).scalars())
    assert left == [ben.person.id]

"""The teacher's page: a class is made, who is here is seen, and a pupil is helped."""

import pytest

from core.errors import NotHere
from core.people import door, joining
from core.people.register import Register
from tests.pages.people.conftest import OpenAs, all_texts


@pytest.fixture
def teacher(register: Register) -> str:
    return joining.enter_as_teacher(register, joining.set_pin(register), "here").token


def test_the_first_class_is_made_with_its_names(teacher: str, open_as: OpenAs, register: Register) -> None:
    app = open_as(teacher, "Class")
    app.text_input(key="class-name").set_value("7b")
    app.text_area(key="class-names").set_value("Ada\n\nBen\n")
    app.button(key="class-create").click().run()
    assert not app.exception
    (room,) = register.classes()
    assert [one.name for one in register.people(room.id)] == ["Ada", "Ben"]
    assert room.code in all_texts(app)
    assert list(app.dataframe[0].value["Here"]) == ["not yet", "not yet"]


def test_two_classes_of_one_name_are_a_sentence(teacher: str, open_as: OpenAs, register: Register) -> None:
    app = open_as(teacher, "Class")
    app.text_input(key="class-name").set_value(" ")
    app.button(key="class-create").click().run()
    assert "The name of a class is empty" in app.error[0].value


def test_who_asks_to_come_in_is_let_in(teacher: str, open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada").person
    asked = joining.ask_teacher(register, room, "Ada", "here").token
    app = open_as(teacher, "Class")
    app.button(key=f"let-in-{ada.id}").click().run()
    assert register.visit(asked).allowed
    assert list(app.dataframe[0].value["Here"]) == ["now"]


def test_the_list_is_closed_and_the_code_changed(teacher: str, open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    app = open_as(teacher, "Class")
    app.toggle(key="class-open").set_value(False).run()
    app.text_area(key="class-add").set_value("Cleo\nDan")
    app.button(key="class-add-now").click().run()
    app.button(key="class-code").click().run()
    changed = register.classroom(room.id)
    assert (changed.open, changed.code == room.code) == (False, False)
    assert len(register.people(room.id)) == 2


def test_a_pupil_sees_who_they_are_and_no_list(open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada")
    joining.join(register, room, "Ben")
    app = open_as(ada.token, "Class")
    assert not app.exception
    assert "You are **Ada**, one of 2 pupils" in " ".join(one.value for one in app.markdown)
    assert not app.dataframe
    assert room.code not in all_texts(app)


def test_a_pupil_makes_a_new_card_in_the_sidebar(open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada")
    app = open_as(ada.token)
    app.button(key="frame-card").click().run()
    card = app.sidebar.code[0].value
    assert joining.return_with_card(register, room, "Ada", card, "here").person.id == ada.person.id
    with pytest.raises(Exception, match="not the words"):
        joining.return_with_card(register, room, "Ada", ada.card, "here")


def test_alone_there_is_no_class(open_as: OpenAs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "alone")
    app = open_as("", "Class")
    assert "This server is for one person" in all_texts(app)
    with pytest.raises(NotHere):
        monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
        door.visitor("")

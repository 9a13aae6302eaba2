"""The teacher's page: a class is made, who is here is seen, and a pupil is helped."""

import pytest

from core.data.store.store import Store
from core.errors import NotHere
from core.people import door, joining, looking
from core.people.groups import create_group
from core.people.hand_out import hand_out
from core.people.register import Register
from core.runs.exams.locked import exam_locked
from core.workspace import open_workspace
from tests.pages.conftest import add_photo
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
    assert "The name of a class is empty" in app.toast[0].value


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


def test_a_project_is_offered_to_those_who_have_no_copy(teacher: str, open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    register.add_people(room.id, ["Ada", "Ben"])
    store = Store(open_workspace())
    add_photo(store, store.create_project("Leaves", classes=["oak", "ash"]), "leaf.jpg", "oak")
    store.close()
    app = open_as(teacher, "Class")
    app.button(key="hand-out").click().run()
    assert "1 photo with their labels and splits, for 2 of 2 pupils" in all_texts(app)
    store = Store(open_workspace())
    list(hand_out(store, 1, register.people(room.id)))
    store.close()
    app = open_as(teacher, "Class")
    app.button(key="hand-out").click().run()
    assert "All 2 pupils have **Leaves**" in all_texts(app)


def test_the_teacher_looks_at_a_copy_and_goes_back(teacher: str, open_as: OpenAs, register: Register) -> None:
    ada = joining.join(register, register.create_class("7b"), "Ada").person
    theirs = Store(door.workspace_of(ada))
    project = theirs.create_project("Ponds", classes=["duck", "coot"])
    add_photo(theirs, project, "duck-3.jpg", "duck")
    app = open_as(teacher, "Home")
    app.session_state["looking-at"] = looking.take_look(ada)
    app.run()
    shown = all_texts(app)
    assert "A copy of **Ada**" in shown
    assert "Ponds" in shown
    theirs.rename_project(project.id, "Lakes")
    theirs.close()
    app.button(key="frame-look-again").click().run()
    assert "Lakes" in all_texts(app)
    app.button(key="frame-look-end").click().run()
    assert "Lakes" not in all_texts(app)


def test_a_pupil_cannot_look_at_anybody(open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    ada, ben = (joining.join(register, room, name) for name in ("Ada", "Ben"))
    theirs = Store(door.workspace_of(ada.person))
    theirs.create_project("Ponds")
    theirs.close()
    app = open_as(ben.token, "Home")
    app.session_state["looking-at"] = looking.take_look(ada.person)
    app.run()
    assert "Ponds" not in all_texts(app)


def test_the_table_shows_the_lesson_and_an_empty_cell_where_nothing_is_known(
    teacher: str, open_as: OpenAs, register: Register
) -> None:
    ada = joining.join(register, register.create_class("7b"), "Ada")
    assert not open_as(ada.token, "Learn", lesson="skips").exception
    app = open_as(teacher, "Class")
    table = app.dataframe[0]
    assert list(table.value["Lesson"]) == ["2. Why skip connections help"]
    assert table.proto.placeholder == "", "an empty column shows no word"


def test_only_whoever_teaches_gets_the_answers(teacher: str, open_as: OpenAs, register: Register) -> None:
    ada = joining.join(register, register.create_class("7b"), "Ada")
    of_pupil, of_teacher = (
        [button.proto.label for button in open_as(token, "Learn", lesson="inside").get("download_button")]
        for token in (ada.token, teacher)
    )
    assert "Print a worksheet" in of_pupil and "Teacher\N{RIGHT SINGLE QUOTATION MARK}s copy" not in of_pupil
    assert "Teacher\N{RIGHT SINGLE QUOTATION MARK}s copy" in of_teacher


def test_the_exam_is_locked_and_unlocked_for_the_class(teacher: str, open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada").person
    app = open_as(teacher, "Class")
    app.toggle(key=f"class-exam-{room.id}").set_value(True).run()
    assert not app.exception
    assert exam_locked(door.workspace_of(ada))
    again = open_as(teacher, "Class")
    assert again.toggle(key=f"class-exam-{room.id}").value
    again.toggle(key=f"class-exam-{room.id}").set_value(False).run()
    assert not exam_locked(door.workspace_of(ada))


def test_the_projector_view_names_nobody_and_has_a_way_back(teacher: str, open_as: OpenAs, register: Register) -> None:
    room = register.create_class("7b <b>")
    joining.join(register, room, "Adalbert")
    store = Store(door.workspace_of(register.people(room.id)[0]))
    add_photo(store, store.create_project("Leaves", classes=["oak", "ash"]), "leaf.jpg", "oak")
    store.close()
    app = open_as(teacher, "Class", projector="1")
    shown = " ".join(html.proto.body for html in app.get("html"))
    assert room.code in shown and "7b &lt;b&gt;" in shown
    assert "1 of 1 here" in shown and "<b>1</b>photo<" in shown and "have trained a model</span><span>0 of 1" in shown
    assert "Adalbert" not in all_texts(app) and not app.dataframe
    assert "groups have trained" not in shown
    create_group(register, room.id, "Foxes")
    shown = " ".join(html.proto.body for html in app.run().get("html"))
    assert "groups have trained a model</span><span>0 of 1" in shown and "Foxes" not in shown
    app.button(key="projector-close").click().run()
    assert app.dataframe and "projector" not in app.query_params
    pupil = joining.join(register, room, "Ben")
    assert room.code not in all_texts(open_as(pupil.token, "Class", projector="1"))


def test_a_pupil_is_offered_their_own_data(open_as: OpenAs, register: Register) -> None:
    ada = joining.join(register, register.create_class("7b"), "Ada")
    app = open_as(ada.token, "Class")
    app.button(key="pupil-data").click().run()
    assert not app.exception
    assert "everything that is stored of you" in all_texts(app) and app.button(key="data-prepare")

"""The gallery: a model is shared, tried by somebody else and taken back; a project is looked at and copied."""

import pytest

from core.data.store.store import Store
from core.people import door, groups
from core.people.class_rules import change_rules, rules_of
from core.people.records import Joined
from core.people.register import Register
from core.people.sharing.gallery import gallery
from core.people.sharing.share import share_model, share_project
from core.runs.folder import list_runs
from tests.pages.people.conftest import OpenAs, all_texts

Pupils = dict[str, Joined]


def _share(register: Register, ada: Joined, *, copies: bool = True) -> tuple[int, int]:
    """Share Ada's model and her project, and return their numbers."""
    room, workspace = ada.person.class_id or 0, door.workspace_of(ada.person)
    store = Store(workspace)
    model = share_model(register, ada.person, room, list_runs(workspace)[0])
    project = share_project(register, ada.person, room, store, store.projects()[0].id, copies=copies)
    store.close()
    return model.id, project.id


def test_a_pupil_shares_a_model_and_takes_it_back(pupils: Pupils, open_as: OpenAs, register: Register) -> None:
    ada = pupils["Ada"]
    app = open_as(ada.token, "Class")
    app.segmented_control(key="class-view").set_value("Gallery").run()
    assert "Nothing is shared yet" in all_texts(app)
    app.button(key="gallery-share").click().run()
    app.text_input(key="share-note").set_value("Three trees")
    app.button(key="share-now").click().run()
    assert not app.exception
    (item,) = gallery(register, ada.person, ada.person.class_id or 0)
    assert (item.name, item.note, item.kind) == ("Trees one", "Three trees", "model")
    shown = all_texts(app)
    for words in ("Trees one", "Three trees", "90%", "10 validation photos"):
        assert words in shown
    app.button(key=f"gallery-back-{item.id}").click().run()
    app.button(key="take-back-now").click().run()
    assert gallery(register, ada.person, ada.person.class_id or 0) == []


def test_another_tries_the_model_on_a_photo(pupils: Pupils, open_as: OpenAs, register: Register) -> None:
    model, _ = _share(register, pupils["Ada"])
    app = open_as(pupils["Ben"].token, "Class")
    app.segmented_control(key="class-view").set_value("Gallery").run()
    assert not [one for one in app.button if one.key == f"gallery-back-{model}"], "it is not Ben's to take back"
    app.button(key=f"gallery-open-{model}").click().run()
    assert not app.exception
    shown = all_texts(app)
    assert "Where the model looked" in shown
    assert "oak" in shown
    app.button(key="gallery-close").click().run()
    assert "Where the model looked" not in all_texts(app)


@pytest.mark.parametrize("copies", [True, False])
def test_a_project_is_looked_at_and_copied_only_where_that_is_allowed(
    pupils: Pupils, open_as: OpenAs, register: Register, copies: bool
) -> None:
    _, project = _share(register, pupils["Ada"], copies=copies)
    app = open_as(pupils["Ben"].token, "Class")
    app.segmented_control(key="class-view").set_value("Gallery").run()
    keys = {one.key for one in app.button}
    assert (f"gallery-copy-{project}" in keys) == copies
    if copies:
        app.button(key=f"gallery-copy-{project}").click().run()
        store = Store(door.workspace_of(pupils["Ben"].person))
        assert [one.name for one in store.projects()] == ["Leaves"]
        store.close()
    app.button(key=f"gallery-open-{project}").click().run()
    assert "Photos of the shared project" in all_texts(app)


def test_the_teacher_switches_gallery_and_game_off(
    teacher: Joined, pupils: Pupils, open_as: OpenAs, register: Register
) -> None:
    room = pupils["Ada"].person.class_id or 0
    app = open_as(teacher.token, "Class")
    app.toggle(key="rule-game").set_value(False).run()
    assert rules_of(register, room).game is False
    assert open_as(pupils["Ben"].token, "Class").segmented_control(key="class-view").options == ["My class", "Gallery"]
    change_rules(register, room, sharing=False)
    assert not open_as(pupils["Ben"].token, "Class").segmented_control
    assert "Gallery" in open_as(teacher.token, "Class").segmented_control(key="class-view").options


def test_a_group_shares_under_its_own_name(pupils: Pupils, open_as: OpenAs, register: Register) -> None:
    ada, ben = pupils["Ada"].person, pupils["Ben"].person
    foxes = groups.create_group(register, ada.class_id or 0, "Foxes", [ada.id, ben.id])
    app = open_as(pupils["Ada"].token, "Class", group=str(foxes.id))
    app.segmented_control(key="class-view").set_value("Gallery").run()
    app.button(key="gallery-share").click().run()
    assert "No trained model yet" in all_texts(app), "the group's own workspace is empty"

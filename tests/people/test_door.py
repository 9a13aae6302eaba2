"""From a token to a workspace: each pupil to their own, the teacher to the server's."""

import subprocess
from pathlib import Path

import pytest

from core.background_process import start_python
from core.data.store.store import Store
from core.errors import DataError, NotHere, PeopleError, RunError, WorkspaceError
from core.people import door, joining
from core.people.overview import overview
from core.people.register import Register
from core.people.removal import delete_class, delete_leftovers, delete_person, start_afresh
from core.runs.folder import workspace_run
from core.workspace import server_workspaces


def test_each_pupil_has_a_workspace_and_numbers_lead_into_no_other(register: Register) -> None:
    room = register.create_class("7b")
    ada, ben = (joining.join(register, room, name) for name in ("Ada", "Ben"))
    of_ada, of_ben = (door.workspace_of(door.visitor(one.token)) for one in (ada, ben))
    teacher = joining.enter_as_teacher(register, joining.set_pin(register), "here").person
    assert door.workspace_of(teacher).root == of_ada.server == of_ben.server
    assert {one.root for one in server_workspaces(of_ada)} == {of_ada.server, of_ada.root, of_ben.root}
    store, other = Store(of_ada), Store(of_ben)
    project = store.create_project("leaves", classes=["oak", "ash"])
    assert other.projects() == []
    with pytest.raises(DataError):
        other.project(project.id)
    (of_ada.runs / "a-run").mkdir()
    for reference in ("a-run", f"../../{of_ada.root.name}/runs/a-run", str(of_ada.runs / "a-run")):
        with pytest.raises(RunError):
            workspace_run(reference, of_ben)
    store.close()
    other.close()


def test_nobody_is_here_without_a_token(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    for token in ("", "guessed", "\udcff"):
        with pytest.raises(NotHere):
            door.visitor(token)
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "alone")
    assert door.visitor("") is None
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "everybody")
    with pytest.raises(PeopleError, match="Set it to alone"):
        door.visitor("")


def test_a_pupil_s_work_can_be_deleted_with_or_without_the_pupil(register: Register, server: Path) -> None:
    room = register.create_class("7b")
    ada, ben = (joining.join(register, room, name) for name in ("Ada", "Ben"))
    for one in (ada, ben):
        made = Store(door.workspace_of(one.person))
        made.create_project("leaves")
        made.close()
    assert overview(ada.person).projects == 1
    start_afresh(register, ada.person)
    again = door.visitor(ada.token)
    assert again is not None
    assert overview(again).projects == 0, "the same browser is in an empty workspace now"
    assert again.folder != ada.person.folder
    delete_person(register, again)
    with pytest.raises(NotHere):
        door.visitor(ada.token)
    assert [one.person.name for one in map(overview, register.people(room.id)) if one.projects] == ["Ben"]
    delete_class(register, room.id)
    assert register.classes() == []
    assert [path.name for path in (server / "people").iterdir()] == []


def test_background_work_ends_with_the_pupil(register: Register, server: Path) -> None:
    """A process that still reads the photos would make the folder of a deleted pupil anew."""
    ada = joining.join(register, register.create_class("7b"), "Ada").person
    folder = door.workspace_of(ada).root
    code = "from core.workspace import open_workspace as o\nimport time\no(); print(1, flush=True)\n"
    code += "while True: o(); time.sleep(0.01)"
    process = start_python(["-c", code], stdout=subprocess.PIPE, environment={"RESNET_STUDIO_HOME": str(folder)})
    assert process.stdout is not None
    assert process.stdout.readline() == b"1\n"
    delete_person(register, ada)
    process.wait(10)
    process.stdout.close()
    assert list((server / "people").iterdir()) == []


def test_a_deletion_that_was_broken_off_ends_at_the_next_start(register: Register, server: Path) -> None:
    left = server / "people" / ".deleted-1a2b" / "images"
    left.mkdir(parents=True)
    delete_leftovers(register)
    assert not left.parent.exists()


def test_the_teacher_cannot_be_deleted(register: Register) -> None:
    teacher = joining.enter_as_teacher(register, joining.set_pin(register), "here").person
    for delete in (start_afresh, delete_person):
        with pytest.raises(PeopleError, match="home page"):
            delete(register, teacher)


def test_a_register_of_a_newer_version_is_not_opened(register: Register, server: Path) -> None:
    import sqlite3

    with sqlite3.connect(server / "people.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(WorkspaceError, match="newer ResNet Studio"):
        Register(server)

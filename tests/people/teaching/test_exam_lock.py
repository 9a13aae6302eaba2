"""The rule of a class reaches every pupil's workspace, whenever it is made, and nobody else's."""

from core.people import door, joining, looking
from core.people.class_rules import change_rules
from core.people.register import Register
from core.people.removal import start_afresh
from core.runs.exams.locked import exam_locked
from core.workspace import Workspace, open_workspace


def test_the_lock_reaches_everyone_in_the_class_also_those_who_come_later(register: Register) -> None:
    room, other = register.create_class("7b"), register.create_class("7c")
    ada, cleo = joining.join(register, room, "Ada").person, joining.join(register, other, "Cleo").person
    at_work = door.workspace_of(ada)
    change_rules(register, room.id, exam_locked=True)
    ben = joining.join(register, room, "Ben").person
    assert exam_locked(at_work) and exam_locked(door.workspace_of(ben))
    assert not exam_locked(door.workspace_of(cleo)), "another class"
    assert not exam_locked(open_workspace()), "the teacher"
    start_afresh(register, ada)
    ada = register.person(ada.id)
    assert exam_locked(door.workspace_of(ada))
    change_rules(register, room.id, exam_locked=False)
    assert not exam_locked(door.workspace_of(ada)) and not exam_locked(door.workspace_of(ben))


def test_another_rule_changes_no_lock_and_the_teacher_looks_behind_it(register: Register) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada").person
    workspace = door.workspace_of(ada)
    (workspace.root / "studio.db").touch()
    change_rules(register, room.id, exam_locked=True)
    change_rules(register, room.id, sharing=False)
    assert exam_locked(workspace)
    (workspace.root / "studio.db").unlink()
    from core.data.store.store import Store

    Store(workspace).close()
    assert not exam_locked(looking.look_workspace(looking.take_look(ada)))


def test_a_pupil_without_a_folder_gets_one_with_the_lock(register: Register) -> None:
    room = register.create_class("7b")
    (ada,) = register.add_people(room.id, ["Ada"])
    change_rules(register, room.id, exam_locked=True)
    assert exam_locked(Workspace(door.folder_of(ada)))
    assert door.workspace_of(ada).runs.is_dir(), "the folder is completed when it is opened"

"""Which lesson somebody is at, and how far the class is as a whole."""

import time

from core.people import door, joining
from core.people.overview import Overview, overview
from core.people.records import Person
from core.people.register import Register
from core.people.teaching.class_progress import class_progress
from core.people.teaching.lesson_record import FILE, last_lesson, record_lesson


def test_the_last_lesson_is_kept_and_a_damaged_record_is_none(register: Register) -> None:
    ada = joining.join(register, register.create_class("7b"), "Ada").person
    workspace = door.workspace_of(ada)
    assert overview(ada).lesson == ""
    record_lesson(workspace, "skips")
    record_lesson(workspace, "transfer")
    assert overview(ada).lesson == "transfer", "before they have made anything"
    assert (workspace.root / FILE).read_text() == '{"lesson": "transfer"}', "nothing else is kept"
    for damaged in ("", "[1]", '{"lesson": 3}'):
        (workspace.root / FILE).write_text(damaged)
        assert last_lesson(workspace) == ""


def test_the_progress_of_a_class_is_sums_and_counts() -> None:
    def made(number: int, *, seen: float | None, **values: int | float | bool) -> Overview:
        return Overview(Person(number, f"P{number}", "pupil", 1, "f", joined=seen is not None, seen=seen), **values)  # type: ignore[arg-type]

    found = class_progress(
        [
            made(1, seen=time.time(), photos=10, labelled=4, runs=2, best=0.5, training=True),
            made(2, seen=time.time() - 3600, photos=3),
            made(3, seen=None),
        ]
    )
    assert (found.pupils, found.joined, found.here) == (3, 2, 1)
    assert (found.with_photos, found.with_labels, found.with_models) == (2, 1, 1)
    assert (found.photos, found.labelled, found.runs, found.training) == (13, 4, 2, 1)
    assert (found.groups, found.groups_with_models) == (0, 0)


def test_the_work_of_groups_counts_but_groups_are_no_pupils() -> None:
    def made(name: str, role: str, **values: int | float) -> Overview:
        return Overview(Person(1, name, role, 1, "f", joined=True, seen=None), **values)  # type: ignore[arg-type]

    found = class_progress(
        [made("Ada", "pupil", photos=10)],
        [made("Group 1", "group", photos=5, labelled=5, runs=1, best=0.9), made("Group 2", "group", waiting=1)],
    )
    assert (found.pupils, found.joined, found.with_photos, found.with_models) == (1, 1, 1, 0)
    assert (found.photos, found.labelled, found.runs, found.waiting) == (15, 5, 1, 1)
    assert (found.groups, found.groups_with_models) == (2, 1)

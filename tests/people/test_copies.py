"""Copies of projects and of whole workspaces: complete, and apart from what they were made of."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.project_copy import copy_project
from core.data.store.records import BoxRow
from core.data.store.store import Project, Store
from core.errors import DataError, PeopleError
from core.people import door, joining, looking
from core.people.hand_out import hand_out, without_copy
from core.people.register import Register
from core.runs.folder import list_runs
from core.workspace import open_workspace

LABELS = {"a.png": "oak", "b.png": "ash", "c.png": None}


def _project(store: Store) -> Project:
    project = store.create_project("Leaves", classes=["oak", "elm", "ash"])
    for seed, (name, label) in enumerate(LABELS.items()):
        pixels = np.random.default_rng(seed).integers(0, 255, (30, 40, 3), dtype=np.uint8)
        row, _ = store.add_image(project.id, Decoded(Image.fromarray(pixels), (), "PNG", False), b"", name)
        if label:
            store.annotate(project.id, [row.id], label, "teacher")
    rows = store.images(project.id)
    store.add_tag(project.id, [rows[0].id], "wet", "teacher")
    store.set_groups(project.id, {rows[0].id: "tree 1", rows[1].id: "tree 1"}, "teacher")
    store.assign_splits(project.id)
    return project


def _content(store: Store, name: str) -> object:
    project = store.find_project(name)
    assert project is not None
    rows = store.label_rows(project.id, sources=True)
    return project.task, [one.name for one in store.classes(project.id)], [
        (row.filename, row.label, row.split, row.group, row.tags) for row in rows
    ]  # fmt: skip


def test_a_copied_project_is_complete_and_apart(tmp_path: Path) -> None:
    source, target = (Store(open_workspace(tmp_path / name)) for name in ("a", "b"))
    other = target.create_project("Another", classes=["x"])
    project = _project(source)
    shares = list(copy_project(source, project.id, target))
    assert shares == sorted(shares)
    assert _content(target, "Leaves") == _content(source, "Leaves")
    copied = target.find_project("Leaves")
    assert copied is not None
    assert copied.id != other.id
    for row in target.images(copied.id):
        assert target.path_of(row).read_bytes() == source.path_of(row).read_bytes()
        assert target.thumbnail_path(row.hash).is_file()
    target.annotate(copied.id, [target.images(copied.id)[0].id], "elm", "pupil")
    assert _content(target, "Leaves") != _content(source, "Leaves")
    target.delete_project(copied.id)
    assert all(source.path_of(row).is_file() for row in source.images(project.id)), "a link went, not the photo"
    source.close()
    target.close()


def test_boxes_are_copied_with_their_classes(tmp_path: Path) -> None:
    source, target = (Store(open_workspace(tmp_path / name)) for name in ("a", "b"))
    project = source.create_project("Racks", "localization", ["cup", "jar"])
    pixels = np.zeros((50, 60, 3), np.uint8)
    row, _ = source.add_image(project.id, Decoded(Image.fromarray(pixels), (), "PNG", False), b"", "r.png")
    source.set_boxes(project.id, row.id, [BoxRow("jar", 1.0, 2.0, 30.0, 20.0)], "teacher")
    list(copy_project(source, project.id, target))
    (boxes,) = target.boxes(1).values()
    assert [(one.label, one.x, one.width) for one in boxes] == [("jar", 1.0, 30.0)]
    source.close()
    target.close()


def test_a_copy_with_a_lost_photo_or_a_taken_name_is_not_begun(tmp_path: Path) -> None:
    source, target = (Store(open_workspace(tmp_path / name)) for name in ("a", "b"))
    project = _project(source)
    source.path_of(source.images(project.id)[1]).unlink()
    with pytest.raises(DataError, match="is lost"):
        list(copy_project(source, project.id, target))
    assert target.projects() == []
    target.create_project("leaves", classes=["x"])
    with pytest.raises(DataError, match="already"):
        list(copy_project(source, project.id, target))
    source.close()
    target.close()


def test_everyone_gets_a_copy_and_nobody_two(register: Register, server: Path) -> None:
    room = register.create_class("7b")
    register.add_people(room.id, ["Ada", "Ben"])
    store = Store(open_workspace(server))
    project = _project(store)
    people = register.people(room.id)
    assert [step.done for step in hand_out(store, project.id, people)] == [0, 1, 2]
    for person in people:
        own = Store(door.workspace_of(person))
        assert _content(own, "Leaves") == _content(store, "Leaves")
        own.rename_project(1, "Mine") if person.name == "Ada" else None
        own.close()
    assert [one.name for one in without_copy(store, project.id, people)] == ["Ada"]
    store.close()


def test_looking_happens_in_a_copy(register: Register, server: Path) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada").person
    with pytest.raises(PeopleError, match="nothing yet"):
        looking.take_look(ada)
    theirs = Store(door.workspace_of(ada))
    project = _project(theirs)
    run = theirs.workspace.runs / "20261130-101010-first-a1b"
    (run / "best").mkdir(parents=True)
    (run / "best" / "model.safetensors").write_bytes(b"weights")
    (run / "metrics.jsonl").write_text("{}\n")
    (run / "status.json").write_text('{"state": "finished", "created": "2026-11-30T10:10:10Z"}')
    before = _content(theirs, "Leaves")
    look = looking.take_look(ada)
    workspace = looking.look_workspace(look)
    assert workspace.server == server
    copy = Store(workspace)
    assert _content(copy, "Leaves") == before
    assert [one.id for one in list_runs(workspace)] == [run.name]
    copy.annotate(project.id, [copy.images(project.id)[2].id], "elm", "teacher")
    with (workspace.runs / run.name / "metrics.jsonl").open("a") as file:
        file.write("more\n")
    copy.close()
    assert _content(theirs, "Leaves") == before
    assert (run / "metrics.jsonl").read_text() == "{}\n"
    theirs.annotate(project.id, [theirs.images(project.id)[2].id], "oak", "Ada")
    newer = Store(looking.look_workspace(looking.take_look(ada)))
    assert _content(newer, "Leaves") == _content(theirs, "Leaves")
    newer.close()
    theirs.close()
    looking.end_look(ada)
    with pytest.raises(PeopleError, match="This copy is gone"):
        looking.look_workspace(look)
    assert list((server / "looks").iterdir()) == []

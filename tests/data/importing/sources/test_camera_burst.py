"""Bursts of a camera: one class, one group, one undo; frames of one burst never lie in two splits."""

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.importing.sources.camera_burst import MOST_FRAMES, Burst, new_burst, remove_last, store_frames
from core.data.store.store import Project, Store
from core.errors import DataError
from core.workspace import open_workspace

NOON = datetime(2026, 11, 29, 12, 0, 5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(open_workspace(tmp_path / "workspace"))
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> Project:
    return store.create_project("Eyes", classes=["open", "closed"])


def frame(seed: int) -> bytes:
    """A frame of a burst: one picture with a little noise of its own."""
    base = np.random.default_rng(seed // 100).integers(0, 255, (12, 16, 3)).repeat(4, 0).repeat(4, 1)
    noise = np.random.default_rng(seed).integers(-6, 7, base.shape)
    stream = io.BytesIO()
    Image.fromarray(np.clip(base + noise, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def taken(store: Store, project: Project, label: str, seed: int, count: int = 6, who: str = "Ana") -> Burst:
    burst = new_burst(label, store.groups(project.id), NOON)
    for start in range(0, count, 3):
        some = [frame(seed + number) for number in range(start, min(start + 3, count))]
        burst = store_frames(store, project.id, burst, some, who)
    return burst


def test_a_burst_is_one_group_and_one_change_whose_undo_takes_the_photos_out(store: Store, project: Project) -> None:
    burst = taken(store, project, "closed", 0)
    rows = store.images(project.id)
    assert {row.label for row in rows} == {"closed"} and {row.group for row in rows} == {burst.group}
    assert [row.id for row in rows] == list(burst.ids) and len(rows) == 6
    assert rows[0].annotated_by == "Ana" and rows[0].width == 64
    [change] = store.history(project.id)
    assert change.text == "6 photos from the camera: closed"
    undone = store.undo(project.id)
    assert undone and undone.kept == 0 and store.count(project.id) == 0
    store.redo(project.id)
    again = store.images(project.id)
    assert [(row.label, row.group) for row in again] == [("closed", burst.group)] * 6


def test_frames_of_one_burst_never_lie_on_both_sides(store: Store, project: Project) -> None:
    for number in range(6):
        taken(store, project, ("open", "closed")[number % 2], 100 * number)
    store.assign_splits(project.id)
    sides: dict[str | None, set[str | None]] = {}
    for row in store.images(project.id):
        sides.setdefault(row.group, set()).add(row.split)
    assert len(sides) == 6 and all(len(splits) == 1 for splits in sides.values())
    for label in ("open", "closed"):
        there = {row.split for row in store.images(project.id) if row.label == label}
        assert there == {"train", "val", "test"}, "three bursts of each class are enough for all splits"


def test_the_last_frames_can_be_deleted_and_brought_back(store: Store, project: Project) -> None:
    burst = taken(store, project, "open", 0)
    fewer = remove_last(store, project.id, burst, 2, "Ana")
    assert fewer.ids == burst.ids[:4] and store.count(project.id) == 4
    assert remove_last(store, project.id, fewer, 99, "Ana").ids == () and store.count(project.id) == 0
    store.undo(project.id)
    store.undo(project.id)
    assert store.count(project.id) == 6
    store.undo(project.id)  # the burst itself
    assert store.count(project.id) == 0
    assert remove_last(store, project.id, burst, 1, "Ana").ids == burst.ids[:5]


def test_a_burst_goes_on_after_its_undo_as_a_change_of_its_own(store: Store, project: Project) -> None:
    burst = taken(store, project, "open", 0)
    store.undo(project.id)
    later = store_frames(store, project.id, burst, [frame(50)], "Ana")
    assert later.change != burst.change and store.count(project.id) == 1
    assert store.history(project.id)[0].text == "1 photo from the camera: open"


def test_known_and_broken_frames_are_counted_and_change_nothing(store: Store, project: Project) -> None:
    burst = taken(store, project, "open", 0, count=3)
    other = new_burst("closed", store.groups(project.id), NOON)
    other = store_frames(store, project.id, other, [frame(0), b"no picture", frame(300)], "Ben")
    assert (len(other.ids), other.known, other.refused) == (1, 1, 1)
    assert store.image(project.id, burst.ids[0]).label == "open"
    full = Burst("open", "full", ids=tuple(range(MOST_FRAMES)))
    assert store_frames(store, project.id, full, [frame(400)], "Ben") == full


def test_two_bursts_of_one_second_are_two_groups() -> None:
    first = new_burst("open", (), NOON)
    second = new_burst("open", [first.group.upper()], NOON)
    assert first.group == "camera open 2026-11-29 12:00:05" and second.group == f"{first.group} (2)"
    assert len(new_burst("x" * 200, (), NOON).group) < 120


def test_a_class_that_is_gone_is_said(store: Store, project: Project) -> None:
    with pytest.raises(DataError, match='no class "shut"'):
        store_frames(store, project.id, new_burst("shut", (), NOON), [frame(0)], "Ana")
    assert store.count(project.id) == 0

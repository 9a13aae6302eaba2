"""What is known of photos: boxes, tags and groups of a project now, of a snapshot alone, and sent to a worker."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from core.data.pictures.box import Box
from core.data.pictures.decoding import Decoded, content_hash
from core.data.snapshot import BOX_COLUMNS, BY_USER, COLUMNS, GROUP, SIZE_COLUMNS, Snapshot, snapshot_of_project
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.inspection.background.measure import measure_backgrounds
from core.inspection.background.photo_notes import BoxedPhoto, boxes_as_json, boxes_digest, notes_of, read_boxes
from core.inspection.background.variants import OTHER, SAME
from core.inspection.predicting.predictor import Predictor
from core.models.heads import Localizer
from core.models.zoo import ResNetConfig
from core.workspace import open_workspace
from tests.inspection.conftest import CLASSES, SMALL, lively, photo


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(open_workspace(tmp_path / "workspace"))
    yield opened
    opened.close()


def test_a_projects_boxes_tags_and_groups_are_those_of_now(store: Store) -> None:
    project = store.create_project("Birds", classes=["owl", "duck"])
    ids = []
    for number in range(4):
        row, _ = store.add_image(project.id, Decoded(photo(number), (), "PNG", False), b"", f"{number}.png")
        store.annotate(project.id, [row.id], ("owl", "duck")[number % 2], "Ada")
        ids.append(row.id)
    store.assign_splits(project.id)
    snapshot = snapshot_of_project(store, project.id)
    assert notes_of(snapshot, store, project.id) == notes_of(snapshot)
    store.set_boxes(project.id, ids[0], [BoxRow("owl", 1, 2, 30, 40), BoxRow("owl", 50, 2, 10, 10)], "Ada")
    store.add_tag(project.id, ids[:2], "snow", "Ada")
    found = notes_of(snapshot, store, project.id)
    first, second = (store.image(project.id, one).hash for one in ids[:2])
    assert found.boxes == {first: BoxedPhoto(96, 80, (Box(1, 2, 30, 40), Box(50, 2, 10, 10)))}
    assert found.tags == {first: ("snow",), second: ("snow",)} and found.groups == {}
    before = boxes_digest(found.boxes, [first, second])
    assert read_boxes(json.loads(json.dumps(boxes_as_json(found.boxes, [first])))) == found.boxes
    store.set_boxes(project.id, ids[0], [BoxRow("owl", 1, 2, 30, 41)], "Ada")
    assert boxes_digest(notes_of(snapshot, store, project.id).boxes, [first, second]) != before


@pytest.fixture
def boxed(tmp_path: Path) -> Snapshot:
    """Two validation photos of each class with a box each, the first two of one group."""
    rows = []
    for number in range(6):
        picture, path = photo(number), tmp_path / f"{number}.png"
        picture.save(path)
        box, size = (20.0, 10.0, 40.0, 50.0), (96.0, 80.0)
        group = "monday" if number < 2 else f"alone {number}"
        rows.append((content_hash(picture), str(path), path.name, CLASSES[number % 3], "val", *box, *size, group))
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *BOX_COLUMNS, *SIZE_COLUMNS, GROUP])
    return Snapshot(frame, CLASSES, "localization", 0, BY_USER)


def test_a_snapshot_alone_has_one_box_a_photo_and_the_groups_that_people_made(boxed: Snapshot) -> None:
    found = notes_of(boxed)
    assert set(found.boxes.values()) == {BoxedPhoto(96, 80, (Box(20, 10, 40, 50),))} and len(found.boxes) == 6
    assert sorted(found.groups.values()) == ["monday", "monday"]


def test_the_class_of_a_localization_is_tested_with_its_boxes(boxed: Snapshot) -> None:
    network = lively(Localizer(ResNetConfig("basic", (1, 1, 1, 1), width=8), len(CLASSES)))
    predictor = Predictor(network, SMALL, CLASSES, name="small", arch="resnet18")
    part = boxed.part("val")
    found = measure_backgrounds(predictor, part, "boxes", boxes=notes_of(boxed).boxes)
    assert len(found.photos) == 6 and not found.left_out
    assert all(SAME in one.answers and OTHER in one.answers for one in found.photos)
    # The box has 40 x 50 of 96 x 80 pixels; the view is the middle 64 of a photo with a short side of 72.
    assert found.photos[0].area == pytest.approx(40 * 50 * (72 / 80) ** 2 / 64**2, rel=0.05)
    assert measure_backgrounds(predictor, part, "hot").region == "hot"

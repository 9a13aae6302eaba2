"""Which photos a model learns from: one count for every page, which agrees with what a training accepts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.data.snapshot import check_trainable, snapshot_of_project
from core.data.store.boxes.learned_photos import with_more
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.errors import TooLittleData
from tests.data.builders import add, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def boxed_project(store: Store, photos: list[list[tuple[str, float]]], classes: list[str]) -> int:
    """A project of boxes; each photo's boxes as class and side."""
    project = store.create_project("Boxes", "localization", classes=classes).id
    for number, marked in enumerate(photos):
        image = add(store, project, number).id
        store.set_boxes(project, image, [BoxRow(label, 1, 1, side, side) for label, side in marked], "ann")
    return project


def test_of_several_boxes_the_largest_is_learned_and_the_numbers_add_up(store: Store) -> None:
    """784 boxes on 150 photos were imported without a word, and each page said something else about them."""
    photos = [[("person", 8.0), ("head", 2.0)]] * 3 + [[("person", 5.0), ("person", 4.0), ("head", 1.0)]] + [[]]
    counts = store.learned_photos(boxed_project(store, photos, ["person", "head"]))
    assert (counts.photos, counts.total, counts.several, counts.other_boxes) == (5, 4, 4, 5)
    assert counts.learned == {"person": 4, "head": 0} and counts.boxes == {"person": 5, "head": 4}
    assert counts.rule == (
        "9 boxes on 4 photos. The model learns one box per photo: the largest, because it is usually the main object. "
        "So it learns from 4 photos. The other 5 boxes are kept, but not learned."
    )
    assert counts.advice == (
        'Not enough to train yet: "head" is never the largest box of a photo (4 boxes). Draw boxes on the Annotate '
        "page until there are at least two photos of each class, or remove a class under Annotate, Classes."
    )
    assert counts.step == "label photos"
    snapshot = snapshot_of_project(store, store.projects()[0].id)
    assert snapshot.frame["width"].tolist() == [8, 8, 8, 5], "a run learns the same boxes"


def test_where_every_photo_has_a_box_the_next_step_is_to_add_photos(store: Store) -> None:
    counts = store.learned_photos(boxed_project(store, [[("cat", 3.0)]] * 3, ["cat"]))
    assert (counts.rule, counts.step) == ("", "add photos")
    assert counts.advice.startswith("Not enough to train yet: only one photo is in the training set. Add photos until")
    counts = store.learned_photos(boxed_project_named(store, [[("cat", 3.0)]] * 4))
    assert (counts.enough, counts.step) == (True, "train")
    assert counts.advice == "There are enough photos to train: 4 with a box."


def boxed_project_named(store: Store, photos: list[list[tuple[str, float]]]) -> int:
    project = store.create_project("More boxes", "localization", classes=["cat"]).id
    for number, marked in enumerate(photos, start=50):
        image = add(store, project, number).id
        store.set_boxes(project, image, [BoxRow(label, 1, 1, side, side) for label, side in marked], "ann")
    return project


def test_photos_of_an_import_count_like_those_of_the_project(store: Store) -> None:
    project = boxed_project(store, [[("cat", 3.0)]], ["cat"])
    more = [[("cat", 9.0), ("tail", 4.0)], [("cat", 9.0)], [("cat", 9.0)], []]
    counts = with_more(store.learned_photos(project), more)
    assert (counts.photos, counts.total, counts.several, counts.other_boxes) == (5, 4, 1, 1)
    assert counts.missing == ('"tail" is never the largest box of a photo (1 box)',)


@pytest.mark.parametrize("boxed", [False, True])
def test_enough_means_that_a_training_accepts_it(store: Store, boxed: bool) -> None:
    """Home counted classes with two photos, and Train wanted two of every class: they contradicted each other."""
    dice = np.random.default_rng(1 + boxed)
    seen = set()
    for number in range(14):
        names = ["a", "b", "c"][: int(dice.integers(1, 4))]
        project = store.create_project(f"P{number}", "localization" if boxed else "classification", classes=names).id
        splits = [None, "train", "val", "test"][: int(dice.integers(1, 5))]
        rows, boxes = [], {}
        for photo in range(int(dice.integers(0, 9))):
            image = add(store, project, 100 + photo).id
            label = str(dice.choice(names)) if dice.random() < 0.8 else None
            split = splits[int(dice.integers(len(splits)))]
            if boxed and label:
                boxes[image] = [BoxRow(label, 1, 1, 6, 6), BoxRow(str(dice.choice(names)), 1, 1, 2, 2)]
            elif label:
                rows.append((image, label, split))
            if boxed and split:
                rows.append((image, None, split))
        if rows or boxes:
            store.apply_labels(project, rows, "ann", "labels", boxes=boxes)
        try:
            check_trainable(snapshot_of_project(store, project))
            trainable = True
        except TooLittleData:
            trainable = False
        counts = store.learned_photos(project)
        assert counts.enough is trainable, (number, counts)
        assert counts.total == len(snapshot_of_project(store, project).frame)
        seen.add(trainable)
    assert seen == {True, False}

"""Boxes in the store: saved, undone, kept where others changed them, following their classes."""

import math
from pathlib import Path

import pytest

from core.data.store.records import BoxRow
from core.data.store.store import ImageFilter, Store
from core.data.tables.labels_csv import read_labels, write_labels
from core.errors import DataError
from tests.data.builders import add, open_store

WIDTH, HEIGHT = 16, 12  # of the test pictures


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def project_of(store: Store, images: int = 2) -> tuple[int, list[int]]:
    project = store.create_project("Animals", "localization", ["cat", "dog"])
    return project.id, [add(store, project.id, number).id for number in range(images)]


def shapes(store: Store, project_id: int, image_id: int) -> list[tuple[str, float, float, float, float]]:
    return [(box.label, box.x, box.y, box.width, box.height) for box in store.boxes(project_id, [image_id])[image_id]]


def test_boxes_come_back_as_they_were_given_with_who_and_when(store: Store) -> None:
    project, (image, other) = project_of(store)
    store.set_boxes(project, image, [BoxRow("cat", 0.5, 1, 3.25, 2), BoxRow("dog", 2, 2, 10, 8)], "ann")
    assert shapes(store, project, image) == [("cat", 0.5, 1, 3.25, 2), ("dog", 2, 2, 10, 8)]
    first = store.boxes(project, [image])[image][0]
    assert first.made_by == "ann" and first.made_at is not None and first.made_at.tzinfo is not None
    assert store.boxes(project, [other]) == {} and set(store.boxes(project)) == {image}


def test_the_image_has_the_class_of_its_largest_box(store: Store) -> None:
    project, (image, _) = project_of(store)
    store.set_boxes(project, image, [BoxRow("cat", 0, 0, 3, 3), BoxRow("dog", 2, 2, 10, 8)], "ann")
    assert store.image(project, image).label == "dog" and store.image(project, image).annotated_by == "ann"
    assert store.count(project, ImageFilter(boxless=True)) == 1
    store.set_boxes(project, image, [], "ann")
    assert store.image(project, image).label is None and store.count(project, ImageFilter(boxless=True)) == 2


def test_every_change_of_boxes_is_one_event_that_is_undone_and_done_again(store: Store) -> None:
    project, (image, _) = project_of(store)
    store.set_boxes(project, image, [BoxRow("cat", 0, 0, 3, 3)], "ann")
    store.set_boxes(project, image, [BoxRow("dog", 1, 1, 3, 3)], "ann")
    assert [change.text for change in store.history(project)] == ["photo 0.png: 1 box"] * 2
    assert store.changed_images(project, store.history(project)[0].id) == [image]
    undone = store.undo(project, "ann")
    assert undone is not None and undone.kept == 0
    assert shapes(store, project, image) == [("cat", 0, 0, 3, 3)] and store.image(project, image).label == "cat"
    store.undo(project, "ann")
    assert store.boxes(project) == {} and store.image(project, image).label is None
    store.redo(project, "ann")
    store.redo(project, "ann")
    assert shapes(store, project, image) == [("dog", 1, 1, 3, 3)]


def test_the_same_boxes_again_are_no_change_and_a_box_that_stays_keeps_its_author(store: Store) -> None:
    project, (image, _) = project_of(store)
    box = BoxRow("cat", 0, 0, 3, 3)
    store.set_boxes(project, image, [box], "ann")
    assert store.set_boxes(project, image, [box], "bob") == 0
    store.set_boxes(project, image, [box, BoxRow("dog", 1, 1, 2, 2)], "bob")
    assert [one.made_by for one in store.boxes(project)[image]] == ["ann", "bob"]


def test_undo_keeps_boxes_that_somebody_else_changed_since(store: Store) -> None:
    project, (image, _) = project_of(store)
    store.set_boxes(project, image, [BoxRow("cat", 0, 0, 3, 3)], "ann")
    store.set_boxes(project, image, [BoxRow("cat", 5, 5, 3, 3)], "bob")
    undone = store.undo(project, "ann")
    assert undone is not None and undone.kept == 1
    assert shapes(store, project, image) == [("cat", 5, 5, 3, 3)] and store.image(project, image).label == "cat"


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (BoxRow("cat", 1, 1, 0, 4), "no area"),
        (BoxRow("cat", 5, 5, -2, 4), "swapped"),
        (BoxRow("cat", math.nan, 1, 2, 4), "finite"),
        (BoxRow("cat", WIDTH, 1, 2, 4), "outside"),
        (BoxRow("cat", 1, -4, 2, 4), "outside"),
        (BoxRow("cat", 1, 1, 100_000, 4), "inside the image"),  # another unit, or another image's row
        (BoxRow("cow", 1, 1, 2, 4), "no class"),
    ],
)
def test_a_box_that_cannot_be_is_refused_with_the_reason_and_nothing_is_changed(
    store: Store, box: BoxRow, words: str
) -> None:
    project, (image, _) = project_of(store)
    with pytest.raises(DataError, match=words):
        store.set_boxes(project, image, [BoxRow("cat", 1, 1, 2, 2), box], "ann")
    assert store.boxes(project) == {} and store.history(project) == []


def test_a_box_that_reaches_out_of_the_image_is_never_clipped(store: Store) -> None:
    project, (image, _) = project_of(store)
    store.set_boxes(project, image, [BoxRow("cat", -2.5, 3, WIDTH + 9, 4)], "ann")
    assert shapes(store, project, image) == [("cat", -2.5, 3, WIDTH + 9, 4)]


def test_merging_and_removing_classes_takes_the_boxes_along_and_undo_brings_them_back(store: Store) -> None:
    project, (image, other) = project_of(store)
    both = [BoxRow("cat", 0, 0, 3, 3), BoxRow("dog", 2, 2, 10, 8)]
    store.set_boxes(project, image, both, "ann")
    store.set_boxes(project, other, [BoxRow("dog", 1, 1, 2, 2)], "ann")
    cat, dog = (info.id for info in store.classes(project))

    store.merge_classes(project, dog, cat, "ann")
    assert [box.label for box in store.boxes(project)[image]] == ["cat", "cat"]
    assert store.image(project, image).label == "cat"
    store.undo(project, "ann")
    assert shapes(store, project, image)[1][0] == "dog" and store.image(project, image).label == "dog"

    store.remove_class(project, dog, "ann")
    assert shapes(store, project, image) == [("cat", 0, 0, 3, 3)] and other not in store.boxes(project)
    assert store.image(project, image).label == "cat" and store.image(project, other).label is None
    store.undo(project, "ann")
    assert [box.label for box in store.boxes(project)[image]] == ["cat", "dog"]
    assert [store.image(project, one).label for one in (image, other)] == ["dog", "dog"]


def test_undoing_a_merge_after_the_boxes_were_changed_leaves_class_and_boxes_together(store: Store) -> None:
    project, (image, _) = project_of(store)
    store.set_boxes(project, image, [BoxRow("dog", 2, 2, 10, 8)], "ann")
    cat, dog = (info.id for info in store.classes(project))
    store.merge_classes(project, dog, cat, "ann")
    merged = store.history(project)[0].id
    store.set_boxes(project, image, [BoxRow("cat", 3, 3, 4, 4)], "bob")
    store.undo_one(project, merged)
    assert shapes(store, project, image) == [("cat", 3, 3, 4, 4)] and store.image(project, image).label == "cat"


def test_giving_a_class_gives_it_to_the_boxes_and_taking_it_away_takes_them(store: Store) -> None:
    project, (image, _) = project_of(store)
    store.set_boxes(project, image, [BoxRow("cat", 0, 0, 3, 3), BoxRow("dog", 2, 2, 10, 8)], "ann")
    store.annotate(project, [image], "cat", "ann")
    assert [box.label for box in store.boxes(project)[image]] == ["cat", "cat"]
    store.annotate(project, [image], None, "ann")
    assert store.boxes(project) == {}
    store.undo(project, "ann")
    store.undo(project, "ann")
    assert [box.label for box in store.boxes(project)[image]] == ["cat", "dog"]


def test_many_boxes_come_in_as_one_change_with_their_classes(store: Store) -> None:
    project, (image, other) = project_of(store)
    boxes = {image: [BoxRow("cow", 0, 0, 3, 3), BoxRow("dog", 2, 2, 10, 8)], other: [BoxRow("cow", 1, 1, 2, 2)]}
    store.apply_labels(project, [(image, None, "train"), (other, None, "test")], "ann", "boxes", boxes=boxes)
    assert [info.name for info in store.classes(project)] == ["cat", "dog", "cow"]
    assert [store.image(project, one).label for one in (image, other)] == ["dog", "cow"]
    assert [store.image(project, one).split for one in (image, other)] == ["train", "test"]
    store.undo(project, "ann")
    assert store.boxes(project) == {} and [info.name for info in store.classes(project)] == ["cat", "dog"]


def test_the_next_image_without_a_box(store: Store) -> None:
    project, (first, second, third) = project_of(store, 3)
    store.set_boxes(project, second, [BoxRow("cat", 0, 0, 3, 3)], "ann")
    following = store.next_boxless(project, first)
    assert following is not None and following.id == third
    assert store.next_boxless(project, third, skip={first, third}) is None


def test_a_deleted_project_takes_its_boxes_along(store: Store) -> None:
    project, (image, _) = project_of(store)
    store.set_boxes(project, image, [BoxRow("cat", 0, 0, 3, 3)], "ann")
    store.delete_project(project)
    assert store.projects() == []


def test_label_rows_hold_a_row_for_each_box(store: Store) -> None:
    project, (image, _) = project_of(store)
    store.set_boxes(project, image, [BoxRow("cat", 0.1, 0, 3, 3), BoxRow("dog", 2, 2, 10, 8)], "ann")
    text = write_labels(store.label_rows(project))
    assert text.splitlines() == [
        "filename,label,split,x,y,width,height",
        "photo 0.png,cat,,0.1,0,3,3",
        "photo 0.png,dog,,2,2,10,8",
        "photo 1.png,,,,,,",
    ]
    assert read_labels(text.encode()).rows

"""Photos whose names differ only in how accents are written: each means itself, and nothing else is guessed."""

from pathlib import Path

import pytest

from core.data.importing.formats.gathering.image_index import ImageIndex
from tests.data.importing.formats.small_sets import (
    Content,
    boxes,
    coco,
    image,
    labels,
    mark,
    photos,
    plan,
    problems,
    put,
    voc,
    voc_object,
)

ONE, TWO = "caf\u00e9", "cafe\u0301"  # in one character, and in two
BOTH = (f"{ONE}.png", f"{TWO}.png")


@pytest.mark.parametrize("folder", ["", "images/", "deep/er/"])
@pytest.mark.parametrize("near", ["labels.json", "annotations/labels.json"])
def test_each_name_means_the_photo_that_is_spelled_so(folder: str, near: str) -> None:
    index = ImageIndex([f"{folder}{name}" for name in BOTH])
    assert [index.find(name, near) for name in BOTH] == [f"{folder}{name}" for name in BOTH]
    assert [index.find(f"{folder}{name}", near) for name in BOTH] == [f"{folder}{name}" for name in BOTH]


def test_a_name_that_is_spelled_like_neither_is_unclear() -> None:
    index = ImageIndex([f"{ONE}{TWO}.png", f"{TWO}{ONE}.png"])
    name = f"{ONE}{ONE}.png"
    assert index.find(name, "labels.json") is None and "could be" in index.missing(name, "labels.json")


def test_one_photo_is_found_in_either_spelling() -> None:
    for there, name in (BOTH, BOTH[::-1]):
        assert ImageIndex([there]).find(name, "labels.json") == there


def test_a_name_of_the_other_spelling_does_not_take_a_photo_that_is_named_itself() -> None:
    index = ImageIndex([BOTH[0]])
    assert list(index.unclear(BOTH, "labels.json")) == [BOTH[1]]
    assert not index.unclear(BOTH[1:], "labels.json")


def test_boxes_of_both_photos_stay_apart(tmp_path: Path) -> None:
    """The first photo had the boxes of both."""
    content = coco([image(1, BOTH[0]), image(2, BOTH[1])], [mark(1, 1, 1, 1, 2, 10, 10), mark(2, 2, 2, 3, 4, 10, 10)])
    found = plan(put(tmp_path, photos(*BOTH), {"labels.json": content}))
    assert {name: [label for label, *_ in marks] for name, marks in boxes(found).items()} == {
        BOTH[0]: ["ant"],
        BOTH[1]: ["bee"],
    }
    assert not problems(found)


def test_files_of_labels_mean_the_photo_of_their_own_spelling(tmp_path: Path) -> None:
    files: Content = {
        "classes.txt": "ant\nbee\n",
        **{f"labels/{name}.txt": f"{number} 0.5 0.5 0.5 0.5\n" for number, name in enumerate((ONE, TWO))},
    }
    found = plan(put(tmp_path / "yolo", photos(*(f"images/{name}" for name in BOTH)), files))
    assert labels(found) == {BOTH[0]: "ant", BOTH[1]: "bee"} and not problems(found)
    xml: Content = {
        f"{name}.xml": voc(f"{name}.png", voc_object(label, 1, 2, 20, 30))
        for name, label in ((ONE, "ant"), (TWO, "bee"))
    }
    found = plan(put(tmp_path / "voc", photos(*BOTH), xml))
    assert labels(found) == {BOTH[0]: "ant", BOTH[1]: "bee"} and not problems(found)

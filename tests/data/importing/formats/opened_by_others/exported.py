"""A project of difficult names and classes, exported and unpacked, and what each photo must be in another tool."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.importing.formats.write_zip import write_zip
from core.data.store.records import BoxRow
from tests.data.builders import add, open_store

CLASSES = ("-1", "=x", "Ente ß", "猫", 'a, "b"', "010", "NA", "never used")


@dataclass(frozen=True)
class Photo:
    """A photo of the project; its boxes are in pixels of a picture of 16 x 12."""

    name: str
    label: str | None
    split: str | None = None
    boxes: tuple[tuple[str, float, float, float, float], ...] = ()


def boxed(name: str, split: str | None, *boxes: tuple[str, float, float, float, float]) -> Photo:
    return Photo(name, boxes[0][0] if boxes else None, split, boxes)


PHOTOS = (
    Photo("with space.jpg.png", "=x", "train"),
    Photo("Straße.png", "Ente ß", "train"),
    Photo("写真.png", "猫", "train"),
    Photo('a, b; "c".png', 'a, "b"', "val"),
    Photo("=cmd.png", "-1", "train"),
    Photo("-3.png", "-1", "val"),
    Photo("+1.png", "NA", "test"),
    Photo("@a'b.png", "010", "test"),
    Photo("'quoted'.png", "=x", "val"),
    Photo("sub folder/[1] 100%.png", "=x", "test"),
    Photo("none.png", None, "train"),
)
BOXED = (
    boxed("with space.jpg.png", "train", ("=x", 1.5, 2, 6.25, 4)),
    boxed("Straße.png", "train", ("Ente ß", 0, 0, 16, 12), ("=x", 3, 3, 2, 2)),
    boxed("写真.png", "train", ("猫", 8.125, 1, 3, 7.5)),
    boxed('a, b; "c".png', "val", ('a, "b"', 2, 2, 5, 5)),
    boxed("=cmd.png", "train", ("-1", 2, 1, 5, 5)),
    boxed("-3.png", "val", ("-1", 1, 2, 5, 5)),
    boxed("+1.png", "test", ("NA", 4, 2, 5, 5)),
    boxed("@a'b.png", "test", ("010", 2, 4, 5, 5)),
    boxed("none.png", "train"),
)


def export(folder: Path, kind: str, photos: Sequence[Photo], classes: Sequence[str] = CLASSES) -> Path:
    """Return the folder of an unpacked export of these photos."""
    store = open_store(folder)
    boxes = any(one.boxes for one in photos)
    project = store.create_project("Odd", "localization" if boxes else "classification", list(classes)).id
    rows, marks = [], {}
    for number, one in enumerate(photos):
        image = add(store, project, number, one.name).id
        rows.append((image, None if boxes else one.label, one.split))
        if one.boxes:
            marks[image] = [BoxRow(*box) for box in one.boxes]
    store.apply_labels(project, rows, "ann", "labels", boxes=marks)
    list(write_zip(store, project, kind, folder / "out.zip"))
    store.close()
    with zipfile.ZipFile(folder / "out.zip") as archive:
        archive.extractall(folder / "out")
    return folder / "out"


def safe(name: str) -> str:
    """A photo's path in a zip: some systems do not allow quotation marks."""
    return name.replace('"', "_")


def corners(box: tuple[str, float, float, float, float]) -> tuple[str, float, float, float, float]:
    label, x, y, width, height = box
    return label, x, y, x + width, y + height

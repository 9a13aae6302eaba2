"""Export, import and export again in every format, with a project of difficult names, classes and boxes."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.folder_layout import is_clutter, is_picture, plain_path
from core.data.importing.formats.class_folders import plan_folders as class_folders_of
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.manifest import FILE_NAME
from core.data.importing.formats.write_zip import (
    FORMATS,
    NOT_CARRIED,
    WITH_BOXES,
    WITHOUT_BOXES,
    not_carried,
    write_zip,
)
from core.data.importing.formats.zip_paths import with_zip_paths
from core.data.importing.plan_import import Candidate, Upload, plan_folder, plan_uploads, plan_zip, run_import
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.data.tables.csv_cells import neutralize
from core.data.tables.labels_csv import write_labels
from tests.data.builders import add, open_store

# What a format cannot say by its nature. Every other thing that the table of a project holds has to come back.
AUTHORS = "the annotator and time of each label"
COPIES = "copies of a photo under other names"
CLASS_ALONE = "the class of a photo that has no box"
LOST = {
    "coco": (CLASS_ALONE, COPIES, AUTHORS),
    "voc": (CLASS_ALONE, "digits of a box beyond a billionth of a pixel", COPIES, AUTHORS),
    "yolo": (CLASS_ALONE, "digits of a box beyond a millionth of a pixel", COPIES, AUTHORS),
    "hugging-face": (COPIES, AUTHORS),
    "label-studio": ("digits of a box beyond a billionth of a pixel", COPIES, AUTHORS),
    "cvat": ("digits of a box beyond a billionth of a pixel", COPIES, AUTHORS),
    "folders": (COPIES, AUTHORS),
    "csv": (AUTHORS,),
    "labels.csv": ("the order of the classes", "classes without photos", AUTHORS),
}
DIGITS = {"voc": 9, "yolo": 6, "label-studio": 9, "cvat": 9}

GROUPS = ("=Anna ß", "bo; cy", "h" * 64)
CLASSES = ["zebra", "=owl", "Ente ß", "never used", "train", "unlabelled", "a/b: c", "#background", "antelope"]
PHOTOS: list[tuple[str, str | None, str | None]] = [  # name, label, split
    ("Zoo ß/=cmd.png", "=owl", "train"),
    ("Zoo ß/1.png", "zebra", "test"),
    ("other/1.png", "zebra", "train"),
    ("1.png", "zebra", "train"),
    ("train/1.png", "zebra", None),
    ("train/in train.png", "Ente ß", "val"),
    ("test/in test.png", None, None),
    ("test/labelled.png", "train", None),
    ("train station/x.png", "antelope", None),
    (" lead.png", "train", "train"),
    ("=first.png", "#background", "val"),
    ("same.png", "a/b: c", "train"),
    ("same.jpg", "a/b: c", "test"),
    ("same.jpeg", "unlabelled", "train"),
    ("same.png.jpg", "unlabelled", None),
    ("images/y.png", "=owl", "train"),
    ("y.png", "zebra", "test"),
    ("images/train/z.png", "=owl", "val"),
    ("default/d.png", "antelope", None),
    ("zebra/1.png", "zebra", None),
    ("train/zebra/1.png", "zebra", "train"),
    ("unlabelled/x.png", None, "test"),
    ("back\\slash.png", "zebra", "train"),
    ("no suffix", "zebra", None),
    ("metadata.csv", None, None),
    (".hidden/h.png", "zebra", "train"),
    ("C:drive?.png", "antelope", "train"),
    ("two\nlines.png", "antelope", "train"),
    ("gru\u0308n.png", "=owl", "test"),
    ("no split, no label.png", None, None),
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def nasty(store: Store, task: str, splits: bool) -> int:
    """A project of PHOTOS. With boxes: one each, on some several, on one two that are equal."""
    project = store.create_project("Nasty", task, CLASSES).id
    rows, boxes = [], {}
    for number, (name, label, split) in enumerate(PHOTOS):
        image = add(store, project, number, name).id
        rows.append((image, None if task == "localization" else label, split if splits else None))
        if label is not None and task == "localization":
            boxes[image] = [BoxRow(label, 0.5 + number / 8, 1, 3.25, 2)]
            if number % 3 == 0:
                boxes[image] += [BoxRow("antelope", 0.1 + 0.2, 2, 4.7, 1 / 3), BoxRow("zebra", -1.25, 0, 16.1, 4.37)]
            if number % 4 == 1:
                boxes[image].append(boxes[image][0])
    store.apply_labels(project, rows, "ann", "labels", boxes=boxes)
    ids = [image for image, _, _ in rows]
    store.set_groups(project, {image: GROUPS[place % 3] for place, image in enumerate(ids) if place % 4}, "ann")
    store.add_tag(project, ids[::3], "-snow, ß", "ann")
    store.add_tag(project, ids[:9], "night", "ann")
    return project


def table(store: Store, project: int, kind: str = "") -> dict[str, object]:
    """All that an export has to bring back: of each name the picture, label, split, group, tags, boxes; the classes."""
    boxes, tags = store.boxes(project), store.tags_of(project)
    digits = DIGITS.get(kind, 15)
    content: dict[str, object] = {
        row.filename: (
            row.hash,
            row.label,
            row.split,
            row.group,
            tags.get(row.id),
            [
                (box.label, *(round(side, digits) for side in (box.x, box.y, box.width, box.height)))
                for box in boxes.get(row.id, [])
            ],
        )
        for row in store.images(project)
    }
    return {**content, "the classes": [info.name for info in store.classes(project)]}


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _content(one: Candidate) -> tuple[object, ...]:
    return one.name, one.label, one.split, one.group, one.tags, len(one.objects)


ALL = [("localization", kind) for kind in WITH_BOXES] + [("classification", kind) for kind in WITHOUT_BOXES]


@pytest.mark.parametrize("splits", [True, False], ids=["splits", "no splits"])
@pytest.mark.parametrize(("task", "kind"), ALL)
def test_out_and_in_and_out_again_loses_nothing(
    store: Store, tmp_path: Path, task: str, kind: str, splits: bool
) -> None:
    first = nasty(store, task, splits)
    there = table(store, first, kind)
    list(write_zip(store, first, kind, tmp_path / "first.zip"))
    plan = plan_zip(tmp_path / "first.zip", "first.zip")
    assert not plan.refused

    second = store.create_project("Again", task).id
    said = [result for result in run_import(plan, store, second, "bob") if result.kind != "taken"]
    assert {result.kind for result in said} <= {"remark"} and "named" not in " ".join(one.text for one in said)
    assert table(store, second, kind) == there
    list(write_zip(store, second, kind, tmp_path / "second.zip"))
    assert unpacked(tmp_path / "second.zip") == unpacked(tmp_path / "first.zip")

    # Into the project that it came from: nothing changes, and nothing stands in its history.
    rows, events = store.label_rows(first), store.history(first)
    assert {result.kind for result in run_import(plan, store, first, "bob")} == {"duplicate"}
    assert table(store, first, kind) == there
    assert store.label_rows(first) == rows and store.history(first) == events

    # Unpacked, in a folder that is called like a split, and as an upload: the same.
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        archive.extractall(tmp_path / "out" / "test photos")
    for again in (
        plan_folder(tmp_path / "out"),
        plan_uploads([Upload("first.zip", (tmp_path / "first.zip").open("rb"))]),
    ):
        assert not again.refused
        assert [_content(one) for one in again.candidates] == [_content(one) for one in plan.candidates]
        assert again.classes == plan.classes == tuple(CLASSES)


NAMES = st.text(
    st.sampled_from("aAß./\\ =-'(2):?\n") | st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    min_size=1,
)


@given(
    names=st.lists(NAMES, max_size=6, unique=True),
    split=st.sampled_from([None, "test"]),
    label=st.none() | NAMES.map(str.strip).filter(bool),
)
@settings(max_examples=200, deadline=None)
def test_whatever_photos_are_called_each_has_a_path_that_can_be_unpacked(
    names: list[str], split: str | None, label: str | None
) -> None:
    pictures = [ExportedImage(name, Path("x.png"), 16, 12, label, split, ()) for name in names]
    folders = class_folders_of(pictures, [label] if label else [])
    for kind, format in FORMATS.items():
        place = folders.place if kind == "folders" else format.place
        placed = with_zip_paths(pictures, format.label_file or place, in_table=format.in_table)
        paths = [place(one) for one in placed]
        assert len(set(paths)) == len(names)
        assert all(plain_path(path) == path and is_picture(path) and not is_clutter(path) for path in paths)
        assert kind != "csv" or all(neutralize(path) == path for path in paths)


def test_what_is_lost_is_said() -> None:
    assert NOT_CARRIED == LOST
    assert "the class of a photo that has no box" in not_carried("yolo")


@pytest.mark.parametrize("task", ["localization", "classification"])
@pytest.mark.parametrize("names", ["the project's", "the zip's"])
def test_a_table_beside_the_photos_of_a_zip_may_call_them_by_either_name(
    store: Store, tmp_path: Path, task: str, names: str
) -> None:
    first = nasty(store, task, splits=True)
    list(write_zip(store, first, "csv", tmp_path / "first.zip"))
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        archive.extractall(tmp_path / "out")
    table_of_zip = tmp_path / "out" / "labels.csv"
    table_of_page = write_labels(store.label_rows(first)).encode()
    plan = plan_folder(tmp_path / "out", table_of_page if names == "the project's" else table_of_zip)
    second = store.create_project("Again", task).id
    list(run_import(plan, store, second, "bob"))
    assert table(store, second) == table(store, first)


def test_two_equal_boxes_stay_two_in_labels_csv(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Boxes", "localization", ["owl"]).id
    image = add(store, project, 1, "a.png").id
    store.set_boxes(project, image, [BoxRow("owl", 1, 2, 3, 4)] * 2, "ann")
    list(write_zip(store, project, "csv", tmp_path / "x.zip"))
    plan = plan_zip(tmp_path / "x.zip", "x.zip")
    assert [str(one) for one in plan.problems] == ["line 3: a.png has the same box as in line 2; both are kept"]
    again = store.create_project("Again", "localization").id
    list(run_import(plan, store, again, "bob"))
    assert [len(boxes) for boxes in store.boxes(again).values()] == [2]


def test_the_zip_with_labels_csv_holds_copies_under_their_names(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Birds", classes=["owl"]).id
    image = add(store, project, 1, "a.png")
    add(store, project, 2, "b.png")
    for name in ("copy?.png", "folder/copy.png"):
        assert add(store, project, 1, name).id == image.id
    store.annotate(project, [image.id], "owl", "ann")
    list(write_zip(store, project, "csv", tmp_path / "x.zip"))
    assert {"a.png", "copy_.png", "folder/copy.png", "b.png"} < set(unpacked(tmp_path / "x.zip"))
    again = store.create_project("Again").id
    list(run_import(plan_zip(tmp_path / "x.zip", "x.zip"), store, again, "bob"))
    assert store.label_rows(again) == store.label_rows(project)


def class_folders(store: Store, tmp_path: Path) -> Path:
    """An export with class folders, unpacked."""
    project = store.create_project("Birds", classes=["owl", "duck"]).id
    for number, label in enumerate(["owl", "duck", None]):
        image = add(store, project, number, f"walk {number}/=1.png")
        if label:
            store.annotate(project, [image.id], label, "ann")
    list(write_zip(store, project, "folders", tmp_path / "x.zip"))
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        archive.extractall(tmp_path / "out")
    return tmp_path / "out"


def test_a_photo_moved_to_another_class_folder_gets_that_class(store: Store, tmp_path: Path) -> None:
    folder = class_folders(store, tmp_path)
    assert (folder / "unlabelled/walk 2/=1.png").is_file()
    (folder / "duck/walk 2").mkdir()
    (folder / "unlabelled/walk 2/=1.png").rename(folder / "duck/walk 2/=1.png")
    (folder / "swan").mkdir()
    (folder / "owl/walk 0/=1.png").rename(folder / "swan/new.png")
    plan = plan_folder(folder)
    assert {one.name: one.label for one in plan.candidates} == {
        "walk 1/=1.png": "duck",
        "walk 2/=1.png": "duck",
        "new.png": "swan",
    }
    assert plan.classes == ("owl", "duck", "swan") and not plan.problems


def test_a_class_folder_of_others_called_unlabelled_is_a_class(store: Store, tmp_path: Path) -> None:
    folder = class_folders(store, tmp_path)
    (folder / FILE_NAME).unlink()
    plan = plan_folder(folder)
    assert {one.name: one.label for one in plan.candidates} == {
        "duck/walk 1/=1.png": "duck",
        "owl/walk 0/=1.png": "owl",
        "unlabelled/walk 2/=1.png": "unlabelled",
    }


def test_a_side_file_that_is_not_ours_is_said_and_the_rest_is_read(store: Store, tmp_path: Path) -> None:
    folder = class_folders(store, tmp_path)
    for text in ("{", "[]", '{"version": 2}', '{"version": 1, "format": "folders", "task": "x"}'):
        (folder / FILE_NAME).write_text(text)
        plan = plan_folder(folder)
        assert [one.label for one in plan.candidates] == ["duck", "owl", "unlabelled"]
        assert "resnet-studio.json is not used, because ResNet Studio did not write it in this form" in str(
            plan.problems[0]
        )


def test_names_that_climb_out_of_a_side_file_are_not_taken(store: Store, tmp_path: Path) -> None:
    folder = class_folders(store, tmp_path)
    text = (folder / FILE_NAME).read_text()
    for name in ("../../x.png", "/x.png", "..\\\\x.png"):
        (folder / FILE_NAME).write_text(text.replace(': "walk 1/=1.png"', f': "{name}"'))
        assert "walk 1/=1.png" in [one.name for one in plan_folder(folder).candidates]
        assert text != (folder / FILE_NAME).read_text()


def test_what_another_tool_changed_holds(store: Store, tmp_path: Path) -> None:
    project = nasty(store, "localization", splits=True)
    list(write_zip(store, project, "voc", tmp_path / "x.zip"))
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        archive.extractall(tmp_path / "out")
    lists = tmp_path / "out/ImageSets/Main"
    (lists / "test.txt").write_text((lists / "test.txt").read_text() + "test/in test.png\n")
    (lists / "default.txt").unlink()
    xml = tmp_path / "out/Annotations/Zoo ß/1.xml"
    xml.write_text(xml.read_text().replace("zebra", "Zorse"))
    found = {one.name: one for one in plan_folder(tmp_path / "out").candidates}
    assert found["test/in test.png"].split == "test" and found["Zoo ß/1.png"].objects[0].label == "Zorse"


def test_a_project_of_boxes_without_a_box_yet_comes_back_as_one(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Boxes", "localization", ["owl", "duck"]).id
    add(store, project, 1)
    list(write_zip(store, project, "coco", tmp_path / "x.zip"))
    plan = plan_zip(tmp_path / "x.zip", "x.zip")
    assert plan.task == "localization"
    again = store.create_project("Again", plan.task).id
    list(run_import(plan, store, again, "bob"))
    assert [info.name for info in store.classes(again)] == ["owl", "duck"]
    assert [change.text for change in store.history(again)] == ["classes from x.zip"]

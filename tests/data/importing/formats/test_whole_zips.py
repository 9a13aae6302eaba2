"""Whole exports: every file can be unpacked on every system, and an import brings back the project's own names."""

import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.formats.voc import NOT_IN_XML
from core.data.importing.formats.write_zip import formats_of, renamed_in_zip, write_zip
from core.data.importing.plan_import import plan_zip
from core.data.store.records import BoxRow
from core.data.tables.names import class_key, search_key, tidy_name
from core.errors import DataError
from tests.data.builders import add, open_store
from tests.data.importing.formats.test_zip_paths import is_safe

PARTS = st.sampled_from(
    [
        *("a", "A", "\u00e4", "a\u0308", "\u00c4", "\u1e9e", "ss", "CON", "con", "nul", "COM1", "dot.", "...", " lead"),
        *(
            "=x",
            "-1",
            "+1",
            "@a",
            "'=x",
            "'",
            "train",
            "test",
            "labels",
            "images",
            "metadata",
            "annotations",
            "classes",
        ),
        *(
            "\u5199\u771f" * 60,
            "y" * 300,
            "a:b",
            "a|b?",
            "a\\b",
            "a\nb",
            "%20",
            "~",
            "a (2)",
            "labels.csv",
            "data.yaml",
        ),
    ]
)
SUFFIXES = st.sampled_from([".png", ".PNG", ".jpg", ".jpeg", "", ".txt", ".xml", ".csv"])
NAMES = st.builds(lambda parts, suffix: "/".join(parts) + suffix, st.lists(PARTS, min_size=1, max_size=3), SUFFIXES)
WORDS = st.one_of(PARTS, st.text(max_size=12))


def usable(word: str) -> str | None:
    """A word as the name of a class, where it can be one and XML can hold it."""
    try:
        name = tidy_name(word, "class")
    except DataError:
        return None
    return None if NOT_IN_XML.search(name) else name


CLASSES = st.lists(WORDS.map(usable).filter(bool), min_size=1, max_size=4, unique_by=lambda name: class_key(name or ""))


@pytest.mark.parametrize("task", ["classification", "localization"])
@given(
    names=st.lists(NAMES, min_size=4, max_size=10, unique=True),
    classes=CLASSES,
    splits=st.lists(st.sampled_from([None, "train", "val", "test"]), min_size=10, max_size=10),
)
@settings(max_examples=4, deadline=None)
def test_names_are_safe_and_different_on_every_system_and_come_back(
    task: str, names: list[str], classes: list[str], splits: list[str | None]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        project = store.create_project("Odd", task, classes).id
        rows, boxes = [], {}
        for number, name in enumerate(names):
            image = add(store, project, number, name).id
            label = [*classes, None][number % (len(classes) + 1)]
            rows.append((image, label if task == "classification" else None, splits[number]))
            if label is not None and task == "localization":
                boxes[image] = [BoxRow(label, 1, 2, 3.5, 4)]
        store.apply_labels(project, rows, "ann", "labels", boxes=boxes)
        wanted = {row.filename: (row.label, row.split) for row in store.images(project)}
        for kind in formats_of(task):
            path = Path(folder) / f"{kind}.zip"
            list(write_zip(store, project, kind, path))
            with zipfile.ZipFile(path) as archive:
                files = archive.namelist()
            assert all(map(is_safe, files)), (kind, files)
            keys = {search_key(file) for file in files}
            assert len(keys) == len(files), (kind, files)
            above = {key.rsplit("/", depth)[0] for key in keys for depth in range(1, key.count("/") + 1)}
            assert not keys & above, (kind, "no file has the name of a folder")
            plan = plan_zip(path, path.name)
            found = {one.name: (one.label, one.split) for one in plan.candidates}
            assert found == wanted and not plan.refused and not plan.questions, (kind, plan.problems)
            assert plan.classes == tuple(classes)
            renamed = renamed_in_zip(store, project, kind)
            assert renamed.photos.keys() <= wanted.keys() and set(renamed.photos.values()) <= set(files)
        store.close()


def test_a_photo_called_classes_keeps_its_box_in_yolo(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Odd", "localization", ["owl"]).id
    for number, name in enumerate(["classes.png", "sub/Labels.png"]):
        store.set_boxes(project, add(store, project, number, name).id, [BoxRow("owl", 1, 2, 3, 4)], "ann")
    list(write_zip(store, project, "yolo", tmp_path / "x.zip"))
    assert {one.name: one.label for one in plan_zip(tmp_path / "x.zip", "x.zip").candidates} == {
        "classes.png": "owl",
        "sub/Labels.png": "owl",
    }
    assert renamed_in_zip(store, project, "yolo").photos == {
        "classes.png": "images/classes (2).png",
        "sub/Labels.png": "images/sub/Labels (2).png",
    }

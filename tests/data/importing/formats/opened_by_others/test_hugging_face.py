"""Hugging Face: load_dataset("imagefolder") finds the photos, classes, boxes and splits that were exported."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.data.importing.formats.opened_by_others.exported import BOXED, CLASSES, PHOTOS, Photo, boxed, export, safe

SPLITS = {"train": "train", "val": "validation", "test": "test"}


def unsplit(photos: Sequence[Photo]) -> list[Photo]:
    return [replace(one, split=None) for one in photos]


PLAIN = tuple(Photo(f"{number}.png", ("-1", "=x", "owl")[number % 3], "train") for number in range(6))
SETS: dict[str, tuple[Sequence[Photo], Sequence[str]]] = {
    "classes": (PHOTOS, CLASSES),
    "classes without splits": (unsplit(PHOTOS), CLASSES),
    "classes that a CSV keeps": (PLAIN, ("-1", "=x", "owl")),
    "numbers as classes": ([replace(one, label="-1") for one in PLAIN], ("-1",)),
    "a split without labels": ([*PLAIN, Photo("t.png", None, "test")], ("-1", "=x", "owl")),
    "boxes": (BOXED, CLASSES),
    "boxes without splits": (unsplit(BOXED), CLASSES),
    "a split without boxes": ([*BOXED[:3], boxed("t.png", "test")], CLASSES),
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, Any]]]:
    """The folder of each set, and what the library finds in it, without a network."""
    base = tmp_path_factory.mktemp("sets")
    folders = {}
    for number, (name, (photos, classes)) in enumerate(SETS.items()):
        (base / str(number)).mkdir()
        folders[name] = export(base / str(number), "hugging-face", photos, classes)
    settings = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    script = Path(__file__).with_name("load_with_datasets.py")
    done = subprocess.run(
        [sys.executable, str(script), *map(str, folders.values())],
        env={**os.environ, **settings, "HF_HOME": str(base / "home"), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(folders, zip(folders.values(), json.loads(done.stdout), strict=True), strict=True))


@pytest.mark.parametrize("name", SETS)
def test_photos_classes_boxes_and_splits_are_those_of_the_project(
    exports: dict[str, tuple[Path, dict[str, Any]]], name: str
) -> None:
    photos, _ = SETS[name]
    _, found = exports[name]
    assert "error" not in found, found["error"]
    rows = {row["file"]: (split, row) for split, some in found.items() for row in some}
    wanted = {}
    for one in photos:
        split = SPLITS.get(one.split or "")
        wanted[f"{split}/{safe(one.name)}" if split else safe(one.name)] = split or "train"  # the library's own default
    assert {file: split for file, (split, _) in rows.items()} == wanted
    for one in photos:
        split = SPLITS.get(one.split or "")
        row = rows[f"{split}/{safe(one.name)}" if split else safe(one.name)][1]
        assert (row["label"] or None) == one.label and row["size"] == [16, 12]
        if any(each.boxes for each in photos):
            objects = row["objects"] if isinstance(row["objects"], dict) else json.loads(row["objects"])
            assert objects["bbox"] == [list(box[1:]) for box in one.boxes]
            assert objects["categories"] == [box[0] for box in one.boxes]
            assert objects["area"] == [box[3] * box[4] for box in one.boxes]


def test_boxes_are_lists_and_classes_are_text(exports: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    assert all(isinstance(row["objects"], dict) for row in exports["boxes"][1]["train"])
    assert {row["label"] for row in exports["numbers as classes"][1]["train"]} == {"-1"}


def test_the_table_is_a_csv_where_a_csv_is_exact(exports: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    names = {name: {path.name for path in folder.rglob("metadata.*")} for name, (folder, _) in exports.items()}
    assert names.pop("classes that a CSV keeps") == {"metadata.csv"}
    assert set().union(*names.values()) == {"metadata.jsonl"}
    text = (exports["classes that a CSV keeps"][0] / "train/metadata.csv").read_text()
    assert text.splitlines()[:3] == ["file_name,label", "0.png,-1", "1.png,=x"]

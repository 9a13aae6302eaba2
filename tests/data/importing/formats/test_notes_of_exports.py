"""Files that tools write for people beside the labels are not reported as unused."""

import json
from pathlib import Path

import pytest

from tests.data.importing.formats.small_sets import (
    Content,
    coco,
    image,
    mark,
    photos,
    plan,
    problems,
    put,
    voc,
    voc_object,
)

NOTES = {"README.dataset.txt": "Birds\nhttps://example.org", "README.roboflow.txt": "1 2 3\nExported in 2026\n"}
SETS: dict[str, Content] = {
    "COCO": {
        **photos("train/a.png"),
        "train/_annotations.coco.json": coco([image(0, "a.png")], [mark(0, 0, 1, 1, 2, 3, 4)]),
    },
    "VOC": {**photos("train/a.png"), "train/a.xml": voc("a.png", voc_object("ant", 1, 2, 4, 6))},
    "YOLO": {
        **photos("train/images/a.png"),
        "train/labels/a.txt": "0 0.5 0.5 0.25 0.25\n",
        "data.yaml": "train: train/images\nnames: [ant]\n",
    },
    "class folders": photos("ant/a.png", "bee/b.png"),
}


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("folder", ["", "train/"])
def test_notes_of_an_export_are_not_reported(tmp_path: Path, kind: str, folder: str) -> None:
    before = plan(put(tmp_path / "before", SETS[kind]))
    after = plan(put(tmp_path / "after", SETS[kind], {f"{folder}{name}": text for name, text in NOTES.items()}))
    assert after.refused == before.refused == ()
    assert problems(after) == problems(before) == [] and after.questions == before.questions
    assert [(one.name, one.label, one.objects) for one in after.candidates] == [
        (one.name, one.label, one.objects) for one in before.candidates
    ]


def test_other_files_are_reported_as_before(tmp_path: Path) -> None:
    others = {"README.md": "Mine", "README.dataset.json": json.dumps({}), "missing-photos.txt": "b.png\n"}
    found = plan(put(tmp_path, SETS["VOC"], others))
    assert {one.name for one in found.refused} == set(others)
    (missing,) = [str(one) for one in found.refused if one.name == "missing-photos.txt"]
    assert "it lists the photos that were missing when this zip was made" in missing

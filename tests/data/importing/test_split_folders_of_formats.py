"""Labels of other tools beside photos of one name in several folders, and the splits that these folders say."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from core.data.importing.plan_import import Upload, plan_uploads
from tests.data.importing.formats.csv_styles.tables import Files, labels, photo, photos, planned, problems, remarks


def coco(*names: str, label: str = "cat") -> str:
    """One box in each photo."""
    box = {"category_id": 1, "bbox": [1, 2, 10, 10], "area": 100, "iscrowd": 0}
    return json.dumps(
        {
            "images": [{"id": n, "file_name": name, "width": 40, "height": 20} for n, name in enumerate(names)],
            "annotations": [{"id": n, "image_id": n, **box} for n in range(len(names))],
            "categories": [{"id": 1, "name": label}],
        }
    )


def tasks(name: str, label: str) -> str:
    """A task of Label Studio about an uploaded photo."""
    result = [{"type": "choices", "value": {"choices": [label]}}]
    return json.dumps([{"data": {"image": f"/data/upload/{name}"}, "annotations": [{"result": result}]}])


TWO = ("train/1.png", "test/1.png")
PAIRS: dict[str, Files] = {
    "COCO": {
        "annotations/instances_train.json": coco("1.png"),
        "annotations/instances_test.json": coco("1.png", label="dog"),
    },
    "COCO with years": {"train2017.json": coco("1.png"), "test2017.json": coco("1.png", label="dog")},
    "COCO beside": {
        "train/_annotations.coco.json": coco("1.png"),
        "test/_annotations.coco.json": coco("1.png", label="dog"),
    },
    "Label Studio": {"train.json": tasks("1.png", "cat"), "test.json": tasks("1.png", "dog")},
    "Hugging Face": {
        f"{split}/metadata.csv": f"file_name,label\n1.png,{label}\n"
        for split, label in (("train", "cat"), ("test", "dog"))
    },
}


@pytest.mark.parametrize("kind", PAIRS)
def test_labels_of_a_split_are_those_of_the_photos_in_its_folder(tmp_path: Path, kind: str) -> None:
    plan = planned(tmp_path, {**photos(*TWO), **PAIRS[kind]})
    assert labels(plan) == {"train/1.png": ("cat", "train"), "test/1.png": ("dog", "test")}
    assert not problems(plan) and not plan.questions


def test_labels_whose_name_says_no_split_are_a_problem_and_match_neither(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos(*TWO), "annotations/all.json": coco("1.png")})
    assert {label for label, _ in labels(plan).values()} == {None}
    assert len(problems(plan)) == 1 and "1.png could be test/1.png, train/1.png" in problems(plan)[0]


@pytest.mark.parametrize("folders", [("train", "test"), ("seg_train", "seg_test"), ("images/train", "images/val")])
def test_folders_say_the_splits_as_they_do_beside_a_table(tmp_path: Path, folders: tuple[str, str]) -> None:
    names = [f"{folder}/{number}.png" for number, folder in enumerate(folders)]
    table = "filename,label\n" + "".join(f"{name},cat\n" for name in names)
    by_table = planned(tmp_path / "table", {**photos(*names), "labels.csv": table})
    by_coco = planned(tmp_path / "coco", {**photos(*names), "all.json": coco(*names)})
    splits = {name.rpartition("/")[2]: split for name, (_, split) in labels(by_table).items()}
    assert {name.rpartition("/")[2]: split for name, (_, split) in labels(by_coco).items()} == splits
    assert None not in splits.values() and len({*splits.values()}) == 2
    assert "the splits of 2 photos are those of their folders" in remarks(by_coco)


def uploads(**tables: str) -> list[Upload]:
    """Two zips with photos of the same names, and tables beside them."""
    found = []
    for place, name in enumerate(("train.zip", "test.zip")):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for number in (1, 2):
                archive.writestr(f"{number}.png", photo(10 * place + number))
        found.append(Upload(name, data))
    return found + [Upload(name.replace("_", "."), io.BytesIO(text.encode())) for name, text in tables.items()]


def test_a_table_beside_two_zips_with_the_same_names_says_nothing_about_either() -> None:
    """It labelled the photos of the first zip."""
    plan = plan_uploads(uploads(labels_csv="filename,label\n1.png,cat\n2.png,dog\n"))
    assert {label for label, _ in labels(plan).values()} == {None}
    assert "line 2: 1.png could be test/1.png, train/1.png; write the path in the table" in problems(plan)
    plan = plan_uploads(uploads(all_json=coco("1.png")))
    assert {label for label, _ in labels(plan).values()} == {None}


def test_a_table_for_each_of_two_zips_is_about_its_photos() -> None:
    tables = {
        "train_csv": "filename,label\n1.png,cat\n2.png,dog\n",
        "test_csv": "filename,label\n1.png,fox\n2.png,owl\n",
    }
    plan = plan_uploads(uploads(**tables), answers={"which-table": "all"})
    assert labels(plan) == {
        "train/1.png": ("cat", "train"),
        "train/2.png": ("dog", "train"),
        "test/1.png": ("fox", "test"),
        "test/2.png": ("owl", "test"),
    }
    assert not problems(plan)
    plan = plan_uploads(uploads(labels_csv="filename,label\ntrain/1.png,cat\ntest/1.png,fox\n"))
    assert labels(plan)["train/1.png"][0] == "cat" and labels(plan)["test/1.png"][0] == "fox"

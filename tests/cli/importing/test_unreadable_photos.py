"""Photos with a label that cannot be read: named with the reason and the row, and nothing is imported without --yes."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Core
from tests.data.importing.formats.csv_styles.tables import Files, photo, photos

CUT_HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
BAD = {
    "text": (b"this is no photo\n", "it is a text file, not an image"),
    "cut HEIC": (CUT_HEIC, "HEIC photo"),
    "cut PNG": (photo()[:300], "it is cut off"),
    "empty": (b"", "the file is empty"),
}
BOX = '{"id": 1, "image_id": %d, "category_id": 1, "bbox": [1, 2, 10, 10], "area": 100, "iscrowd": 0}'
COCO = json.dumps(
    {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 20} for n in (1, 2)],
        "annotations": [json.loads(BOX % n) | {"id": n} for n in (1, 2)],
        "categories": [{"id": 1, "name": "cat"}],
    }
)
VOC = (
    "<annotation><filename>{0}.png</filename><size><width>40</width><height>20</height><depth>3</depth></size><object>"
    "<name>cat</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>12</xmax><ymax>13</ymax></bndbox></object></annotation>"
)
TASKS = json.dumps(
    [
        {
            "data": {"image": f"/data/upload/{n}.png"},
            "annotations": [
                {"result": [{"from_name": "c", "to_name": "image", "type": "choices", "value": {"choices": ["cat"]}}]}
            ],
        }
        for n in (1, 2)
    ]
)
SETS: dict[str, Files] = {
    "table": {"labels.csv": "filename,label\n1.png,cat\n2.png,cat\n"},
    "COCO": {"coco.json": COCO},
    "VOC": {f"{n}.xml": VOC.format(n) for n in (1, 2)},
    "YOLO": {**{f"{n}.txt": "0 0.5 0.5 0.2 0.2\n" for n in (1, 2)}, "classes.txt": "cat\n"},
    "Hugging Face": {"metadata.csv": "file_name,label\n1.png,cat\n2.png,cat\n"},
    "Label Studio": {"tasks.json": TASKS},
}


def written(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def has_no_project(here: Core, name: str, tmp_path: Path) -> bool:
    return f'no project "{name}"' in here("labels", "--project", name, "--out", tmp_path / "a.zip").stderr


@pytest.mark.parametrize("kind", SETS)
def test_a_labelled_photo_that_cannot_be_read_is_a_problem_in_every_format(
    here: Core, tmp_path: Path, kind: str
) -> None:
    folder = written(tmp_path / "set", {**photos("1.png", "2.png"), **SETS[kind], "2.png": BAD["text"][0]})
    name = f"Lost photos of {kind}"
    done = here("import", folder, "--project", name)
    assert done.returncode == 2
    [said] = [line for line in done.stderr.splitlines() if "2.png" in line and "cannot be imported" in line]
    assert said.endswith("2.png cannot be imported: it is a text file, not an image")
    assert said.startswith("line 3: ") == (kind == "table")
    assert "Nothing was imported, because of " in done.stderr
    assert has_no_project(here, name, tmp_path)
    done = here("import", folder, "--project", name, "--yes")
    assert done.returncode == 0 and "1  imported" in done.stdout
    lost = "2.txt: the size of 2.png cannot be read, so its boxes are skipped"  # YOLO's boxes are shares of the photo
    said = 'it is a text file, not an image; its label "cat" is not used'
    assert (lost if kind == "YOLO" else said) in done.stderr


@pytest.mark.parametrize("kind", BAD)
def test_every_kind_of_file_that_is_no_photo_is_said_with_its_row(here: Core, tmp_path: Path, kind: str) -> None:
    content, reason = BAD[kind]
    names = {"cut HEIC": "2.HEIC"}
    bad = names.get(kind, "2.png")
    folder = written(
        tmp_path / "set", {"1.png": photo(), bad: content, "labels.csv": f"filename,label\n1.png,cat\n{bad},owl\n"}
    )
    done = here("import", folder / "labels.csv", "--project", f"Lost: {kind}", "--json")
    assert done.returncode == 2
    [problem] = [one for one in json.loads(done.stdout)["problems"] if not one["harmless"]]
    assert (
        problem["line"] == 3 and problem["text"].startswith(f"{bad} cannot be imported: ") and reason in problem["text"]
    )
    done = here("import", folder / "labels.csv", "--project", f"Lost: {kind}", "--dry-run")
    assert done.returncode == 0 and f"line 3: {bad} cannot be imported" in done.stderr


def test_a_photo_of_a_class_folder_that_cannot_be_read_is_a_problem_too(here: Core, tmp_path: Path) -> None:
    folder = written(tmp_path / "set", {**photos("owl/1.png", "duck/2.png"), "owl/3.png": b"text"})
    done = here("import", folder, "--project", "Lost in a class folder")
    assert done.returncode == 2 and "owl/3.png cannot be imported: it is a text file" in done.stderr
    assert has_no_project(here, "Lost in a class folder", tmp_path)


def test_every_lost_photo_is_named(here: Core, tmp_path: Path) -> None:
    bad = {f"owl/bad{number}.png": b"text" for number in range(30)}
    done = here("import", written(tmp_path / "set", {**photos("owl/1.png", "duck/2.png"), **bad}), "--project", "Many")
    assert done.returncode == 2 and all(name in done.stderr for name in bad)


def test_the_line_of_a_lost_photo_is_that_of_its_own_table(here: Core, tmp_path: Path) -> None:
    table = "filename,label\n1.png,cat\n2.png,owl\n"
    files: Files = {**photos("a/1.png", "a/2.png", "b/1.png"), "b/2.png": b"text", "a/x.csv": table, "b/x.csv": table}
    done = here("import", written(tmp_path / "set", files), "--project", "Two tables")
    assert done.returncode == 2 and "b/x.csv, line 3: b/2.png cannot be imported" in done.stderr


def test_a_photo_that_the_project_has_is_not_decoded_again(here: Core, labels: Path, tmp_path: Path) -> None:
    shutil.copytree(labels.parent / "images", tmp_path / "images")
    table = tmp_path / "labels.csv"
    table.write_text("filename,label\nred_0.png,red\nred_1.png,red\n")
    words = ["import", table, "--images", tmp_path / "images", "--project", "Twice", "--yes"]
    assert here(*words).returncode == 0
    (tmp_path / "images" / "red_1.png").write_bytes(b"text")
    done = here(*words[:-1])
    assert done.returncode == 2 and "line 3: red_1.png cannot be imported" in done.stderr


def test_equal_files_with_different_labels_are_a_problem(here: Core, tmp_path: Path) -> None:
    table = "filename,label\n1.png,cat\n2.png,dog\n3.png,dog\n"
    files: Files = {**photos("1.png", "2.png"), "3.png": photo(0), "labels.csv": table}
    folder = written(tmp_path / "set", files)
    done = here("import", folder, "--project", "Contradicted")
    assert done.returncode == 2 and has_no_project(here, "Contradicted", tmp_path)
    assert "line 4: 1.png and 3.png are the same photo, and the labels differ (cat, dog), so neither" in done.stderr
    assert here("import", folder, "--project", "Contradicted", "--yes").returncode == 0
    (folder / "labels.csv").write_text(table.replace("3.png,dog", "3.png,cat"))
    assert here("import", folder, "--project", "Agreed").returncode == 0

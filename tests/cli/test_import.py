import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.data.importing.import_progress import ImportClaim
from tests.cli.conftest import Core
from tests.runs.photos import write_packed


def test_a_table_is_imported_into_a_new_project(here: Core, labels: Path) -> None:
    done = here("import", labels, "--images", labels.parent / "images", "--project", "Squares", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["project"] == "Squares"
    assert answer["counts"] == {"taken": 16, "remark": 0, "copy": 0, "duplicate": 0, "refused": 0}

    again = here("import", labels, "--images", labels.parent / "images", "--project", "Squares", "--json")
    assert json.loads(again.stdout)["counts"]["duplicate"] == 16


def test_class_folders_and_zips_of_them_are_imported(here: Core, labels: Path, tmp_path: Path) -> None:
    folder = tmp_path / "classes"
    for name in ("red", "green"):
        (folder / name).mkdir(parents=True)
        shutil.copy(labels.parent / "images" / f"{name}_0.png", folder / name)
    done = here("import", folder, "--project", "Folders")
    assert done.returncode == 0, done.stderr
    assert "2  imported" in done.stdout
    archive = shutil.make_archive(str(tmp_path / "zipped"), "zip", folder)
    done = here("import", archive, "--project", "Zipped")
    assert done.returncode == 0, done.stderr
    assert "2  imported" in done.stdout


def test_a_readme_beside_the_photos_is_named_and_no_problem(here: Core, labels: Path, tmp_path: Path) -> None:
    folder = tmp_path / "classes"
    for name in ("red", "green"):
        (folder / name).mkdir(parents=True)
        shutil.copy(labels.parent / "images" / f"{name}_0.png", folder / name)
    (folder / "README.md").write_text("Squares from the first lesson.")
    done = here("import", folder, "--project", "Readme")
    assert done.returncode == 0, done.stderr
    assert "README.md" in done.stderr and "2  imported" in done.stdout
    (folder / "red" / "red_1.png").write_bytes(b"no picture")
    done = here("import", folder, "--project", "Readme")
    assert done.returncode == 2 and "red/red_1.png cannot be imported" in done.stderr
    done = here("import", folder, "--project", "Readme", "--yes")
    assert done.returncode == 0 and "2  not imported" in done.stdout, "the README is in the report as well"
    told = json.loads(here("import", folder, "--project", "Readme", "--yes", "--json").stdout)
    assert told["counts"]["refused"] == 2 == sum(one["kind"] == "refused" for one in told["results"])


def test_problems_are_listed_and_nothing_is_taken_without_a_yes(here: Core, labels: Path, tmp_path: Path) -> None:
    shutil.copytree(labels.parent / "images", tmp_path / "images")
    table = tmp_path / "labels.csv"
    table.write_text("filename,label\nred_0.png,red\ngone.png,red\n")
    for name in ("red_1.png", "red_2.png"):
        (tmp_path / "images" / name).unlink()
    done = here("import", table, "--images", tmp_path / "images", "--project", "Careful")
    assert done.returncode == 2
    assert "line 3" in done.stderr and "gone.png" in done.stderr
    assert "and 3 more without a line number (14 in total)" in done.stderr  # 13 photos have no row
    assert "--yes" in done.stderr.splitlines()[-1]

    done = here("import", table, "--images", tmp_path / "images", "--project", "Careful", "--yes")
    assert done.returncode == 0, done.stderr
    assert "imported" in done.stdout


def test_what_loses_nothing_is_said_and_needs_no_yes(here: Core, labels: Path, tmp_path: Path) -> None:
    """Latin-1, an unknown column, and unlabelled photos in the project's own export."""
    shutil.copytree(labels.parent / "images", tmp_path / "images")
    table = tmp_path / "labels.csv"
    names = sorted(path.name for path in (tmp_path / "images").iterdir())
    rows = [f"{name},{'grün' if place % 2 else 'red'},seen" for place, name in enumerate(names)]
    table.write_bytes("\n".join(["filename,label,remark", *rows]).encode("latin-1"))
    done = here("import", table, "--images", tmp_path / "images", "--project", "Accents")
    assert done.returncode == 0, done.stderr
    assert "read as Western European (cp1252, Windows)" in done.stderr and "unused columns: remark" in done.stderr

    table.write_text("filename,label\n" + "\n".join(f"{name},red" for name in names[1:]))
    assert here("import", table, "--images", tmp_path / "images", "--project", "Open", "--yes").returncode == 0
    assert here("labels", "--project", "Open", "--out", tmp_path / "open.zip").returncode == 0
    done = here("import", tmp_path / "open.zip", "--project", "Open again")
    assert done.returncode == 0 and f"no label; {names[0]} counts as unlabelled" in done.stderr, done.stderr


def test_what_is_not_there_is_one_sentence(here: Core, tmp_path: Path) -> None:
    done = here("import", tmp_path / "gone.csv", "--project", "Nothing")
    assert (done.returncode, done.stdout) == (2, "")
    assert "gone.csv" in done.stderr and len(done.stderr.splitlines()) == 1
    done = here("import", tmp_path, "--project", "Nothing")
    assert done.returncode == 2 and "nothing to import" in done.stderr


def test_packed_images_are_imported_with_their_labels(here: Core, tmp_path: Path) -> None:
    packed = write_packed(tmp_path / "signs.h5", train=16, test=4)
    done = here("import", packed, "--project", "Signs", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"] == {"taken": 20, "remark": 0, "copy": 0, "duplicate": 0, "refused": 0}

    other = write_packed(tmp_path / "more.h5", train=8, test=0)
    done = here("import", packed, other, "--project", "Signs of two", "--json")
    assert sum(json.loads(done.stdout)["counts"].values()) == 28
    done = here("import", packed, tmp_path, "--project", "Signs of two")
    assert done.returncode == 2 and "packed images only" in done.stderr

    done = here("import", packed, "--images", tmp_path, "--project", "Signs")
    assert (done.returncode, done.stdout) == (2, "") and "--images cannot be used" in done.stderr
    wrong = tmp_path / "weights.npz"
    np.savez(wrong, conv1=np.zeros(3))
    done = here("import", wrong, "--project", "Signs")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "conv1 [3]" in done.stderr and "Possible names are x and y" in done.stderr


def test_boxes_make_a_project_of_boxes_and_go_out_as_coco_and_come_back(
    here: Core, labels: Path, tmp_path: Path
) -> None:
    shutil.copytree(labels.parent / "images", tmp_path / "images")
    table = tmp_path / "images" / "labels.csv"
    table.write_text("filename,label,x,y,width,height\nred_0.png,red,1,2,5,6\nred_1.png,red,2,2,4,4.5\n")
    assert here("import", table, "--project", "Boxed", "--yes").returncode == 0
    done = here("labels", "--project", "Boxed", "--format", "coco", "--out", tmp_path / "out.zip", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["photos"] == 16
    assert here("import", tmp_path / "out.zip", "--project", "Back").returncode == 0
    for kind in ("csv", "yolo"):
        assert here("labels", "--project", "Back", "--format", kind, "--out", tmp_path / f"{kind}.zip").returncode == 0
    with zipfile.ZipFile(tmp_path / "csv.zip") as archive:
        lines = archive.read("labels.csv").decode().splitlines()
    assert "red_0.png,red,,1,2,5,6,import" in lines and "red_1.png,red,,2,2,4,4.5,import" in lines
    again = here("labels", "--project", "Back", "--out", tmp_path / "csv.zip")
    assert again.returncode == 2 and "already exists" in again.stderr
    wrong = here("labels", "--project", "Back", "--format", "folders", "--out", tmp_path / "x.zip")
    assert wrong.returncode == 2 and "Use one of: coco" in wrong.stderr
    assert sorted(path.name for path in tmp_path.glob("*.zip*")) == ["csv.zip", "out.zip", "yolo.zip"]


def test_a_corrected_table_alone_updates_the_labels_of_a_project(here: Core, labels: Path, tmp_path: Path) -> None:
    """It was sixteen problems, since the table wanted the photos again; with them the old labels stood."""
    assert here("import", labels, "--images", labels.parent / "images", "--project", "Corrected").returncode == 0
    table = tmp_path / "alone" / "labels.csv"
    table.parent.mkdir()
    (table.parent / "stray.png").write_bytes((labels.parent / "images" / "red_0.png").read_bytes())
    lines = labels.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("red_0.png"))
    lines[place] = lines[place].replace(",red", ",pink")
    # As Excel saves it.
    table.write_bytes(("\ufeff" + "\r\n".join(lines).replace(",", ";") + "\r\n").encode())

    shown = json.loads(here("import", table, "--project", "Corrected", "--dry-run", "--json").stdout)
    update = {"name": "red_0.png", "line": place + 1, "label": {"old": "red", "new": "pink"}}
    assert shown.pop("questions") == []
    assert shown == {"project": "Corrected", "dry_run": True, "new": 0, "problems": 0, "updates": [update]}
    told = here("import", table, "--project", "Corrected", "--dry-run")
    assert f"line {place + 1}: red_0.png: red -> pink" in told.stdout and "nothing was changed" in told.stdout
    done = json.loads(here("import", table, "--project", "Corrected", "--json").stdout)
    assert (done["updates"], sum(done["counts"].values())) == ([update], 0)
    again = here("import", table, "--project", "Corrected")
    assert again.returncode == 0 and "0 labels change, 16 stay" in again.stdout, again.stderr

    back = here("import", labels, "--images", labels.parent / "images", "--project", "Corrected")
    assert "1 label changes, 15 stay" in back.stdout and "16  already in the project" in back.stdout
    assert 'red_0.png: already in the project; its label is now "red", was "pink"' in back.stderr


def test_a_row_whose_photo_is_nowhere_is_a_problem_with_its_line(here: Core, labels: Path, tmp_path: Path) -> None:
    assert here("import", labels, "--images", labels.parent / "images", "--project", "Strict").returncode == 0
    table = tmp_path / "alone.csv"
    table.write_text("filename,label\nred_0.png,green\ngone.png,red\nred_1.png,\n")
    done = here("import", table, "--project", "Strict")
    assert done.returncode == 2
    assert "line 3: gone.png is neither in the project nor among the files" in done.stderr
    done = here("import", table, "--project", "Strict", "--yes")
    assert done.returncode == 0 and "1 label changes, 1 stays" in done.stdout, done.stderr
    assert "1 row has no label and changes nothing" in done.stdout
    assert here("import", table, "--project", "No such project").returncode == 2


def test_importing_only_refused_photos_fails_and_leaves_no_project(here: Core, tmp_path: Path) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    done = here("import", tmp_path, "--project", "Nothing usable", "--yes")
    assert done.returncode == 2
    assert "IMG_1.HEIC: it is a HEIC photo" in done.stderr and "No file could be imported" in done.stderr
    assert (
        'no project "Nothing usable"'
        in here("labels", "--project", "Nothing usable", "--out", tmp_path / "a.zip").stderr
    )


def test_a_table_that_matches_no_photo_says_what_to_do(here: Core, labels: Path, tmp_path: Path) -> None:
    shutil.copy(labels.parent / "images" / "red_0.png", tmp_path)
    (tmp_path / "labels.csv").write_text("filename,label\nimg-1,red\nimg-2,green\n")
    done = here("import", tmp_path, "--project", "Unmatched", "--yes")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        'None of the 2 rows of the table matches a photo. The table says "img-1" and a photo is called "red_0.png". '
        "Correct the names in the table, or leave it out to import the photos without labels."
    )


def test_several_boxes_per_photo_are_imported_with_a_word_about_what_is_learned(
    here: Core, labels: Path, tmp_path: Path
) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text("filename,label,x,y,width,height\nred_0.png,red,1,2,5,6\nred_0.png,red,2,2,4,4\n")
    done = here("import", table, "--images", labels.parent / "images", "--project", "Several", "--yes")
    assert done.returncode == 0, done.stderr
    assert "2 boxes on 1 photo. The model learns one box per photo: the largest" in done.stderr


def test_an_import_that_is_cancelled_on_the_page_says_so(
    here: Core, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ImportClaim, "cancelled", True)
        done = here("import", labels, "--images", labels.parent / "images", "--project", "Cancelled")
    assert done.returncode == 0
    assert "cancelled the import on the Data page after 0 of 16 files" in done.stderr
    done = here("import", labels, "--images", labels.parent / "images", "--project", "Cancelled")
    assert "16  imported" in done.stdout and "cancelled" not in done.stderr

"""Tables that can be read in more than one way, on the command line: a sample and exit code 2 until it is answered."""

import json
from pathlib import Path

from tests.cli.conftest import Core
from tests.data.builders import picture


def folder_of(folder: Path, table: bytes, *names: str) -> Path:
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(number))
    (folder / "labels.csv").write_bytes(table)
    return folder


def test_an_unknown_encoding_shows_its_rows_and_is_read_as_told(here: Core, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", "filename,label\na.png,猫\nb.png,鷹\n".encode("cp932"), "a.png", "b.png")
    asked = here("import", folder, "--project", "Japan")
    assert asked.returncode == 2 and "      a.png | 猫" in asked.stderr
    assert '--answer "encoding:labels.csv=cp932" (read it as Japanese (cp932, Shift JIS))' in asked.stderr
    done = here("import", folder, "--project", "Japan", "--answer", "encoding=cp932")
    assert done.returncode == 0, done.stderr
    assert "labels.csv: answered: read it as Japanese (cp932, Shift JIS)" in done.stderr


def test_other_folders_are_asked_before_it_is_said_that_nothing_matches(here: Core, tmp_path: Path) -> None:
    table = b"filename,label\npatient2/001.png,sick\npatient2/002.png,healthy\n"
    folder = folder_of(tmp_path / "set", table, "patient1/001.png", "patient1/002.png")
    for source in (folder, folder / "labels.csv"):
        asked = here("import", source, "--project", "Patients")
        assert asked.returncode == 2 and '--answer "folders=match"' in asked.stderr, asked.stderr
    left = here("import", folder, "--project", "Patients", "--answer", "folders=leave")
    assert left.returncode == 2 and "None of the 2 rows of the table matches a photo" in left.stderr
    done = here("import", folder / "labels.csv", "--project", "Patients", "--answer", "folders=match")
    assert done.returncode == 0, done.stderr


def test_boxes_of_known_photos_are_asked_by_their_own_name(here: Core, tmp_path: Path) -> None:
    table = b"filename,label,x,y,width,height\na.png,cat,1,1,8,8\n"
    folder = folder_of(tmp_path / "set", table, "a.png")
    assert here("import", folder, "--project", "Boxes").returncode == 0
    alone = folder_of(tmp_path / "alone", b"filename,label,x,y,width,height\na.png,cat,0.25,0.5,0.5,0.25\n")
    asked = here("import", alone / "labels.csv", "--project", "Boxes")
    assert asked.returncode == 2 and "box-unit:photos in the project=fractions" in asked.stderr, asked.stderr
    done = here("import", alone / "labels.csv", "--project", "Boxes", "--answer", "box-unit=fractions", "--json")
    assert done.returncode == 0, done.stderr
    (update,) = json.loads(done.stdout)["updates"]
    assert update["boxes"]["new"] == [{"label": "cat", "x": 4, "y": 6, "width": 8, "height": 3}]

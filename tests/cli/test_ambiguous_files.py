"""Imports of folders and zips that can be read in more than one way, and exports that change names."""

import json
import zipfile
from pathlib import Path

from tests.cli.conftest import Core
from tests.data.builders import picture
from tests.data.importing.names.test_zip_names import zip_of


def in_folder(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(number))
    return folder


def projects(here: Core, tmp_path: Path, name: str) -> bool:
    """Whether there is such a project."""
    told = here("labels", "--project", name, "--out", tmp_path / f"{name}.zip").stderr
    return f'no project "{name}"' not in told


def test_letters_are_asked_answered_and_exported_apart(here: Core, tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "signs", "a/0.png", "A/1.png", "a/2.png", "A/3.png")
    done = here("import", folder, "--project", "Hand signs")
    assert done.returncode == 2
    assert '--answer "class-case:letters=two" (keep them as two classes)' in done.stderr
    assert not projects(here, tmp_path, "Hand signs")
    done = here("import", folder, "--project", "Hand signs", "--answer", "class-case=two")
    assert done.returncode == 0, done.stderr
    told = here("labels", "--project", "Hand signs", "--format", "folders", "--out", tmp_path / "out.zip", "--json")
    answer = json.loads(told.stdout)
    assert answer["renamed_classes"] in ({"A": "A (2)"}, {"a": "a (2)"}) and answer["renamed"] == {}
    done = here("import", tmp_path / "out.zip", "--project", "Hand signs again")
    assert done.returncode == 0, done.stderr


def test_a_letter_in_the_other_case_than_the_projects_class_is_asked(here: Core, tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "first", "x/0.png", "y/1.png")
    assert here("import", folder, "--project", "Axes").returncode == 0
    later = in_folder(tmp_path / "later", "z/0.png", "z/1.png", "X/2.png", "y/3.png")
    done = here("import", later, "--project", "Axes")
    assert done.returncode == 2 and "in the project" in done.stderr
    done = here("import", later, "--project", "Axes", "--answer", "class-case:letters=two")
    assert done.returncode == 0, done.stderr
    done = here("import", later, "--project", "Axes", "--answer", "zip-encoding=cp932")
    assert done.returncode == 2 and "There is no question zip-encoding" in done.stderr


def test_folders_in_class_folders_are_asked(here: Core, tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "birds", "owl/owl_07/1.png", "owl/owl_08/2.png", "duck/d1/3.png")
    done = here("import", folder, "--project", "Individuals")
    assert done.returncode == 2 and "Which folder is the class?" in done.stderr
    done = here("import", folder, "--project", "Individuals", "--answer", "class-folder=first-group")
    assert done.returncode == 0, done.stderr


def test_a_folder_beside_the_splits_needs_a_yes(here: Core, tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "set", "train/a/1.png", "train/b/2.png", "test/a/3.png", "extra/4.png")
    done = here("import", folder, "--project", "Extra")
    assert done.returncode == 2 and 'the folder "extra" beside test, train is not a split' in done.stderr
    assert here("import", folder, "--project", "Extra", "--yes").returncode == 0


def test_a_zip_in_an_unknown_encoding_shows_its_names_and_is_read_as_told(here: Core, tmp_path: Path) -> None:
    (tmp_path / "old.zip").write_bytes(zip_of([f"{name}/1.png".encode("cp932") for name in ("猫", "表")]))
    done = here("import", tmp_path / "old.zip", "--project", "Old zip")
    assert done.returncode == 2
    assert "猫/1.png" in done.stderr and "zip-encoding=cp932" in done.stderr


def test_an_import_of_refused_photos_leaves_no_project(here: Core, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        (folder / label / "1.png").write_bytes(b"no picture")
    done = here("import", folder, "--project", "Broken photos", "--yes")
    assert done.returncode == 2 and "No file could be imported" in done.stderr
    assert not projects(here, tmp_path, "Broken photos")


def test_names_that_a_zip_cannot_have_are_said_and_come_back(here: Core, tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "names", "x/IMG_1.png", "x/img_1.png", "con/2.png")
    assert here("import", folder, "--project", "Names").returncode == 0
    done = here("labels", "--project", "Names", "--format", "csv", "--out", tmp_path / "names.zip")
    assert done.returncode == 0 and "x/img_1.png is x/img_1 (2).png" in done.stderr
    with zipfile.ZipFile(tmp_path / "names.zip") as archive:
        assert {"x/IMG_1.png", "x/img_1 (2).png", "_con/2.png"} < set(archive.namelist())
    told = json.loads(
        here("labels", "--project", "Names", "--format", "csv", "--out", tmp_path / "again.zip", "--json").stdout
    )
    assert told["renamed"] == {"x/img_1.png": "x/img_1 (2).png", "con/2.png": "_con/2.png"}
    assert here("import", tmp_path / "names.zip", "--project", "Names back").returncode == 0
    back = here("labels", "--project", "Names back", "--format", "csv", "--out", tmp_path / "back.zip", "--json")
    assert json.loads(back.stdout)["renamed"] == told["renamed"]

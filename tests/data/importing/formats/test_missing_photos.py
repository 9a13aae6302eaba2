"""Exports of a project that has lost files: what is left out is named, in every format, and the rest is whole."""

import zipfile
from pathlib import Path

import pytest

from core.data.importing.formats import write_zip as module
from core.data.importing.formats.write_zip import MISSING_FILE, missing_in_words, missing_photos, write_zip
from core.data.importing.plan_import import plan_zip
from core.data.store.store import Store
from core.errors import DataError
from tests.data.builders import add, labelled_project, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


@pytest.mark.parametrize("kind", ["csv", "folders", "hugging-face"])
def test_30_emptied_photos_are_named_and_the_others_can_be_imported_again(
    store: Store, tmp_path: Path, kind: str
) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"] * 17)
    add(store, project_id, 0, "another name.png")  # of a lost photo
    add(store, project_id, 33, "one more.png")  # of one that is there
    for row in store.images(project_id)[:29]:
        store.image_path(row.hash).write_bytes(b"")
    store.image_path(store.images(project_id)[29].hash).unlink()
    lost = [f"photo {number}.png" for number in range(30)]
    assert missing_photos(store, project_id) == lost
    path = tmp_path / "out.zip"
    written = list(write_zip(store, project_id, kind, path))
    assert written[-1] == ((5, 5) if kind == "csv" else (4, 4))  # the csv repeats a photo for each of its names
    with zipfile.ZipFile(path) as archive:
        named = archive.read(MISSING_FILE).decode().splitlines()
        assert set(named) == {*lost, "another name.png"} if kind == "csv" else set(named) == set(lost)
        if kind == "csv":
            assert archive.read("labels.csv").decode().count("\n") == 1 + 5
    plan = plan_zip(path, path.name)
    assert len(plan.candidates) == len(written) and not plan.problems
    assert [one for one in plan.refused if MISSING_FILE not in one.name] == []


def test_a_whole_project_has_no_such_file(store: Store, tmp_path: Path) -> None:
    project_id, _ = labelled_project(store, ["owl"])
    list(write_zip(store, project_id, "csv", tmp_path / "out.zip"))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert MISSING_FILE not in archive.namelist()
    assert missing_in_words(missing_photos(store, project_id)) == ""


def test_a_project_whose_photos_are_all_lost_is_not_told_to_choose_another_place(store: Store, tmp_path: Path) -> None:
    project_id, _ = labelled_project(store, ["owl", "owl"])
    for row in store.images(project_id):
        store.image_path(row.hash).unlink()
    with pytest.raises(DataError, match=r"The files of all 2 photos are missing or empty.*backup"):
        list(write_zip(store, project_id, "csv", tmp_path / "out.zip"))


def test_a_photo_that_is_lost_during_the_export_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_id, _ = labelled_project(store, ["owl", "owl"])
    monkeypatch.setattr(module, "missing_photos", lambda store, project_id: [])
    store.image_path(store.images(project_id)[1].hash).unlink()
    with pytest.raises(DataError, match=r"The file of photo 1\.png cannot be read"):
        list(write_zip(store, project_id, "folders", tmp_path / "out.zip"))


def test_the_sentence_names_a_few() -> None:
    assert missing_in_words(["a.png"]).startswith(
        "1 photo is not included, because its file is missing or empty: a.png."
    )
    many = missing_in_words([f"{number}.png" for number in range(7)])
    assert "7 photos are not included, because their files" in many and "4.png and 2 more." in many

"""Samples of Teachable Machine: a zip for each class, and projects."""

import io
import zipfile
from pathlib import Path

import pytest

from core.data.importing.formats.teachable_machine import class_of_zip
from core.data.importing.plan_import import Upload, plan_folder, plan_uploads, plan_zip
from tests.data.importing.formats.csv_styles.tables import only_question, photo, problems, remarks


def zipped(*names: str, start: int = 0) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, name in enumerate(names, start=start):
            archive.writestr(name, photo(number))
    return out


def test_each_zip_of_samples_is_a_class() -> None:
    uploads = [
        Upload("Class 1-samples.zip", zipped("0.jpg", "1.jpg")),
        Upload("owl-samples (1).zip", zipped("0.jpg", start=5)),
    ]
    plan = plan_uploads(uploads)
    assert [(one.name, one.label) for one in plan.candidates] == [
        ("0.jpg", "Class 1"),
        ("1.jpg", "Class 1"),
        ("owl-samples (1)/0.jpg", "owl"),
    ]
    assert plan.classes == ("Class 1", "owl") and not plan.questions and not problems(plan)
    assert 'the name of Class 1-samples.zip gives the class "Class 1"' in remarks(plan)


def test_a_single_zip_on_the_command_line() -> None:
    plan = plan_zip(zipped("0.jpg"), "owl-samples.zip")
    assert [(one.label, one.by_folder) for one in plan.candidates] == [("owl", True)] and plan.classes == ("owl",)


def test_photos_of_other_names_are_asked() -> None:
    names = ("walk.jpg", "0.jpg")
    question = only_question(plan_zip(zipped(*names), "owl-samples.zip"))
    assert question.kind == "class-in-zip-name" and 'show "owl"?' in question.text
    labelled = plan_zip(zipped(*names), "owl-samples.zip", answers={"class-in-zip-name": "class"})
    assert {one.label for one in labelled.candidates} == {"owl"}
    plain = plan_zip(zipped(*names), "owl-samples.zip", answers={"class-in-zip-name": "none"})
    assert {one.label for one in plain.candidates} == {None}


def test_a_zip_that_was_unpacked_and_zipped_again_is_one_class() -> None:
    plan = plan_zip(zipped("owl-samples/0.jpg", "owl-samples/1.jpg"), "owl-samples.zip")
    assert [one.label for one in plan.candidates] == ["owl", "owl"] and not plan.questions and not problems(plan)


def test_class_folders_count_more_than_the_name_of_the_zip() -> None:
    plan = plan_zip(zipped("owl/0.jpg", "duck/0.jpg"), "bird-samples.zip")
    assert {one.label for one in plan.candidates} == {"owl", "duck"} and not plan.questions


@pytest.mark.parametrize(
    ("name", "label"),
    [("owl-samples.zip", "owl"), ("a-samples-samples.zip", "a-samples"), ("owl.zip", None), ("-samples.zip", None)],
)
def test_the_class_in_the_name_of_a_zip(name: str, label: str | None) -> None:
    assert class_of_zip(name) == label


def test_a_project_names_the_class_of_each_file() -> None:
    archive = zipped("Class 1-!-0.jpg", "Class 1-!-1.jpg", "owl-!-0.jpg")
    plan = plan_uploads([Upload("project.tm", archive)])
    assert [(one.name, one.label) for one in plan.candidates] == [
        ("Class 1-!-0.jpg", "Class 1"),
        ("Class 1-!-1.jpg", "Class 1"),
        ("owl-!-0.jpg", "owl"),
    ]
    assert not plan.questions and "(Teachable Machine)" in remarks(plan)


def folder_of(path: Path, **zips: io.BytesIO) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, data in zips.items():
        (path / f"{name.replace('_', '-')}.zip").write_bytes(data.getvalue())
    return path


def test_zips_of_samples_in_a_folder_are_classes_and_other_zips_are_named(tmp_path: Path) -> None:
    folder_of(tmp_path, cat_samples=zipped("0.jpg", "1.jpg"), other=zipped("0.jpg", start=9))
    folder_of(tmp_path / "more", dog_samples=zipped("0.jpg", start=5))
    (tmp_path / "project.tm").write_bytes(zipped("owl-!-0.jpg", start=7).getvalue())
    plan = plan_folder(tmp_path)
    assert [(one.name, one.label) for one in plan.candidates] == [
        ("0.jpg", "cat"),
        ("1.jpg", "cat"),
        ("dog-samples/0.jpg", "dog"),
        ("owl-!-0.jpg", "owl"),
    ]
    assert [one.name for one in plan.refused] == ["other.zip"] and "not opened" in plan.refused[0].text
    assert not plan.questions and not problems(plan)


def test_zips_beside_class_folders_are_imported_with_them(tmp_path: Path) -> None:
    folder_of(tmp_path, cat_samples=zipped("0.jpg"))
    for place, label in enumerate(("dog", "owl")):
        (tmp_path / label).mkdir()
        (tmp_path / label / "a.png").write_bytes(photo(20 + place))
    assert {one.label for one in plan_folder(tmp_path).candidates} == {"cat", "dog", "owl"}


def test_a_zip_whose_unpacked_folder_lies_beside_it_is_not_imported_twice(tmp_path: Path) -> None:
    folder_of(tmp_path, cat_samples=zipped("0.jpg"), dog_samples=zipped("0.jpg", start=5))
    for label in ("Cat-Samples", "owl"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "0.jpg").write_bytes(photo(0))
    plan = plan_folder(tmp_path)
    assert {one.label for one in plan.candidates} == {"Cat-Samples", "owl", "dog"}
    assert [(one.name, "beside it" in one.text) for one in plan.refused] == [("cat-samples.zip", True)]


def test_a_damaged_zip_among_others_is_named(tmp_path: Path) -> None:
    folder_of(tmp_path, cat_samples=zipped("0.jpg"), dog_samples=io.BytesIO(b"PK no zip"))
    plan = plan_folder(tmp_path)
    assert [one.label for one in plan.candidates] == ["cat"]
    assert [(one.name, "cannot be opened" in one.text) for one in plan.refused] == [("dog-samples.zip", True)]


def test_each_zip_of_a_folder_asks_for_itself(tmp_path: Path) -> None:
    folder_of(tmp_path, cat_samples=zipped("walk.jpg"), dog_samples=zipped("run.jpg", start=5))
    ids = [one.id for one in plan_folder(tmp_path).questions]
    assert ids == ["class-in-zip-name:cat-samples.zip", "class-in-zip-name:dog-samples.zip"]
    answers = {ids[0]: "class", ids[1]: "none"}
    assert [one.label for one in plan_folder(tmp_path, answers=answers).candidates] == ["cat", None]

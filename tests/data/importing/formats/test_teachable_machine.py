"""Samples of Teachable Machine: a zip for each class, and projects."""

import io
import zipfile

import pytest

from core.data.importing.formats.teachable_machine import class_of_zip
from core.data.importing.plan_import import Upload, plan_uploads, plan_zip
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

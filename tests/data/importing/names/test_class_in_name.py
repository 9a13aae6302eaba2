"""Classes in the names of photos, as in the Oxford pets: asked, never guessed."""

import time
from pathlib import Path

import pytest

from core.data.importing.import_plan import Candidate
from core.data.importing.names.class_in_name import with_classes_in_names
from core.data.tables.questions import Asking
from tests.data.importing.formats.csv_styles.tables import labels, only_question, photos, planned, problems

PETS = ("great_pyrenees_12.jpg", "great_pyrenees_173.jpg", "Abyssinian_1.jpg", "Abyssinian_20.jpg")


def test_the_part_before_the_number_is_offered_with_a_sample(tmp_path: Path) -> None:
    files = photos(*(f"images/{name}" for name in PETS))
    question = only_question(planned(tmp_path, files))
    assert question.kind == "class-in-name" and "2 names differ" in question.text
    assert [one.key for one in question.choices] == ["prefix", "none"]
    assert set(question.choices[0].rows) == {
        ("Abyssinian_1.jpg", "Abyssinian"),
        ("great_pyrenees_12.jpg", "great_pyrenees"),
    }
    plan = planned(tmp_path, {}, {"class-in-name": "prefix"})
    assert labels(plan) == {
        "great_pyrenees_12.jpg": ("great_pyrenees", None),
        "great_pyrenees_173.jpg": ("great_pyrenees", None),
        "Abyssinian_1.jpg": ("Abyssinian", None),
        "Abyssinian_20.jpg": ("Abyssinian", None),
    }
    assert {one.by_folder for one in plan.candidates} == {True}
    assert {label for label, _ in labels(planned(tmp_path, {}, {"class-in-name": "none"})).values()} == {None}


@pytest.mark.parametrize("form", ["{}.{}.jpg", "{} ({}).jpg", "{}({}).jpg", "{}-{}.jpg", "{}_({}).jpg"])
def test_the_number_may_follow_a_point_or_stand_in_brackets(tmp_path: Path, form: str) -> None:
    names = [form.format(label, number) for label in ("cat", "dog") for number in (1, 25)]
    plan = planned(tmp_path, photos(*names), {"class-in-name": "prefix"})
    assert [labels(plan)[name][0] for name in names] == ["cat", "cat", "dog", "dog"]


def test_a_name_of_another_kind_is_a_problem(tmp_path: Path) -> None:
    names = [f"{kind}_{number}.jpg" for kind in ("owl", "duck") for number in range(6)]
    plan = planned(tmp_path, photos(*names, "mascot.jpg"), {"class-in-name": "prefix"})
    assert labels(plan)["mascot.jpg"] == (None, None)
    assert "the name of mascot.jpg has no class before a number; it has no label" in problems(plan)


@pytest.mark.parametrize(
    "names",
    [
        ("owl_1.jpg", "owl_2.jpg", "owl_3.jpg"),  # one name
        ("IMG_0001.jpg", "IMG_0002.jpg", "DSC_0001.jpg", "DSC_0002.jpg"),  # cameras
        ("IMG_20230101_120000.jpg", "IMG_20230101_120001.jpg", "PXL_20230102_1.jpg", "PXL_20230102_2.jpg"),
        ("IMG_1 (1).jpg", "IMG_1 (2).jpg", "Photo 2.1.jpg", "Photo 2.2.jpg"),
        ("1_1.jpg", "1_2.jpg", "2_1.jpg", "2_2.jpg"),  # numbers
        ("walk_1.jpg", "beach_7.jpg", "home_3.jpg"),  # every photo has a name of its own
        ("owl_1.jpg", "owl_2.jpg", "duck_1.jpg", "duck_2.jpg", "a.jpg", "b.jpg", "c.jpg"),
        ("a.jpg", "b.jpg"),
    ],
)
def test_other_names_are_no_question(tmp_path: Path, names: tuple[str, ...]) -> None:
    plan = planned(tmp_path, photos(*names))
    assert not plan.questions and {label for label, _ in labels(plan).values()} == {None}


def test_long_names_take_no_time() -> None:
    """A name of 1,000 underscores took 15 seconds."""
    names = ["_" * 1000, "a_" * 500, "-1" * 500 + "a", "a" + "_" * 500 + "1" * 499]
    start = time.process_time()
    found = with_classes_in_names(
        [Candidate(f"{name}.jpg", None, None, None, bytes) for name in names * 50], Asking(), []
    )
    assert len(found) == 200 and time.process_time() - start < 1


def test_folders_and_tables_count_more_than_names(tmp_path: Path) -> None:
    plan = planned(tmp_path / "folders", photos("cats/Abyssinian_1.jpg", "cats/Abyssinian_2.jpg", "dogs/pug_1.jpg"))
    assert not plan.questions and {label for label, _ in labels(plan).values()} == {"cats", "dogs"}
    table = "filename,label\n" + "".join(f"{name},pet\n" for name in PETS)
    plan = planned(tmp_path / "table", {**photos(*PETS), "labels.csv": table})
    assert not plan.questions and {label for label, _ in labels(plan).values()} == {"pet"}

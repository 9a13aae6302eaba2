"""Tables whose columns have other names: the photos that are there say which one names them, and the rest is asked."""

from pathlib import Path

import pytest

from core.data.snapshot import snapshot_of_table
from core.errors import LabelsError, QuestionsOpen
from tests.data.importing.formats.csv_styles.tables import (
    Files,
    labels,
    only_question,
    photos,
    planned,
    problems,
    remarks,
)

IDS = ("7a", "8b", "9c", "0d")
LABELLED = dict(zip((f"{one}.png" for one in IDS), ("owl", "duck", "owl", "duck"), strict=True))


def table(header: str, *rows: str) -> Files:
    return {**photos(*LABELLED), "train.csv": "\n".join([header, *rows]) + "\n"}


def found(folder: Path, files: Files, answers: dict[str, str] | None = None) -> dict[str, str | None]:
    plan = planned(folder, files, answers or {})
    assert not plan.questions and not problems(plan), (plan.questions, problems(plan))
    return {name: label for name, (label, _) in labels(plan).items()}


@pytest.mark.parametrize(
    "photo", ["id_code", "image_id", "ImageId", "img", "photo", "path", "file", "uuid", "Image ID"]
)
@pytest.mark.parametrize("label", ["diagnosis", "species", "breed", "category_name", "target"])
@pytest.mark.parametrize("suffix", ["", ".png"])
def test_usual_names_of_kaggle_are_known_and_said(tmp_path: Path, photo: str, label: str, suffix: str) -> None:
    rows = [f"{one}{suffix},{LABELLED[f'{one}.png']}" for one in IDS]
    plan = planned(tmp_path, table(f"{photo},{label}", *rows))
    assert {name: one for name, (one, _) in labels(plan).items()} == LABELLED
    assert not plan.questions and not problems(plan)
    usual = photo == "path" and label == "target"  # as in our own labels.csv
    assert usual or f"columns of train.csv: {photo} names the photo, {label} its class" in remarks(plan)


@pytest.mark.parametrize("suffix", ["", ".png"])
def test_an_unknown_column_that_names_the_photos_is_taken_and_said(tmp_path: Path, suffix: str) -> None:
    rows = [f"{number},{one}{suffix},{LABELLED[f'{one}.png']}" for number, one in enumerate(IDS)]
    plan = planned(tmp_path, table("row,specimen,label", *rows))
    assert {name: one for name, (one, _) in labels(plan).items()} == LABELLED
    assert not plan.questions and not problems(plan)
    assert "columns of train.csv: specimen names the photo, label its class" in remarks(plan)


def test_an_unknown_column_of_classes_is_asked_with_three_rows(tmp_path: Path) -> None:
    rows = [f"{one},{number},{LABELLED[f'{one}.png']},0.{number}" for number, one in enumerate(IDS)]
    files = table("specimen,age,kind of bird,score", *rows)
    plan = planned(tmp_path, files)
    question = only_question(plan)
    assert question.id == "class-column:train.csv" and question.columns == ("photo", "class")
    shown = {choice.key: choice.rows for choice in question.choices}
    assert list(shown) == ["kind of bird", "age", "none"], "words that come twice are the likeliest; fractions are none"
    assert shown["kind of bird"] == (("7a", "owl"), ("8b", "duck"), ("9c", "owl"))
    assert "names the photo" not in remarks(plan), "nothing is claimed while it is asked"
    assert not any(label for label, _ in labels(plan).values())
    assert found(tmp_path, files, {"class-column": "kind of bird"}) == LABELLED
    assert found(tmp_path, files, {"class-column": "none"}) == dict.fromkeys(LABELLED)


def test_one_other_column_is_asked_too(tmp_path: Path) -> None:
    files = table("filename,grade", *(f"{one}.png,{number}" for number, one in enumerate(IDS)))
    assert [one.key for one in only_question(planned(tmp_path, files)).choices] == ["grade", "none"]
    assert found(tmp_path, files, {"class-column": "grade"})["8b.png"] == "1"


def test_two_columns_that_name_other_photos_are_asked(tmp_path: Path) -> None:
    """The column id was taken for its name, and the labels went to other photos."""
    names = ("1.png", "2.png", "3.png")
    files: Files = {**photos(*names), "train.csv": "id,reference,label\n1,2,owl\n2,3,duck\n3,1,crow\n"}
    plan = planned(tmp_path, files)
    question = only_question(plan)
    assert question.id == "file-column:train.csv"
    assert {choice.key: choice.rows[0] for choice in question.choices} == {
        "id": ("1", "owl"),
        "reference": ("2", "owl"),
    }
    assert found(tmp_path, files, {"file-column": "id"})["1.png"] == "owl"
    assert found(tmp_path, files, {"file-column": "reference"})["1.png"] == "crow"


def test_names_of_files_come_before_numbers_that_fit_by_chance(tmp_path: Path) -> None:
    files: Files = {**photos("1.png", "2.png"), "train.csv": "id,reference,label\n1,2.png,owl\n2,1.png,duck\n"}
    plan = planned(tmp_path, files)
    assert {name: label for name, (label, _) in labels(plan).items()} == {"2.png": "owl", "1.png": "duck"}
    assert not plan.questions and "reference names the photo" in remarks(plan)


def test_numbers_of_classes_and_ages_do_not_name_photos(tmp_path: Path) -> None:
    files: Files = {**photos("0.png", "1.png", "2.png"), "train.csv": "id,age,target\n0,1,1\n1,1,0\n2,70,1\n"}
    assert found(tmp_path, files) == {"0.png": "1", "1.png": "0", "2.png": "1"}


def test_one_hot_columns_beside_an_unknown_column_of_photos(tmp_path: Path) -> None:
    rows = [
        f"{one},{int(label == 'owl')},{int(label == 'duck')}" for one, label in zip(IDS, LABELLED.values(), strict=True)
    ]
    plan = planned(tmp_path, table("specimen,owl,duck", *rows))
    assert {name: one for name, (one, _) in labels(plan).items()} == LABELLED
    assert not plan.questions and "specimen names the photo" in remarks(plan)


def test_columns_without_a_usable_name_can_be_chosen(tmp_path: Path) -> None:
    files = table("specimen,a=b,none,same,same", *(f"{one},x,y,z,{LABELLED[f'{one}.png']}" for one in IDS))
    keys = [one.key for one in only_question(planned(tmp_path, files)).choices]
    assert keys == ["column-2", "column-3", "column-4", "column-5", "none"]
    assert found(tmp_path, files, {"class-column": "column-5"}) == LABELLED


def test_a_table_that_names_no_photo_or_has_no_header_is_still_an_error(tmp_path: Path) -> None:
    for number, text in enumerate(("specimen,kind\nx,owl\ny,duck\n", "7a.png,owl\n8b.png,duck\n", "specimen\n7a\n")):
        with pytest.raises(LabelsError):
            planned(tmp_path / str(number), {**photos(*LABELLED), "train.csv": text})


def test_a_table_with_known_columns_comes_before_one_that_is_guessed(tmp_path: Path) -> None:
    rows = [f"{one}.png,{label}" for one, label in zip(IDS, LABELLED.values(), strict=True)]
    files = table("filename,label", *rows) | {"cameras.csv": "specimen,camera\n7a,Nikon\n8b,Canon\n"}
    assert found(tmp_path, files) == LABELLED


def test_of_two_tables_without_known_columns_none_is_said_to_be_the_same(tmp_path: Path) -> None:
    files: Files = {
        **photos("a.png"),
        "one.csv": "filename,author\na.png,Ann\n",
        "two.csv": "filename,author\na.png,Bo\n",
    }
    plan = planned(tmp_path, files)
    assert {one.kind for one in plan.questions} == {"which-table", "class-column"}
    assert "says the same" not in remarks(plan)
    assert found(tmp_path, files, {"which-table": "two.csv", "class-column": "author"}) == {"a.png": "Bo"}


def test_train_asks_the_same(tmp_path: Path) -> None:
    planned(tmp_path, table("specimen,kind", *(f"{one},{LABELLED[f'{one}.png']}" for one in IDS)))
    with pytest.raises(QuestionsOpen, match="Which column holds the classes"):
        snapshot_of_table(tmp_path / "train.csv", tmp_path, 0)
    snapshot, _ = snapshot_of_table(tmp_path / "train.csv", tmp_path, 0, answers={"class-column": "kind"})
    assert sorted(snapshot.classes) == ["duck", "owl"]

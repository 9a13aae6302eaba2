"""Several tables: templates are left out, and what is unclear is asked."""

from pathlib import Path

import pytest

from core.data.importing.formats.csv_styles.joined_tables import in_own_table
from core.data.importing.plan_import import Upload, plan_uploads
from core.data.tables.label_rows import Problem
from core.errors import LabelsError
from tests.data.importing.formats.csv_styles.tables import (
    Files,
    labels,
    only_question,
    photos,
    planned,
    problems,
    remarks,
)

ROWS = "filename,label\n"


def test_a_template_for_predictions_gives_no_labels(tmp_path: Path) -> None:
    files: Files = {**photos("a.png", "b.png"), "train.csv": "id,label\na,owl\nb,duck\n"}
    files |= {"sample_submission.csv": "id,label\na,duck\nb,duck\n", "test.csv": "id\na\nb\n"}
    plan = planned(tmp_path, files)
    assert labels(plan) == {"a.png": ("owl", None), "b.png": ("duck", None)}
    assert "sample_submission.csv is not used" in remarks(plan) and not plan.questions


def test_a_template_alone_is_a_table(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos("a.png"), "my_submission.csv": "id,label\na,duck\n"})
    assert labels(plan) == {"a.png": ("duck", None)}


def test_which_of_two_tables_counts_is_asked(tmp_path: Path) -> None:
    files: Files = {**photos("a.png"), "old.csv": ROWS + "a.png,owl\n", "new.csv": ROWS + "a.png,duck\n"}
    question = only_question(planned(tmp_path, files))
    assert question.kind == "which-table" and [one.key for one in question.choices] == ["new.csv", "old.csv"]
    assert question.choices[0].rows == (("a.png", "duck"),)
    assert labels(planned(tmp_path, {}, {"which-table": "old.csv"})) == {"a.png": ("owl", None)}
    assert labels(planned(tmp_path, {}, {"which-table": "new.csv"})) == {"a.png": ("duck", None)}


def test_tables_of_splits_can_be_taken_together(tmp_path: Path) -> None:
    files: Files = {**photos("a.png", "b.png", "c.png"), "train.csv": ROWS + "a.png,owl\nc.png,owl\n"}
    files |= {"test.csv": ROWS + "\nb.png,duck\nc.png,owl\ngone.png,owl\n"}
    question = only_question(planned(tmp_path, files))
    assert [one.key for one in question.choices] == ["all", "test.csv", "train.csv"]
    assert question.columns == ("photo", "class", "split")
    assert question.choices[0].rows == (("b.png", "duck", "test"), ("a.png", "owl", "train"))
    assert question.choices[2].rows == (("a.png", "owl", ""), ("c.png", "owl", "")), "its name alone says no split"
    plan = planned(tmp_path, {}, {"which-table": "all"})
    assert labels(plan) == {"a.png": ("owl", "train"), "b.png": ("duck", "test"), "c.png": ("owl", "test")}
    found = problems(plan)
    assert any(
        "c.png is in test.csv (line 4) and in train.csv (line 3); one row is kept, in test" in one for one in found
    )
    assert any(one.startswith("test.csv, line 5: gone.png is not among the files") for one in found)


def test_a_photo_with_other_labels_in_two_tables_gets_none(tmp_path: Path) -> None:
    files: Files = {**photos("a.png"), "train.csv": ROWS + "a.png,owl\n", "test.csv": ROWS + "a.png,duck\n"}
    plan = planned(tmp_path, files, {"which-table": "all"})
    assert labels(plan)["a.png"][0] is None
    assert any("with different labels; neither is used" in one for one in problems(plan))


def test_uploads_are_chosen_in_the_same_way(tmp_path: Path) -> None:
    planned(tmp_path, {**photos("a.png"), "annotations.csv": "a.png,10,5,30,15,cow\n", "classes.csv": "cow,0\n"})
    uploads = [Upload(path.name, path.open("rb")) for path in sorted(tmp_path.iterdir())]
    plan = plan_uploads(uploads)
    assert [(one.label, one.box and one.box.width) for one in plan.candidates] == [("cow", 20)]
    assert not plan.questions


def test_tables_without_labels_are_listed(tmp_path: Path) -> None:
    files: Files = {
        **photos("a.png"),
        "one.csv": "filename,author\nb.png,Ann\n",
        "two.csv": "filename,author\nb.png,Bo\n",
    }
    with pytest.raises(LabelsError, match=r"None of the tables one\.csv, two\.csv has a column"):
        planned(tmp_path, files)


def test_a_table_without_a_label_is_not_the_right_one(tmp_path: Path) -> None:
    files: Files = {**photos("a.png", "b.png"), "train.csv": "id,label\na,owl\n", "test.csv": "id,label\nb,\n"}
    plan = planned(tmp_path, files)
    assert labels(plan)["a.png"] == ("owl", None) and not plan.questions
    assert "test.csv is not used, because none of its rows has a label" in remarks(plan)


def test_a_copy_of_a_table_is_no_second_one(tmp_path: Path) -> None:
    files: Files = {**photos("a.png"), "one.csv": ROWS + "a.png,owl\n", "two.csv": ROWS + "\na.png,owl\n"}
    plan = planned(tmp_path, files)
    assert labels(plan) == {"a.png": ("owl", None)} and not plan.questions
    assert "two.csv says the same as one.csv" in remarks(plan)


def test_a_problem_of_joined_tables_names_the_tables_of_all_its_rows() -> None:
    parts = (("train.csv", 0), ("test.csv", 10))
    found = in_own_table(Problem(13, "a (line 4) and b (line 13) both match c"), parts)
    assert str(found) == "test.csv, line 3: a (train.csv, line 4) and b (line 3) both match c"
    assert str(in_own_table(Problem(4, "x is in lines 2 and 4"), parts)) == "train.csv, line 4: x is in lines 2 and 4"

"""Annotations of keras-retinanet, and tables that only look like them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.formats.csv_styles.read_table import read_table
from core.data.tables.label_rows import objects_of
from core.data.tables.questions import Asking
from core.errors import LabelsError
from tests.data.importing.formats.csv_styles.tables import (
    boxes,
    only_question,
    photo,
    photos,
    planned,
    problems,
    remarks,
)

TABLE = "a.png,10,5,30,15,cow\nb.png,2,1,8,9,cat\nb.png,22,5,39,14,bird\nc.png,,,,,\n"
CLASSES = "cow,0\ncat,1\nbird,2\n"


def test_boxes_and_photos_without_an_object(tmp_path: Path) -> None:
    files = {**photos("a.png", "b.png", "c.png"), "annotations.csv": TABLE, "classes.csv": CLASSES}
    plan = planned(tmp_path, files)
    assert boxes(plan) == {
        "a.png": [("cow", 10, 5, 20, 10)],
        "b.png": [("cat", 2, 1, 6, 8), ("bird", 22, 5, 17, 9)],
        "c.png": [],
    }
    assert not plan.questions and not [text for text in problems(plan) if "boxes" not in text]
    assert "1 row says that a photo has no object" in remarks(plan)
    assert "classes.csv" not in [one.name for one in plan.refused]


def test_the_sizes_of_the_photos_show_what_the_numbers_are(tmp_path: Path) -> None:
    # As a corner and a size, the last box would end at 61 of 40 pixels.
    plan = planned(tmp_path, {**photos("a.png", "b.png", "c.png"), "annotations.csv": TABLE})
    assert not plan.questions and boxes(plan)["b.png"][1] == ("bird", 22, 5, 17, 9)


def test_where_both_readings_fit_a_person_chooses(tmp_path: Path) -> None:
    files = {"a.png": photo(width=100, height=100), "annotations.csv": "a.png,10,5,30,15,cow\n"}
    question = only_question(planned(tmp_path, files))
    assert question.kind == "box-corners" and [one.key for one in question.choices] == ["corners", "size"]
    assert question.choices[0].rows == (("a.png", "20 wide, 10 high"),)
    assert boxes(planned(tmp_path, files, {"box-corners": "corners"})) == {"a.png": [("cow", 10, 5, 20, 10)]}
    assert boxes(planned(tmp_path, files, {"box-corners": "size"})) == {"a.png": [("cow", 10, 5, 30, 15)]}


@pytest.mark.parametrize(
    "table",
    [
        "a.png,10,5,5,15,cow\n",  # a corner and a size
        "a.png,1,2,30,15,4\n",  # the class is in the second column, or in the last one
        "a.png,10,5,30,15\n",
        "a.png,10,5,30,15,cow\nhello\n",
        "a.png,,,,,\n",
    ],
)
def test_a_table_that_may_mean_something_else_stays_for_a_person_to_confirm(tmp_path: Path, table: str) -> None:
    with pytest.raises(LabelsError):
        planned(tmp_path, {**photos("a.png"), "annotations.csv": table})


def test_numbers_of_classes_are_read_with_their_list(tmp_path: Path) -> None:
    files = {**photos("a.png"), "annotations.csv": "a.png,7,1,20,15,4\n", "classes.csv": "4,0\n5,1\n"}
    assert boxes(planned(tmp_path, files)) == {"a.png": [("4", 7, 1, 13, 14)]}


def test_a_swapped_box_of_a_known_format_is_a_problem_with_its_line(tmp_path: Path) -> None:
    table = TABLE + "a.png,30,5,10,15,cow\n"
    files = {**photos("a.png", "b.png", "c.png"), "annotations.csv": table, "classes.csv": CLASSES}
    plan = planned(tmp_path, files)
    assert any(text.startswith("line 5: ") and "swapped" in text for text in problems(plan))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 200), st.integers(0, 200), st.integers(1, 99), st.integers(1, 99), st.sampled_from("xyz")
        ),
        min_size=1,
        max_size=5,
    ),
    changed=st.none() | st.integers(1, 4),
)
def test_what_is_written_is_read_back_or_not_recognised(
    rows: list[tuple[int, int, int, int, str]], changed: int | None
) -> None:
    lines = [[f"{place}.png", x, y, x + w, y + h, label] for place, (x, y, w, h, label) in enumerate(rows)]
    if changed is not None:
        lines[0][changed] = "word"
    text = "".join(",".join(map(str, cells)) + "\n" for cells in lines).encode()
    asking = Asking({"box-corners": "corners"})
    if changed is not None:
        with pytest.raises(LabelsError):
            read_table(text, "t.csv", None, asking)
        return
    table = read_table(text, "t.csv", None, asking)
    found = [
        [(one.label, one.box.x, one.box.y, one.box.width, one.box.height) for one in objects_of(row)]
        for row in table.rows
    ]
    assert found == [[(label, x, y, w, h)] for x, y, w, h, label in rows]
    assert [row.line for row in table.rows] == list(range(1, len(rows) + 1))

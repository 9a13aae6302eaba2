"""Cells of a CSV: no spreadsheet runs one, numbers stay numbers, and every text is read back."""

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.pictures.box import Box
from core.data.tables.csv_cells import as_csv, as_row, neutralize, restore
from core.data.tables.label_rows import LabelRow
from core.data.tables.labels_csv import marked_in_words, marked_texts, read_labels, write_labels
from core.data.tables.questions import Asking
from core.inspection.measuring import predictions_csv
from core.inspection.predicting.predictions import FilePrediction, Prediction, csv_of

FORMULAS = ("=1+1", "+cmd", "-1+1", "@SUM(A1)", "-inf", "-1-1", "+1%", "\uff1d1+1", "\uff0bx", "\uff0dx", "\uff20x")
NUMBERS = ("-1", "+1", "-3.25", "1e5", "-2e-07", "-.5", "007", "-1.")

# The same words as in the module, written in another way: what is left must not begin a formula.
_HARMLESS = re.compile(r"(?![=+\-@\t\r\uff1d\uff0b\uff0d\uff20])|[+-][0-9.]+(e[+-]?[0-9]+)?\Z", re.IGNORECASE)

TEXT = st.text(
    st.sampled_from("=+-@'0123.e\t\r\n \uff1d\uff20x") | st.characters(exclude_categories=["Cs"]), max_size=8
)


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@given(TEXT)
@settings(max_examples=400, deadline=None)
def test_every_text_is_read_back_and_none_begins_a_formula(text: str) -> None:
    cell = neutralize(text)
    assert restore(cell) == text
    assert _HARMLESS.match(cell)
    assert cells(as_row([text, "x"])) == [[cell, "x"]]


def test_only_what_may_be_a_formula_gets_an_apostrophe() -> None:
    assert [neutralize(text) for text in FORMULAS] == [f"'{text}" for text in FORMULAS]
    assert [neutralize(text) for text in NUMBERS] == list(NUMBERS)
    assert neutralize("owl-1") == "owl-1" and neutralize("'s Gravenhage") == "'s Gravenhage"


def test_numbers_that_earlier_versions_marked_are_read() -> None:
    assert [restore(f"'{text}") for text in ("-3", "-1", "+1")] == ["-3", "-1", "+1"]
    table = read_labels(b"filename,label,x,y,width,height\na.png,'-1,'-3,0,5,5\n")
    (row,) = table.rows
    assert (row.label, row.box) == ("-1", Box(-3, 0, 5, 5)) and not table.problems


def test_a_class_with_an_apostrophe_and_a_number_is_not_that_number() -> None:
    assert neutralize("'-1") == "''-1"
    assert [restore(neutralize(text)) for text in ("'-1", "-1")] == ["'-1", "-1"]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.sampled_from(("-1", "=x", "owl")))
@settings(max_examples=60, deadline=None)
def test_boxes_in_labels_csv_are_numbers_for_every_program(x: float, y: float, label: str) -> None:
    written = write_labels([LabelRow(2, "=f.png", label, None, Box(x, y, 2, 3))])
    frame = pd.read_csv(io.StringIO(written))
    assert frame[["x", "y", "width", "height"]].to_numpy(float).tolist() == [[x, y, 2, 3]]
    assert str(frame.loc[0, "label"]) == {"=x": "'=x"}.get(label, label)
    (row,) = read_labels(written.encode(), asking=Asking({"label-numbers": "apart"})).rows
    assert (row.filename, row.label, row.box) == ("=f.png", label, Box(x, y, 2, 3))


def test_tables_for_people_follow_the_same_rule(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"filename": ["-1+1.jpg", "a, b.jpg"], "label": ["-1", None], "x": [-1.5, float("nan")], "loss": [-2e-7, 1]}
    )
    assert as_csv(table) == 'filename,label,x,loss\n\'-1+1.jpg,-1,-1.5,-2e-07\n"a, b.jpg",,,1.0\n'
    answer = FilePrediction("=f.png", Prediction((("-1", 0.75), ("=x", 0.25)), box=Box(-3.0, 0.0, 4.0, 5.0)))
    assert cells(csv_of([answer]))[1] == [
        "'=f.png",
        "-1",
        "0.750000",
        "'=x",
        "0.250000",
        "-3.00",
        "0.00",
        "4.00",
        "5.00",
    ]
    frame = pd.DataFrame(
        {"filename": ["=f.png"], "label": ["-1"], "prediction": ["=x"], "probability": [0.5], "x": [-3.0]}
    )
    predictions_csv.write(frame, tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text().splitlines()[1] == '"\'=f.png","-1","\'=x",0.5,-3.0'
    back = predictions_csv.read(tmp_path / "p.csv")
    assert back[["filename", "label", "prediction"]].to_numpy().tolist() == [["=f.png", "-1", "=x"]]


@pytest.mark.parametrize("value", [-3, -2.5, float("-inf"), True])
def test_a_value_that_is_no_text_is_never_marked(value: object) -> None:
    assert as_row([value]) == f"{value}\n"


def test_what_has_an_apostrophe_is_said() -> None:
    rows = [
        LabelRow(2, "=f.png", "-1", "train", Box(-3, 0, 4, 5), group="@g", tags=("+a", "b")),
        LabelRow(3, "a.png", "=x", None, None),
        LabelRow(4, "b.png", "=x", None, None),
    ]
    texts = marked_texts(rows)
    assert texts == ["=f.png", "@g", "+a; b", "=x"]
    cells_written = {cell for line in cells(write_labels(rows)) for cell in line}
    assert {cell for cell in cells_written if cell.startswith("'")} == {f"'{text}" for text in texts}
    assert marked_texts(rows, filenames=False) == texts[1:]
    assert marked_in_words(texts[3:]).startswith("1 text has an apostrophe in front in labels.csv")
    assert "=f.png, @g, +a; b, =x. An import removes" in marked_in_words(texts)
    assert marked_in_words([]) == "" and marked_in_words(["=x"] * 7).count("=x") == 5

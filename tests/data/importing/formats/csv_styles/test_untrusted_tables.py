"""Tables of strangers: whatever stands in them is a table or one plain sentence, in a short time."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.formats.csv_styles.read_table import read_table, read_tool_table
from core.data.tables.questions import Asking
from core.errors import LabelsError
from tests.data.importing.formats.csv_styles.tables import labels, photos, planned

CELLS = st.sampled_from(
    (
        *(
            "TRAIN",
            "gs://b/a.png",
            "a.png",
            "owl",
            "0.5",
            "1",
            "0",
            "",
            "[1, 2, 3, 4]",
            "['a', 'b']",
            "a|b",
            "/m/01g317",
        ),
        *('"', "x\ny", "image_id", "bbox", "label", "labels", "ImageID", "LabelName", "XMin", "is_valid", "MEL", "NV"),
        *("id", "width", "nan"),
    )
)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=8), min_size=1, max_size=6)


@settings(max_examples=250, deadline=None)
@given(rows=ROWS, mark=st.sampled_from(",;\t"))
def test_whatever_the_cells_are_it_is_a_table_or_a_sentence(rows: list[list[str]], mark: str) -> None:
    text = "\n".join(mark.join(row) for row in rows).encode()
    others = {"classes.csv": lambda: b"owl,0\n", "names.csv": lambda: b"/m/01g317,Person\n"}
    for read in (
        lambda: read_table(text, "t.csv", None, Asking(), {}, others),
        lambda: read_tool_table(text, "t.csv", Asking(), {}, others, set()),
        lambda: read_tool_table(text, "t.jsonl", Asking(), {}, others, set()),
    ):
        try:
            table = read()
        except LabelsError as error:
            assert str(error)
            continue
        if table is not None:
            names = [row.filename for row in table.rows]
            assert len({*names}) == len(names)
            last = text.count(b"\n") + 1
            assert all(one.line is None or 0 < one.line <= last for one in table.problems)
            assert all(0 < row.line <= last for row in table.rows)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_sentence(data: bytes) -> None:
    try:
        read_table(data, "t.csv", None, Asking())
    except LabelsError as error:
        assert str(error)


@pytest.mark.parametrize(
    "text",
    [
        "TRAIN,gs://b/a.png," + "x," * 500_000,
        "image," + ",".join(f"c{n}" for n in range(2_000)) + "\n" + ("a" + ",0" * 2_000 + "\n") * 200,
        "image_id,bbox\n" + "a,[" + "1," * 300_000 + "]\n",
        "image_name,tags\n" + "".join(f"{n},{' '.join(f't{n + k}' for k in range(20))}\n" for n in range(5_000)),
    ],
)
def test_large_tables_take_seconds_and_not_minutes(text: str) -> None:
    start = time.process_time()
    try:
        read_table(text.encode(), "t.csv", None, Asking())
    except LabelsError as error:
        assert len(str(error)) < 2_000
    assert time.process_time() - start < 10


def test_many_combinations_are_no_many_classes() -> None:
    rows = "".join(f"{n},t{n} t{n + 1}\n" for n in range(2_000))
    with pytest.raises(LabelsError, match=r"2,000 classes; at most 1,000"):
        read_table(f"image_name,tags\n{rows}".encode(), "t.csv", None, Asking({"several-labels": "joined"}))
    table = read_table(f"image_name,tags\n{rows}".encode(), "t.csv", None, Asking({"several-labels": "single"}))
    assert len(table.rows) == 2_000 and all(row.label is None for row in table.rows)


def test_tables_called_labels_in_folders_of_splits(tmp_path: Path) -> None:
    files = {**photos("train/a.png", "test/b.png")}
    files |= {"train/labels.csv": "filename,label\na.png,owl\n", "test/labels.csv": "filename,label\nb.png,duck\n"}
    plan = planned(tmp_path, files)
    assert labels(plan) == {"train/a.png": ("owl", "train"), "test/b.png": ("duck", "test")}


def test_a_line_break_in_the_header_does_not_move_the_lines() -> None:
    table = read_table(b'id,breed,"a\nnote"\n7a,pug,\n8b,,\n', "t.csv", None, Asking())
    assert [(row.filename, row.line) for row in table.rows] == [("7a", 3), ("8b", 4)]
    assert [one.line for one in table.problems if not one.harmless] == [4]

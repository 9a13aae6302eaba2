"""labels.csv: usual variants are understood, problems are reported with their line, and nothing is lost."""

import codecs
import csv
import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.pictures.box import Box
from core.data.tables.csv_cells import neutralize, restore
from core.data.tables.label_rows import BoxFrame
from core.data.tables.labels_csv import LabelRow, LabelTable, match_files, read_labels, split_named, write_labels
from core.data.tables.names import without_invisible
from core.data.tables.questions import Asking
from core.errors import LabelsError, QuestionsOpen


def read(text: str) -> LabelTable:
    return read_labels(text.encode())


def said(table: LabelTable) -> list[str]:
    return [str(problem) for problem in table.problems]


def labels_of(table: LabelTable) -> dict[str, str | None]:
    return {row.filename: row.label for row in table.rows}


def row(filename: str, label: str | None = None, split: str | None = None, box: Box | None = None) -> LabelRow:
    return LabelRow(0, filename, label, split, box)


# Formats


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, line_end: str) -> None:
    lines = [delimiter.join(cells) for cells in (["filename", "label"], ["a.jpg", "owl"], ["b 2.jpg", "bird of prey"])]
    table = read_labels((line_end.join(lines) + line_end).encode())
    assert labels_of(table) == {"a.jpg": "owl", "b 2.jpg": "bird of prey"}
    assert [row.line for row in table.rows] == [2, 3]
    assert table.problems == ()


@pytest.mark.parametrize(
    ("encode", "remarks"),
    [
        (lambda text: text.encode("utf-8"), 0),
        (lambda text: codecs.BOM_UTF8 + text.encode("utf-8"), 0),
        (lambda text: text.encode("utf-16"), 0),
        (lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"), 0),
        (lambda text: text.encode("latin-1"), 1),
        (lambda text: text.encode("cp1252"), 1),
    ],
)
def test_encodings(encode: "object", remarks: int) -> None:
    assert callable(encode)
    table = read_labels(encode("filename,label\ngrün.jpg,Käuzchen\n"))
    assert labels_of(table) == {"grün.jpg": "Käuzchen"}
    assert len(table.problems) == remarks
    if remarks:
        assert "was read as Western European (cp1252, Windows)" in said(table)[0]


def test_curly_quotes_and_undefined_bytes_of_windows_are_read() -> None:
    windows = Asking({"encoding": "cp1252"})
    table = read_labels(b"filename,label\na.jpg,\x93owl\x94\nb.jpg,\xe9\n", asking=windows)
    assert labels_of(table) == {"a.jpg": "“owl”", "b.jpg": "é"}
    mac = Asking({"encoding": "mac_roman"})
    assert labels_of(read_labels(b"filename,label\na.jpg,\x81\xe9\n", asking=mac)) == {"a.jpg": "ÅÈ"}


@pytest.mark.parametrize("file", ["filename", "file_name", "image", "path", "File Name", " FILENAME "])
@pytest.mark.parametrize("label", ["label", "class", "category", "target", "Label"])
def test_names_of_columns(file: str, label: str) -> None:
    table = read(f"{label},note,{file}\nowl,seen at dusk,a.jpg\n")
    assert labels_of(table) == {"a.jpg": "owl"}
    assert table.ignored_columns == ("note",)
    assert said(table) == ["line 1: unused columns: note"]


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("val", "val"),
        ("valid", "val"),
        ("VALIDATION", "val"),
        ("dev", "val"),
        ("test", "test"),
        (" testing ", "test"),
        ("", None),
        ("holdout", None),
    ],
)
def test_words_for_splits(word: str, split: str | None) -> None:
    assert split_named(word) == split
    table = read(f"filename,label,split\na.jpg,owl,{word}\n")
    assert table.rows[0].split == split
    assert len(table.problems) == (word == "holdout")
    if table.problems:
        assert said(table) == ['line 2: unknown split "holdout", so no split is set; use train, val or test']


def test_quotation_marks_blanks_and_empty_lines() -> None:
    table = read('\nfilename, label\n"a, b.jpg", "an ""owl"""\n\n , \n"two\nlines.jpg",duck\nc.jpg,owl\n')
    assert labels_of(table) == {"a, b.jpg": 'an "owl"', "two\nlines.jpg": "duck", "c.jpg": "owl"}
    assert [row.line for row in table.rows] == [3, 6, 8]
    assert table.problems == ()


def test_the_first_line_that_excel_writes_is_skipped() -> None:
    table = read("sep=;\nfilename;label\na,1.jpg;owl\n")
    assert labels_of(table) == {"a,1.jpg": "owl"}


def test_a_file_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("filename,label\na.jpg,owl\n")
    assert labels_of(read_labels(path)) == {"a.jpg": "owl"}
    with pytest.raises(LabelsError, match=r"labels\.csv cannot be read"):
        read_labels(tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "mine.csv is empty. Its first line must name the columns, for example: filename,label"),
        (b"\n \n", "is empty"),
        (b"a.jpg,owl\nb.jpg,duck\n", r"begins with data \(line 1: a.jpg, owl\).* Add the line filename,label above it"),
        (b"id;species\n1;owl\n", r"has the columns id, species\. It needs one for the file \(filename, "),
        (b"filename\na.jpg\n", "needs one for the file .* and one for the label"),
        (b"PK\x03\x04...", "is an Excel workbook"),
        (b"filename,label\n\0\1\2", "is not a text file"),
        (b"{" * 300_000, "has the columns"),
    ],
)
def test_where_no_table_can_be_made_the_error_says_what_to_write(data: bytes, message: str) -> None:
    with pytest.raises(LabelsError, match=message):
        read_labels(data, "mine.csv")


# Rows


def test_rows_with_too_few_or_too_many_cells() -> None:
    table = read("filename,label,split\na.jpg,owl\nb.jpg\nc,d.jpg,owl,train\ne.jpg,owl,,,\n,owl,\n")
    assert labels_of(table) == {"a.jpg": "owl", "b.jpg": None, "e.jpg": "owl"}
    assert said(table) == [
        "line 2: 2 cells instead of 3; the missing cells are read as empty",
        "line 3: 1 cell instead of 3; the missing cells are read as empty",
        "line 3: no label; b.jpg counts as unlabelled",
        "line 4: 4 cells instead of 3, so the row is skipped; "
        "put quotation marks around a name that contains the delimiter",
        "line 6: no file name, so the row is skipped",
    ]


def test_quotation_marks_that_do_not_fit() -> None:
    table = read('filename,label\n"a".jpg,owl\nb.jpg,owl\n"c.jpg,owl\nd.jpg,owl\n')
    assert labels_of(table) == {"b.jpg": "owl"}
    assert [problem.line for problem in table.problems] == [2, 4]
    assert "never closed" in said(table)[1]


def test_an_empty_label_is_unlabelled_and_said() -> None:
    table = read("filename,label\na.jpg,\nb.jpg,  \n")
    assert labels_of(table) == {"a.jpg": None, "b.jpg": None}
    assert said(table)[0] == "line 2: no label; a.jpg counts as unlabelled"
    assert len(table.problems) == 2


def test_two_labels_for_one_image_use_neither() -> None:
    table = read("filename,label\na.jpg,owl\nb.jpg,owl\na.jpg,duck\n")
    assert labels_of(table) == {"b.jpg": "owl"}
    assert said(table) == [
        'line 4: a.jpg has two labels, "owl" (line 2) and "duck" (line 4); neither is used. '
        "If they are two photos, write their folders into the file names (folder/photo.jpg); else delete the wrong row"
    ]


def test_repeated_rows_become_one() -> None:
    table = read("filename,label\na.jpg,owl\na.jpg,owl\nb.jpg,\nb.jpg,duck\n")
    assert labels_of(table) == {"a.jpg": "owl", "b.jpg": "duck"}
    assert "line 3: a.jpg is in lines 2 and 3; one row is kept" in said(table)


def test_an_image_in_several_splits_stays_in_the_strictest() -> None:
    table = read("filename,label,split\na.jpg,owl,train\na.jpg,owl,test\nb.jpg,owl,train\nb.jpg,owl,val\n")
    assert [(row.filename, row.split) for row in table.rows] == [("a.jpg", "test"), ("b.jpg", "val")]
    assert said(table)[0].endswith("one row is kept, in test, because a photo must not be in several splits")


def test_labels_that_differ_only_by_case_are_named_with_their_lines_and_what_is_done() -> None:
    rows = "a.jpg,owl\nb.jpg,Owl\nc.jpg,owl\nd.jpg,bird  of prey\ne.jpg,bird of prey\nf.jpg,birdofprey\n"
    table = read(f"filename,label\n{rows}")
    assert labels_of(table)["b.jpg"] == "Owl"
    assert said(table) == [
        'line 3: the label "Owl" differs from "owl" (line 2) only by case',
        'line 6: the label "bird of prey" differs from "bird  of prey" (line 5) only by case, spaces or the encoding '
        "of accents; both count as one class",
        'line 7: the label "birdofprey" differs from "bird  of prey" (line 5) only by case, spaces or the encoding '
        "of accents; spell both the same way if they are one class",
    ]


def test_labels_that_differ_only_by_blanks_around_them_become_one() -> None:
    table = read("filename,label\na.jpg,owl\nb.jpg, owl\nc.jpg,owl \n")
    assert set(labels_of(table).values()) == {"owl"}
    assert said(table) == [
        'line 3: the label " owl" differs from "owl" (line 2) only by spaces around it; both are read as owl',
        'line 4: the label "owl " differs from "owl" (line 2) only by spaces around it; both are read as owl',
    ]


def test_problems_come_in_the_order_of_their_lines() -> None:
    table = read("filename,label,split,x1\na.jpg,owl,holdout,\nb.jpg,,,\na.jpg,duck,,\nc.jpg,OWL,,\n")
    lines = [problem.line for problem in table.problems]
    assert lines == sorted(line for line in lines if line is not None)
    assert len(lines) == 5


# Boxes


def test_boxes_by_sides_and_by_corners() -> None:
    sides = read("filename,label,x,y,width,height\na.jpg,owl,1,2.5,30,40\nb.jpg,owl,,,,\n")
    assert [row.box for row in sides.rows] == [Box(1, 2.5, 30, 40), None]
    corners = read("filename;width;height;class;xmin;ymin;xmax;ymax\na.jpg;640;480;owl;1;2,5;31;42,5\n")
    assert corners.rows[0].box == Box(1, 2.5, 30, 40)
    assert corners.rows[0].frame == BoxFrame((640, 480)) and corners.ignored_columns == ()


@pytest.mark.parametrize("box", ["1,2,x,4", "1,2,nan,4", "1,2,inf,4", "1,2,,4", "1,2,0,4", "1,2,3,-4"])
def test_a_box_that_is_none_is_left_out_and_said(box: str) -> None:
    table = read(f"filename,label,x,y,width,height\na.jpg,owl,{box}\n")
    assert table.rows[0].box is None
    assert labels_of(table) == {"a.jpg": "owl"}
    assert len(table.problems) == 1


@pytest.mark.parametrize(
    ("columns", "box", "reason"),
    [
        ("xmin,ymin,xmax,ymax", "30,4,3,40", "has its corners swapped"),
        ("x,y,width,height", "1,2,3,-4", "has a negative width or height"),
        ("x,y,width,height", "1,2,0,4", "has no area"),
        ("xmin,ymin,xmax,ymax", "1,2,1,4", "has no area"),
        ("xmin,ymin,xmax,ymax", "1,2,nan,4", "is not four numbers"),
    ],
)
def test_a_bad_box_is_told_with_its_line_and_reason(columns: str, box: str, reason: str) -> None:
    table = read(f"filename,label,{columns}\na.jpg,owl,{box}\nb.jpg,owl,1,2,30,40\n")
    assert said(table) == [f"line 2: the box ({', '.join(box.split(','))}) {reason}; the box is skipped"]
    assert [row.box is None for row in table.rows] == [True, False]


def test_of_several_boxes_the_largest_counts_and_all_are_kept() -> None:
    table = read("filename,label,x,y,width,height\na.jpg,owl,1,2,3,4\na.jpg,duck,5,6,7,8\na.jpg,owl,1,2,3,4\n")
    (only,) = table.rows
    assert (only.label, only.box) == ("duck", Box(5, 6, 7, 8))
    assert [(one.label, one.box, one.line) for one in only.objects] == [
        ("owl", Box(1, 2, 3, 4), 2),
        ("duck", Box(5, 6, 7, 8), 3),
        ("owl", Box(1, 2, 3, 4), 4),
    ]
    assert said(table) == ["line 4: a.jpg has the same box as in line 2; both are kept"]
    again = read(write_labels(table.rows))
    assert [(one.label, one.box) for one in again.rows[0].objects] == [(one.label, one.box) for one in only.objects]


def test_a_bad_box_beside_a_good_one_is_no_second_label() -> None:
    table = read("filename,label,x,y,width,height\na.jpg,duck,1,2,0,4\na.jpg,owl,5,6,7,8\n")
    assert (table.rows[0].label, table.rows[0].box, table.rows[0].objects) == ("owl", Box(5, 6, 7, 8), ())
    assert len(table.problems) == 2


# Writing


def test_the_exported_table_is_this_text() -> None:
    rows = [row("a.jpg", "owl", "train"), row("b, c.jpg"), row("=d.jpg", "-5", "test")]
    assert write_labels(rows) == 'filename,label,split\na.jpg,owl,train\n"b, c.jpg",,\n\'=d.jpg,-5,test\n'
    boxed = [row("a.jpg", "owl", None, Box(1, 2.5, 30, 40)), row("b.jpg", "owl")]
    assert write_labels(boxed) == ("filename,label,split,x,y,width,height\na.jpg,owl,,1,2.5,30,40\nb.jpg,owl,,,,,\n")
    assert write_labels([]) == "filename,label,split\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n@", "'=", "''-"])
def test_no_exported_cell_is_a_formula(start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    exported = write_labels([row(text, text)])
    for cell in list(csv.reader(io.StringIO(exported, newline="")))[1][:2]:
        assert cell.startswith("'")
    back = read(exported).rows[0]
    assert (back.filename, back.label) == (text, text)


def test_apostrophes_of_people_stay() -> None:
    for text in ("'s Gravenhage", "'quoted'", "rock 'n' roll", "'"):
        assert neutralize(text) == text
        assert restore(text) == text
    assert restore("'-5") == "-5"
    assert restore(" '-5 ") == "-5"


# Everything a file or class may be called, with the marks that matter to CSV and spreadsheets drawn often.
TEXT = st.text(
    st.sampled_from("=+-@'\t\r\n ,;\"ab\\/.\u2028\x85\ufeff")
    | st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    min_size=1,
    max_size=12,
)
NUMBER = st.floats(-1e6, 1e6)
SIZE = st.floats(1e-3, 1e6)
ROW = st.builds(
    row,
    TEXT,
    st.none() | TEXT,
    st.sampled_from([None, "train", "val", "test"]),
    st.none() | st.builds(Box, NUMBER, NUMBER, SIZE, SIZE),
)


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_every_text_survives_a_cell(text: str) -> None:
    assert restore(neutralize(text)) == text


@settings(max_examples=400, deadline=None)
@given(st.lists(ROW, max_size=5, unique_by=lambda drawn: drawn.filename), st.booleans())
def test_export_and_import_lose_nothing(rows: list[LabelRow], with_bom: bool) -> None:
    data = write_labels(rows).encode("utf-8-sig" if with_bom else "utf-8")
    table = read_labels(data, asking=Asking({"empty-word": "class", "label-numbers": "apart"}))
    # A project has no class with characters that nobody sees.
    rows = [replace(drawn, label=without_invisible(drawn.label or "") or None) for drawn in rows]
    assert [(back.filename, back.label, back.split, back.box) for back in table.rows] == [
        (drawn.filename, drawn.label, drawn.split, drawn.box) for drawn in rows
    ]
    assert write_labels(table.rows) == write_labels(rows)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | TEXT.map(lambda text: f"filename,label\n{text}".encode()))
def test_any_bytes_give_a_table_or_a_labels_error(data: bytes) -> None:
    try:
        table = read_labels(data)
    except (LabelsError, QuestionsOpen) as error:
        assert str(error)
    else:
        assert len({row.filename for row in table.rows}) == len(table.rows)


# Matching with files


def matched(csv_names: list[str], files: list[str]) -> tuple[dict[str, str], list[str]]:
    table = LabelTable(tuple(LabelRow(2 + n, name, "owl", None, None) for n, name in enumerate(csv_names)), (), ())
    found, problems = match_files(table, files)
    return {csv_names[line - 2]: file for line, file in found.items()}, [str(problem) for problem in problems]


def test_the_exact_path_comes_first() -> None:
    assert matched(["a.jpg", "owl/a.jpg"], ["a.jpg", "owl/a.jpg"]) == (
        {"a.jpg": "a.jpg", "owl/a.jpg": "owl/a.jpg"},
        [],
    )


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("a.jpg", "images/a.jpg"),
        ("images/a.jpg", "a.jpg"),
        ("C:\\data\\owl\\a.jpg", "owl/a.jpg"),
        ("./a.jpg", "a.jpg"),
        ("owl\\a.jpg", "owl/a.jpg"),
        ("grün.jpg", "gru\u0308n.jpg"),
    ],
)
def test_other_ways_to_write_a_path(written: str, file: str) -> None:
    assert matched([written], [file]) == ({written: file}, [])


def test_equal_base_names_are_told_apart_by_their_folders() -> None:
    files = ["set/owl/1.jpg", "set/duck/1.jpg"]
    assert matched(["owl/1.jpg", "duck/1.jpg"], files) == (
        {"owl/1.jpg": "set/owl/1.jpg", "duck/1.jpg": "set/duck/1.jpg"},
        [],
    )
    found, problems = matched(["1.jpg"], files)
    assert found == {}
    assert problems[0] == "line 2: 1.jpg could be set/owl/1.jpg, set/duck/1.jpg; write the path in the table"


def test_missing_files_and_files_without_a_row() -> None:
    assert matched(["a.jpg", "b.jpg"], ["a.jpg", "c.jpg"]) == (
        {"a.jpg": "a.jpg"},
        [
            "line 3: b.jpg is not among the files; add the photo or delete the row",
            "c.jpg has no usable row in the table, so it has no label",
        ],
    )


def test_a_name_in_another_case_is_taken_and_said() -> None:
    assert matched(["IMG_1.jpg"], ["IMG_1.JPG"]) == (
        {"IMG_1.jpg": "IMG_1.JPG"},
        ["line 2: IMG_1.jpg is matched with IMG_1.JPG: only the case differs"],
    )


def test_two_rows_never_share_a_file() -> None:
    found, problems = matched(["x/a.jpg", "y/a.jpg"], ["a.jpg"])
    assert found == {}
    assert "both match a.jpg" in problems[0]
    found, problems = matched(["old/a.jpg", "a.jpg"], ["a.jpg"])
    assert found == {"a.jpg": "a.jpg"}
    assert problems == ["line 2: old/a.jpg is not among the files (a.jpg belongs to line 3)"]


@pytest.mark.parametrize("folder", ["set/", "other/"])
def test_ten_thousand_rows_of_one_base_name_are_matched_quickly(folder: str) -> None:
    table = read(write_labels([row(f"set/{number}/photo.jpg", "owl") for number in range(10_000)]))
    start = time.process_time()
    found, problems = match_files(table, [f"{folder}{number}/photo.jpg" for number in range(10_000)])
    assert time.process_time() - start < 5
    assert (len(found), len(problems)) == ((10_000, 0) if folder == "set/" else (0, 20_000))


def test_ids_without_suffix_are_matched_to_their_photos() -> None:
    table = read("filename,label\nid_1,owl\nid_2,duck\n0.123,owl\ntrain/7,owl\n")
    files = ["id_1.jpg", "id_2.PNG", "deep/0.123.jpeg", "x/train/7.jpg"]
    matched, problems = match_files(table, files)
    assert matched == dict(zip((2, 3, 4, 5), files, strict=True))
    assert [(str(one), one.harmless) for one in problems] == [
        ("line 2: 4 names have no suffix; each is matched with its photo, such as id_1 with id_1.jpg", True)
    ]


@pytest.mark.parametrize(
    ("name", "files", "words"),
    [
        ("id_1", ["id_1.jpg", "id_1.png"], "id_1 could be id_1.jpg, id_1.png"),
        ("other/8", ["a/8.jpg"], "other/8 is not among the files"),
        ("a.png", ["a.png.jpg"], "a.png is not among the files"),
        ("id_2", ["id_22.jpg"], "id_2 is not among the files"),
    ],
)
def test_ids_that_do_not_name_one_photo_are_problems(name: str, files: list[str], words: str) -> None:
    matched, problems = match_files(read(f"filename,label\n{name},owl\n"), files)
    assert not matched and words in str(problems[0])


def test_a_file_with_exactly_the_name_comes_before_an_id() -> None:
    table = read("filename,label\na,owl\n")
    assert match_files(table, ["a", "a.jpg"])[0] == {2: "a"}


def test_a_table_of_millions_of_rows_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(LabelsError, match="more than 1,000,000 rows"):
        read_labels(b"filename,label\n" + b"a,b\n" * 1_000_001)


def test_a_row_that_ends_before_its_box_is_read_without_one() -> None:
    table = read("filename,label,x,y,width,height\na.jpg,owl,1,2\nb.jpg,owl\n")
    assert [(row.filename, row.box) for row in table.rows] == [("a.jpg", None), ("b.jpg", None)]
    assert "line 2: 4 cells instead of 6; the missing cells are read as empty" in said(table)

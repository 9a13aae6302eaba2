"""Boxes in columns of any name: read, or a problem that nobody can overlook."""

import pytest

from core.data.pictures.box import Box
from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.questions import Asking


def read(columns: str, *rows: str) -> LabelTable:
    lines = [f"filename,label,{columns}", *(f"{place}.png,owl,{row}" for place, row in enumerate(rows))]
    return read_labels("\n".join(lines).encode(), asking=Asking())


@pytest.mark.parametrize(
    "columns",
    [
        "startX,startY,endX,endY",
        "start_x,start_y,end_x,end_y",
        "ul_x,ul_y,lr_x,lr_y",
        "tl_x,tl_y,br_x,br_y",
        "x_tl,y_tl,x_br,y_br",
        "topleft_x,topleft_y,bottomright_x,bottomright_y",
        "upper_left_x,upper_left_y,lower_right_x,lower_right_y",
        "upper_left_x,upper_left_y,bottom_right_x,bottom_right_y",
        "UpperLeftX,UpperLeftY,LowerRightX,LowerRightY",
        "TopLeft X,TopLeft Y,BottomRight X,BottomRight Y",
        "x0,y0,x1,y1",
        "left,top,right,bottom",
        "bounding_box_xmin,bounding_box_ymin,bounding_box_xmax,bounding_box_ymax",
        "xleft,ytop,xright,ybottom",
    ],
)
def test_two_corners_are_read_whatever_they_are_called(columns: str) -> None:
    table = read(columns, "10,20,40,60")
    assert table.rows[0].box == Box(10, 20, 30, 40)
    assert table.problems == () and table.ignored_columns == ()


@pytest.mark.parametrize(
    "columns",
    [
        "bb_x1,bb_y1,bb_width,bb_height",
        "bbox_x1,bbox_y1,bbox_w,bbox_h",
        "upper_left_x,upper_left_y,width,height",
        "tl_x,tl_y,w,h",
        "startX,startY,width,height",
    ],
)
def test_a_corner_and_a_size_are_read_whatever_they_are_called(columns: str) -> None:
    table = read(columns, "10,20,30,40")
    assert table.rows[0].box == Box(10, 20, 30, 40)
    assert table.problems == () and table.ignored_columns == ()


@pytest.mark.parametrize(
    "columns",
    [
        "x_a,y_a,x_b,y_b",
        "noseX,noseY,tailX,tailY",
        "xMinPx,yMinPx,xMaxPx,yMaxPx",
        "left px,top px,right px,bottom px",
        "rect x pos,rect y pos,rect width px,rect height px",
        "x_min_mm,x_max_mm,y_min_mm,y_max_mm",
    ],
)
def test_four_columns_of_numbers_that_may_be_a_box_are_a_problem(columns: str) -> None:
    """They were "unused columns", a remark, and the boxes were lost."""
    table = read(f"note,{columns}", "a,10,20,40,60", "b,1,2,4,6")
    (problem,) = [one for one in table.problems if not one.harmless]
    shown = ", ".join(columns.split(","))
    assert problem.text == (
        f"the columns {shown} may hold a box, which is not read; call those of a box xmin, ymin, xmax and ymax"
    )
    assert [one.text for one in table.problems if one.harmless] == ["unused columns: note"]
    assert [row.box for row in table.rows] == [None, None]


def test_points_beside_a_box_are_said() -> None:
    table = read("x,y,width,height,eye_x,eye_y,ear_x,ear_y", "10,20,30,40,1,2,3,4")
    assert table.rows[0].box == Box(10, 20, 30, 40)
    (problem,) = table.problems
    assert "eye_x, eye_y, ear_x, ear_y may hold further boxes or points" in problem.text and not problem.harmless


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("a_x,a_y,b_x", "1,2,3"),
        ("a_x,a_y,b_x,b_y", "one,two,three,four"),
        ("a_x,a_y,b_x,b_y", ",,,"),
        ("a_x,a_y,b_x,b_y", "1,2,3,four"),
        ("exp,yard,hxw,wide", "1,2,3,4"),
    ],
)
def test_fewer_columns_words_and_other_names_are_unused_columns(columns: str, row: str) -> None:
    table = read(columns, row)
    assert [str(one) for one in table.problems] == [f"line 1: unused columns: {', '.join(columns.split(','))}"]


@pytest.mark.parametrize(
    ("cell", "mark", "thousands", "decimals"),
    [("1.000", "point", "comma", "point"), ("1,000", "comma", "point", "comma")],
)
def test_the_question_is_about_the_mark_that_is_there(cell: str, mark: str, thousands: str, decimals: str) -> None:
    """A table with 1.000 was asked about its comma."""
    text = f"filename;label;xmin;ymin;xmax;ymax\na.png;owl;{cell};1;{cell.replace('1', '2')};5\n"
    asking = Asking()
    read_labels(text.encode(), asking=asking)
    (question,) = asking.open
    assert f"Does the {mark} separate thousands or decimals?" in question.text
    labels = {one.key: one.label for one in question.choices}
    assert labels[thousands] == f"Thousands: {cell} is 1000" and labels[decimals] == f"Decimals: {cell} is 1"
    boxes = {}
    for answer in (thousands, decimals):
        table = read_labels(text.encode(), asking=Asking({"decimal-mark": answer}))
        boxes[answer] = table.rows[0].box
    assert boxes == {thousands: Box(1000, 1, 1000, 4), decimals: Box(1, 1, 1, 4)}


def test_no_right_row_is_to_be_deleted_where_a_name_fits_two_photos() -> None:
    rows = "001.png,sick,p1\n001.png,healthy,p2\n"
    table = read_labels(f"filename,label,patient\n{rows}".encode())
    (problem,) = [one for one in table.problems if not one.harmless]
    assert "If they are two photos, write their folders into the file names (folder/photo.jpg)" in problem.text
    table = read_labels(b"filename,label,patient\n001.png,sick,p1\n001.png,sick,p2\n")
    texts = [one.text for one in table.problems if not one.harmless]
    assert any("two groups" in text and "If they are two photos" in text for text in texts)

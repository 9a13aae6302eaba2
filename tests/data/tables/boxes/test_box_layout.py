"""The columns of a box by their usual names: corners, corner and size, centre and size, and the photo's size."""

import pytest

from core.data.pictures.box import Box
from core.data.tables.boxes.box_layout import find_box_columns
from core.data.tables.label_rows import BoxFrame
from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.questions import Asking


def read(columns: str, *rows: str) -> LabelTable:
    lines = [f"filename,label,{columns}", *(f"{place}.png,owl,{row}" for place, row in enumerate(rows))]
    return read_labels("\n".join(lines).encode(), asking=Asking())


def said(table: LabelTable) -> list[str]:
    return [str(one) for one in table.problems]


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("x,y,width,height", "10,20,30,40"),
        ("x,y,w,h", "10,20,30,40"),
        ("xmin,ymin,width,height", "10,20,30,40"),
        ("x1,y1,width,height", "10,20,30,40"),
        ("x1,y1,x2,y2", "10,20,40,60"),
        ("x0,y0,x1,y1", "10,20,40,60"),
        ("left,top,right,bottom", "10,20,40,60"),
        ("Left,Top,Width,Height", "10,20,30,40"),
        ("XMin,XMax,YMin,YMax", "10,40,20,60"),
        ("Roi.X1,Roi.Y1,Roi.X2,Roi.Y2", "10,20,40,60"),
        ("x_min,y_min,x_max,y_max", "10,20,40,60"),
        ("xtl,ytl,xbr,ybr", "10,20,40,60"),
        ("bbox_x,bbox_y,bbox_w,bbox_h", "10,20,30,40"),
        ("bbox_x,bbox_y,bbox_width,bbox_height", "10,20,30,40"),
        ("bbox_xmin,bbox_ymin,bbox_xmax,bbox_ymax", "10,20,40,60"),
        ("x_center,y_center,width,height", "25,40,30,40"),
        ("cx,cy,w,h", "25,40,30,40"),
        ("center x,center y,width,height", "25,40,30,40"),
    ],
)
def test_boxes_are_read_whatever_their_columns_are_called(columns: str, cells: str) -> None:
    table = read(columns, cells)
    assert table.rows[0].box == Box(10, 20, 30, 40)
    assert table.problems == () and table.ignored_columns == ()


@pytest.mark.parametrize(
    ("columns", "there", "missing"),
    [
        ("xmin,ymin,xmax", "columns xmin, ymin and xmax belong", "ymax is missing"),
        ("xmin,ymin,xmax,width,height", "columns xmin, ymin and xmax belong", "ymax is missing"),
        ("xmax,ymax", "columns xmax and ymax belong", "xmin and ymin are missing"),
        ("xmin,ymin", "columns xmin and ymin belong", "width and height are missing"),
        ("x_center,y_center", "columns x_center and y_center belong", "width and height are missing"),
        ("bbox_x,bbox_y,bbox_w", "columns bbox_x and bbox_y belong", "bbox_width and bbox_height are missing"),
        ("left,top,right", "columns left, top and right belong", "bottom is missing"),
        ("x1", "column x1 belongs", "y1, width and height are missing"),
    ],
)
def test_a_part_of_a_box_is_a_problem_and_no_unused_column(columns: str, there: str, missing: str) -> None:
    """xmin,ymin,width,height were "unused columns", a remark."""
    table = read(columns, ",".join("5" for _ in columns.split(",")))
    text = next(one for one in said(table) if "to a box" in one)
    assert text == f"line 1: the {there} to a box, but {missing}, so no box is read; add what is missing"
    assert any(not one.harmless for one in table.problems) and table.rows[0].box is None


@pytest.mark.parametrize("columns", ["x,y", "left", "left,right", "width", "w,h", "top,left", "right,bottom"])
def test_words_that_may_be_anything_are_unused_columns(columns: str) -> None:
    table = read(columns, ",".join("5" for _ in columns.split(",")))
    assert said(table) == [f"line 1: unused columns: {', '.join(columns.split(','))}"] and table.problems[0].harmless


@pytest.mark.parametrize(
    "columns",
    [
        "xmin,ymin,xmax,ymax,width,height",
        "xmin,ymin,xmax,ymax,image_width,image_height",
        "xmin,ymin,xmax,ymax,img_w,img_h",
        "xmin,ymin,xmax,ymax,Original Width,Original Height",
    ],
)
def test_the_size_of_the_photo_beside_corners_is_said_of_its_boxes(columns: str) -> None:
    table = read(columns, "10,20,40,60,640,480", "1,1,5,5,320,240", "1,1,5,5,,", ",,,,640,480")
    frames = [row.frame for row in table.rows]
    assert frames == [BoxFrame((640, 480)), BoxFrame((320, 240)), BoxFrame(), BoxFrame((640, 480))]
    assert table.problems == () and table.ignored_columns == ()


def test_the_size_of_the_photo_beside_a_corner_and_a_size() -> None:
    table = read("x,y,width,height,image_width,image_height", "10,20,30,40,640,480")
    assert (table.rows[0].box, table.rows[0].frame) == (Box(10, 20, 30, 40), BoxFrame((640, 480)))
    table = read("x,y,w,h,width,height", "10,20,30,40,640,480")
    assert (table.rows[0].box, table.rows[0].frame) == (Box(10, 20, 30, 40), BoxFrame((640, 480)))
    table = read("bbox_x,bbox_y,bbox_w,bbox_h,width,height", "10,20,30,40,640,480")
    assert (table.rows[0].box, table.rows[0].frame) == (Box(10, 20, 30, 40), BoxFrame((640, 480)))


def test_width_and_height_of_the_boxes_beside_their_corners_are_no_size_of_the_photo() -> None:
    table = read("xmin,ymin,xmax,ymax,width,height", "10,20,40,60,30,40", "1,1,5,6,4,5")
    assert [row.frame for row in table.rows] == [BoxFrame()] * 2
    table = read("xmin,ymin,xmax,ymax,x,y,width,height", "10,20,40,60,10,20,30,40")
    assert table.rows[0].frame == BoxFrame() and table.rows[0].box == Box(10, 20, 30, 40)
    table = read("xmin,ymin,xmax,ymax,width,height", "0,0,640,480,640,480")
    assert table.rows[0].frame == BoxFrame((640, 480)), "a box around the whole photo"


def test_two_sizes_of_one_photo_are_a_problem_and_none_is_used() -> None:
    rows = "a.png,owl,1,1,5,5,640,480\na.png,owl,2,2,6,6,320,240\n"
    table = read_labels(f"filename,label,xmin,ymin,xmax,ymax,width,height\n{rows}".encode())
    assert table.rows[0].frame == BoxFrame() and len(table.rows[0].objects) == 2
    text = "a.png has two sizes, 640 × 480 (line 2) and 320 × 240 (line 3); its boxes are read without a size"
    assert f"line 3: {text}" in said(table)


@pytest.mark.parametrize("size", ["x,480", "0,480", "-1,2", "640,"])
def test_a_size_that_is_none_is_a_problem(size: str) -> None:
    table = read("xmin,ymin,xmax,ymax,image_width,image_height", f"1,1,5,5,{size}")
    shown = ", ".join(size.split(","))
    assert said(table) == [f"line 2: the photo's size ({shown}) is not two numbers of pixels; it is not used"]
    assert table.rows[0].box == Box(1, 1, 4, 4) and table.rows[0].frame == BoxFrame()


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "null", "NA", "N/A", "<NA>"])
def test_the_word_of_a_program_for_nothing_in_all_cells_is_no_box(word: str) -> None:
    table = read("x,y,width,height", "1,2,3,4", ",".join([word] * 4), f"{word},,{word},")
    assert [row.box for row in table.rows] == [Box(1, 2, 3, 4), None, None]
    assert said(table) == [f'line 3: 2 rows have "{word}" instead of a box, so no box'] and table.problems[0].harmless


def test_a_column_that_comes_twice_with_other_numbers_is_a_problem() -> None:
    table = read("x,y,width,height,x", "1,2,3,4,9")
    assert table.rows[0].box == Box(1, 2, 3, 4)
    assert said(table)[0] == "line 1: the column x comes 2 times and differs; the first one is read"
    assert not table.problems[0].harmless
    assert all(one.harmless for one in read("x,y,width,height,x", "1,2,3,4,1").problems)


def test_a_header_of_thousands_of_columns_is_looked_through_quickly() -> None:
    columns = find_box_columns([f"column_{number}" for number in range(5_000)])
    assert columns.places == () and columns.parts == ()
    table = read_labels(("filename,label," + "x," * 4_000 + "\na.png,owl\n").encode())
    assert len(table.rows) == 1

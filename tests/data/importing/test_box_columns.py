"""Tables of boxes without the usual header: recognised, and read after confirmation with their own line numbers."""

import io
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from core.data.importing.box_columns import guess_columns, guess_in_folder, guess_in_uploads, plan_guessed, uploads_with
from core.data.importing.box_review import bad_boxes, broken_boxes
from core.data.importing.plan_import import Upload, plan_folder
from core.data.pictures.box import Box
from core.data.pictures.box_drawing import jpeg_with_boxes
from core.errors import LabelsError
from tests.data.builders import picture

HEADLESS = "a.png,owl,1,2,3,4\nb.png,duck,2,2,0,5\nc.png,owl,1,1,30,4\n"


def uploads(table: str, name: str = "boxes.csv") -> list[Upload]:
    photos = [Upload(f"{letter}.png", io.BytesIO(picture(number))) for number, letter in enumerate("abc")]
    return [*photos, Upload(name, io.BytesIO(table.encode()))]


def test_a_table_without_a_header_is_read_as_proposed_and_keeps_its_lines() -> None:
    files = uploads(HEADLESS)
    guess = guess_in_uploads(files)
    assert guess is not None and not guess.header and not guess.corners
    assert (guess.filename, guess.label) == (0, 1)
    plan = plan_guessed(guess, False, "object", uploads_with(files, guess))
    assert [(one.label, one.box) for one in plan.candidates[0].objects] == [("owl", Box(1, 2, 3, 4))]
    assert any(problem.line == 2 and "no area" in problem.text for problem in plan.problems)
    (bad,) = bad_boxes(plan)
    assert bad.candidate.name == "c.png" and bad.marked.line == 3 and "15 pixels beyond" in bad.text


@pytest.mark.parametrize("header", ["", "photo,what,left,top,right,bottom\n"], ids=["no header", "header"])
def test_rows_with_another_number_of_cells_are_problems_with_their_own_line(header: str) -> None:
    rows = ["a.png,owl,1,2,9,9", "", 'b.png,"barn\nowl",1,2,9,9', "", *["a.png,owl,3,3,5,6"] * 10]
    rows += ["c.png,dog,1,2,6,7,95", "c.png,1,2,6,7", "c.png,dog,1,1,6,40", "c.png,dog,2,2,6,7,,"]
    files = uploads(header + "\n".join(rows) + "\n")
    guess = guess_in_uploads(files)
    assert guess is not None and guess.header == bool(header)
    plan = plan_guessed(guess, True, "object", uploads_with(files, guess))
    first = len(rows) - 2 + bool(header)  # the quoted cell has two lines
    said = {one.line: one.text for one in plan.problems if not one.harmless}
    assert "it has 7 cells and the first row has 6" in said[first] and "c.png, dog, 1, 2, 6, 7, 95" in said[first]
    assert "it has 5 cells" in said[first + 1]
    (bad,) = bad_boxes(plan)
    assert bad.marked.line == first + 2
    (photo,) = [one for one in plan.candidates if one.name == "c.png"]
    assert [one.box for one in photo.objects if one.line == first + 3] == [Box(2, 2, 4, 5)]
    assert not {first, first + 1} & {one.line for one in photo.objects}


def test_a_short_row_is_not_read_where_a_column_is_left_out() -> None:
    files = uploads("a.png,x,y,owl,1,2,9,9\n" * 9 + "b.png,x,1,2,9,9\n")
    guess = guess_in_uploads(files)
    assert guess is not None
    plan = plan_guessed(guess, True, "object", uploads_with(files, guess))
    assert any(one.line == 10 and "it has 6 cells" in one.text for one in plan.problems if not one.harmless)
    assert next(one for one in plan.candidates if one.name == "b.png").objects == ()


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_other_names_of_columns_and_corners(mark: str) -> None:
    rows = [["photo", "part", "animal", "x1", "y1", "x2", "y2"], ["a.png", "train", "owl", "1", "2", "5", "9"]]
    table = "\n".join(mark.join(row) for row in rows)
    guess = guess_columns(table.encode(), "t.csv")
    assert guess is not None and guess.header and guess.corners
    assert (guess.filename, guess.label, guess.split) == (0, 2, 1)
    plan = plan_guessed(guess, True, "object", uploads_with(uploads(table, "t.csv"), guess))
    (first, *_) = plan.candidates
    assert (first.split, first.objects[0].label, first.objects[0].box) == ("train", "owl", Box(1, 2, 4, 7))


def test_boxes_without_a_class_get_the_one_that_was_said() -> None:
    files = uploads("a.png,1,2,3,4\n")
    guess = guess_in_uploads(files)
    assert guess is not None and guess.label is None
    plan = plan_guessed(guess, False, "owl", uploads_with(files, guess))
    assert plan.candidates[0].objects[0].label == "owl"


def test_a_folder_with_such_a_table_gives_the_same_plan(tmp_path: Path) -> None:
    for number, letter in enumerate("abc"):
        (tmp_path / f"{letter}.png").write_bytes(picture(number))
    (tmp_path / "a note.txt").write_text("no table", encoding="utf-8")
    (tmp_path / "labels.csv").write_text(HEADLESS, encoding="utf-8")
    guess = guess_in_folder(tmp_path)
    assert guess is not None and guess.name == "labels.csv"
    plan = plan_guessed(guess, False, "object", partial(plan_folder, tmp_path))
    assert {one.name: [each.box for each in one.objects] for one in plan.candidates} == {
        "a.png": [Box(1, 2, 3, 4)],
        "b.png": [],
        "c.png": [Box(1, 1, 30, 4)],
    }
    assert any(problem.line == 2 and "no area" in problem.text for problem in plan.problems)


@pytest.mark.parametrize("table", ["", "a.png,owl\n", "1,2,3,4,5\n", "a.png,owl,x,1,2,3\nb.png,owl,y,1,2,3\n", "\0"])
def test_what_is_no_table_of_boxes_is_not_proposed(table: str) -> None:
    assert guess_columns(table.encode(), "t.csv") is None


def test_boxes_are_drawn_also_beyond_the_picture(tmp_path: Path) -> None:
    raw = picture(1)
    inside = Image.open(io.BytesIO(jpeg_with_boxes(raw, "a.png", [("owl", Box(2, 2, 6, 6))])))
    beyond = Image.open(io.BytesIO(jpeg_with_boxes(raw, "a.png", [], [("owl", Box(-4, 2, 6, 6))])))
    assert inside.size == (16, 12) and beyond.size == (2 + 4 + 16, 12), "only where the box is"


def test_boxes_that_fit_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    (tmp_path / "labels.csv").write_text("filename,label,x,y,width,height\na.png,owl,0,0,16.4,12\n")
    assert list(bad_boxes(plan_folder(tmp_path))) == []


def test_boxes_that_were_left_out_can_be_drawn_where_they_have_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    rows = ["a.png,owl,9,2,3,8", "a.png,owl,4,4,4,9", "a.png,owl,nan,1,2,3", "a.png,owl,1,1,5,5"]
    (tmp_path / "labels.csv").write_text("filename,label,xmin,ymin,xmax,ymax\n" + "\n".join(rows))
    plan = plan_folder(tmp_path)
    assert len(plan.candidates[0].objects) == 1
    swapped, flat = broken_boxes(plan)
    assert (swapped.marked.box, swapped.marked.line) == (Box(9, 2, -6, 6), 2) and "swapped" in swapped.text
    assert (flat.marked.box, flat.marked.line) == (Box(4, 4, 0, 5), 3) and "no area" in flat.text
    drawn = jpeg_with_boxes(picture(1), "a.png", [], [("owl", one.marked.box) for one in (swapped, flat)])
    assert Image.open(io.BytesIO(drawn)).size == (16, 12)

    (tmp_path / "labels.csv").unlink()
    (tmp_path / "classes.txt").write_text("owl\n")
    (tmp_path / "a.txt").write_text("0 0.5 0.5 -0.5 0.5\n")
    (only,) = broken_boxes(plan_folder(tmp_path))
    assert (only.candidate.name, only.marked.box) == ("a.png", Box(12, 3, -8, 6))


def test_a_table_without_a_header_asks_its_encoding_and_its_decimal_mark() -> None:
    """Its text was decoded as Latin-1 before anybody could be asked."""
    table = 'a.png;猫;1,5;2;"3,25";4\nb.png;鷹;1;2;3;4\n'.encode("cp932")
    files = [*uploads("")[:3], Upload("boxes.csv", io.BytesIO(table))]
    guess = guess_in_uploads(files)
    assert guess is not None and (guess.filename, guess.label, guess.delimiter) == (0, 1, ";")
    planner = partial(plan_guessed, guess, False, "object", uploads_with(files, guess))
    assert [one.kind for one in planner().questions] == ["encoding"]
    plan = planner(answers={"encoding": "cp932"})
    assert [(one.label, one.box) for one in plan.candidates[:2]] == [
        ("猫", Box(1.5, 2, 3.25, 4)),
        ("鷹", Box(1, 2, 3, 4)),
    ]
    unclear = uploads('a.png,owl,"1,024",2,3,4\n')
    guess = guess_in_uploads(unclear)
    assert guess is not None
    plan = plan_guessed(guess, False, "object", uploads_with(unclear, guess))
    assert [one.kind for one in plan.questions] == ["decimal-mark"]


def test_a_class_in_letters_that_the_tables_encoding_lacks_is_an_error() -> None:
    files = [*uploads("")[:3], Upload("boxes.csv", io.BytesIO("ä.png,1,2,3,4\n".encode("latin-1")))]
    guess = guess_in_uploads(files)
    assert guess is not None and guess.label is None
    with pytest.raises(LabelsError, match=r"boxes\.csv is not UTF-8, so the class of its boxes cannot be 猫"):
        plan_guessed(guess, False, "猫", uploads_with(files, guess))


BROKEN = "filename,label,xmin,ymin,xmax,ymax\n{}/a.png,owl,9,2,3,8\n"


@pytest.mark.parametrize(
    ("photos", "folder", "drawn_on"),
    [
        (("one/a.png", "two/a.png"), "one", ["one/a.png"]),
        (("one/a.png", "two/a.png"), "two", ["two/a.png"]),
        (("one/a.png", "two/a.png"), "three", []),  # there is none of that name
        (("one/a.png", "b.png"), "three", []),
        (("one/a.png", "b.png"), "C:/photos/one", ["one/a.png"]),
    ],
)
def test_a_box_that_was_left_out_is_drawn_on_its_own_photo_only(
    tmp_path: Path, photos: tuple[str, ...], folder: str, drawn_on: list[str]
) -> None:
    """It was drawn on the last photo of the same base name."""
    for number, name in enumerate(photos):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(picture(number))
    (tmp_path / "labels.csv").write_text(BROKEN.format(folder) + f"{photos[-1]},owl,1,1,5,5\n")
    assert [one.candidate.name for one in broken_boxes(plan_folder(tmp_path))] == drawn_on


def test_a_box_that_was_left_out_is_not_drawn_on_a_photo_of_another_folder_around_all(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/a.png").write_bytes(picture(1))
    (tmp_path / "one/labels.csv").write_text(BROKEN.format("two") + "one/a.png,owl,1,1,5,5\n")
    plan = plan_folder(tmp_path)
    assert any(problem.marked for problem in plan.problems) and broken_boxes(plan) == []

"""Numbers of boxes: a comma is the decimal mark or separates thousands; where the table does not tell, it is asked."""

import pytest

from core.data.pictures.box import Box
from core.data.tables.boxes.number_cells import COMMA, POINT, find_mark, number_with, read_number
from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.questions import Asking


def read(rows: str, mark: str = ",", **answers: str) -> tuple[LabelTable, Asking]:
    header = mark.join(["filename", "label", "xmin", "ymin", "xmax", "ymax"])
    asking = Asking({name.replace("_", "-"): key for name, key in answers.items()})
    return read_labels(f"{header}\n{rows}".encode(), asking=asking), asking


def boxes(table: LabelTable) -> list[Box | None]:
    return [row.box for row in table.rows]


UNCLEAR = 'a.png,car,"1,024",100,"1,524",400\nb.png,car,10,20,110,220\n'


def test_a_comma_before_three_digits_is_a_question() -> None:
    """It became 1.024 without a word."""
    _, asking = read(UNCLEAR)
    (question,) = asking.open
    assert question.id == "decimal-mark" and '"1,024" in a box may be 1024 or 1.024.' in question.text
    assert {one.key: one.rows for one in question.choices} == {
        "point": (("a.png", "1024, 100, 1524, 400"),),
        "comma": (("a.png", "1.024, 100, 1.524, 400"),),
        "skip": (("a.png", "no box"),),
    }


@pytest.mark.parametrize(
    ("answer", "first"),
    [("point", Box(1024, 100, 500, 300)), ("comma", Box(1.024, 100, 1.524 - 1.024, 300)), ("skip", None)],
)
def test_the_answer_holds_for_the_table(answer: str, first: Box | None) -> None:
    table, asking = read(UNCLEAR, decimal_mark=answer)
    assert not asking.open and boxes(table) == [first, Box(10, 20, 100, 200)]
    assert all(one.harmless for one in table.problems)


def test_a_skipped_box_beside_a_good_one_is_no_second_label() -> None:
    table, _ = read('a.png,car,"1,024",100,"1,524",400\na.png,bus,10,20,110,220\n', decimal_mark="skip")
    assert [(row.label, row.box) for row in table.rows] == [("bus", Box(10, 20, 100, 200))]


@pytest.mark.parametrize(
    ("cells", "mark", "expected"),
    [
        ("12,5;10;1,024;20", ";", Box(12.5, 10, 1.024 - 12.5, 10)),
        ("0,125;10;1,024;20", ";", Box(0.125, 10, 1.024 - 0.125, 10)),
        ("1.024,5;10;2.048;20", ";", Box(1024.5, 10, 1023.5, 10)),
        ('"1,024.5",10,"2,048",20', ",", Box(1024.5, 10, 1023.5, 10)),
        ('"1,024,000",10,"2,048,000",20', ",", Box(1024000, 10, 1024000, 10)),
        ('12.5,10,"1,024",20', ",", Box(12.5, 10, 1011.5, 10)),
        ("1.125,10,3.250,20", ",", Box(1.125, 10, 2.125, 10)),
        ("1.125;10;1524;20", ";", Box(1.125, 10, 1522.875, 10)),
        ("1e1,10,2E1,2.5e1", ",", Box(10, 10, 10, 15)),
    ],
)
def test_numbers_that_fit_one_mark_decide_for_the_others(cells: str, mark: str, expected: Box) -> None:
    table, asking = read(f"a.png{mark}car{mark}{cells}\n", mark)
    assert not asking.open
    if expected.width < 0:
        assert "has its corners swapped" in str(table.problems[0])
    else:
        assert boxes(table) == [expected]


def test_a_point_before_three_digits_is_a_question_in_a_table_with_semicolons() -> None:
    table, asking = read("a.png;car;1.024;100;1.524;400\n", ";")
    assert [one.kind for one in asking.open] == ["decimal-mark"] and boxes(table) == [Box(1.024, 100, 0.5, 300)]
    table, _ = read("a.png;car;1.024;100;1.524;400\n", ";", decimal_mark="comma")
    assert boxes(table) == [Box(1024, 100, 500, 300)]


@pytest.mark.parametrize(
    "cell", ["1_000", "0x10", "1 024", "1'024", "12px", "--5", "1,2,3", "1,024,5", "1e400", "9" * 41]
)
def test_what_is_no_number_is_a_problem(cell: str) -> None:
    table, _ = read(f'a.png,car,"{cell}",10,20000,20\n')
    assert boxes(table) == [None] and "is not four numbers; the box is skipped" in str(table.problems[0])


def test_one_cell_may_be_two_numbers() -> None:
    assert (number_with(POINT, "1,024"), number_with(COMMA, "1,024")) == (1024, 1.024)
    assert (number_with(POINT, "0,125"), number_with(COMMA, "0,125")) == (None, 0.125)
    assert (read_number("1,024", None), read_number("12,5", None), read_number("12.5", COMMA)) == (None, 12.5, 12.5)
    assert find_mark(["1,024", "12,5", "12.5"], ",") is None, "the table has both marks"
    assert find_mark(["12,5", "12.5"], ",") == POINT, "each can be read in one way only"
    assert find_mark([], ";") == POINT

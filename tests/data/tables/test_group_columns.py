"""The columns of a labels.csv that name groups and tags: found, chosen, never guessed."""

import pytest

from core.data.tables.labels_csv import LabelTable, read_labels
from core.errors import LabelsError


def read(header: str, *rows: str, group_column: str | None = None) -> LabelTable:
    return read_labels("\n".join([header, *rows]).encode(), group_column=group_column)


def said(table: LabelTable) -> list[str]:
    return [str(one) for one in table.problems]


@pytest.mark.parametrize(
    "column", ["group", "person", "subject", "patient", "driver", "camera", "session", "day", "Patient ID", "driver-id"]
)
def test_a_column_called_like_a_group_is_read(column: str) -> None:
    table = read(f"filename,label,{column}", "a.png,owl,anna", "b.png,owl, Anna ", "c.png,owl,")
    assert [row.group for row in table.rows] == ["anna", "anna", None]
    assert table.group_columns.taken == column and table.ignored_columns == ()
    expected = f"line 1: the column {column} is read as the group: photos of one {column} stay in one split"
    assert said(table) == ([] if column == "group" else [expected])
    assert all(one.harmless for one in table.problems)


def test_of_several_such_columns_none_is_used_until_somebody_chooses() -> None:
    table = read("filename,label,driver,camera,weather", "a.png,owl,anna,front,sun")
    assert [row.group for row in table.rows] == [None]
    assert table.group_columns.unclear and table.group_columns.possible == ("driver", "camera")
    assert table.group_columns.others == ("weather",)
    assert said(table)[0] == (
        "line 1: the columns driver and camera may each name the groups; choose one of them, or none"
    )
    assert not table.problems[0].harmless and table.ignored_columns == ("weather",)


def test_any_free_column_can_be_chosen_and_none() -> None:
    header, row = "filename,label,driver,camera,weather", "a.png,owl,anna,front,sun"
    for wanted, group in (("camera", "front"), ("WEATHER", "sun"), ("driver", "anna")):
        table = read(header, row, group_column=wanted)
        assert [one.group for one in table.rows] == [group] and not table.group_columns.unclear
        assert all(one.harmless for one in table.problems)
    table = read(header, row, group_column="none")
    assert [one.group for one in table.rows] == [None] and table.group_columns.chosen
    assert not table.group_columns.unclear and table.ignored_columns == ("driver", "camera", "weather")
    for wrong in ("label", "split", "no such"):
        with pytest.raises(LabelsError, match="Its free columns are: driver, camera, weather"):
            read(header, row, group_column=wrong)


def test_two_groups_of_one_photo_are_a_problem_and_none_is_used() -> None:
    table = read("filename,label,person", "a.png,owl,anna", "a.png,owl,bo", "b.png,owl,cy", "b.png,owl,CY")
    assert [(row.filename, row.group) for row in table.rows] == [("a.png", None), ("b.png", "cy")]
    assert 'line 3: a.png has two groups, "anna" (line 2) and "bo" (line 3); none of them is used' in said(table)[1]


def test_a_cell_that_cannot_be_a_group_or_a_tag_is_named() -> None:
    table = read("filename,label,group,tags", f"a.png,owl,{'x' * 300},{'y' * 300}; snow", "b.png,owl,anna,;;")
    assert [(row.group, row.tags) for row in table.rows] == [(None, ("snow",)), ("anna", ())]
    assert "line 2: the group is not used: the name of a group has 300 characters" in said(table)[0]
    assert "line 2: the tag is not used: the name of a tag has 300 characters" in said(table)[1]


def test_tags_are_separated_by_semicolons_and_come_once() -> None:
    table = read("filename,label,tags", "a.png,owl, snow ;Indoors; SNOW", "a.png,owl,night")
    assert table.rows[0].tags == ("snow", "Indoors", "night")


def test_the_problem_of_a_bad_box_still_has_its_box() -> None:
    """The box is drawn for the person who corrects it, although the group of the same row is wrong too."""
    table = read("filename,label,group,x,y,width,height", f"a.png,owl,{'g' * 300},1,1,0,4")
    (problem,) = [one for one in table.problems if one.marked is not None]
    assert "has no area" in problem.text

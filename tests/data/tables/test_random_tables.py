"""Random tables are read back as they were written; a changed cell changes the result, or is said, or asked."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.pictures.box import Box
from core.data.tables.csv_cells import as_line, restore
from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.names import without_invisible
from core.data.tables.questions import Asking
from core.errors import LabelsError

SHAPES = {
    "corners": ["xmin,ymin,xmax,ymax", "x1,y1,x2,y2", "left,top,right,bottom", "bbox_x1,bbox_y1,bbox_x2,bbox_y2"],
    "sides": ["x,y,width,height", "xmin,ymin,width,height", "bbox_x,bbox_y,bbox_w,bbox_h", "left,top,w,h"],
    "centre": ["x_center,y_center,width,height", "cx,cy,w,h"],
}
LABELS = ["owl", "duck", "bird of prey", "Käuzchen", "猫", "a, b", "7", '"x"', "=1", "cat|dog"]
SPLITS = ["", "train", "val", "test"]


@dataclass(frozen=True)
class Written:
    """A row of a table, and what it says."""

    name: str
    label: str
    split: str
    box: Box | None


@dataclass(frozen=True)
class Style:
    """One way to write a table."""

    delimiter: str
    decimal: str
    encoding: str
    line_end: str
    shape: str
    columns: str


ROWS = st.lists(
    st.builds(
        Written,
        st.from_regex(r"[a-z]{1,3}( |/|_)?[0-9]{1,2}\.(png|jpg)", fullmatch=True),
        st.sampled_from(LABELS),
        st.sampled_from(SPLITS),
        st.none()
        | st.builds(
            Box,
            *(st.integers(0, 400) | st.integers(0, 1600).map(lambda quarter: quarter / 4) for _ in range(2)),
            *(st.integers(1, 400) | st.integers(4, 1600).map(lambda quarter: quarter / 4) for _ in range(2)),
        ),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row.name,
)
STYLES = st.sampled_from(sorted(SHAPES)).flatmap(
    lambda shape: st.builds(
        Style,
        st.sampled_from([",", ";", "\t", "|"]),
        st.sampled_from([".", ","]),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
        st.sampled_from(["\n", "\r\n", "\r"]),
        st.just(shape),
        st.sampled_from(SHAPES[shape]),
    )
)


def cells_of(row: Written, style: Style) -> list[str]:
    label = "'" + row.label if row.label.startswith("=") else row.label
    if row.box is None:
        return [row.name, label, row.split, "", "", "", ""]
    x, y, width, height = row.box.x, row.box.y, row.box.width, row.box.height
    numbers = {
        "corners": (x, y, x + width, y + height),
        "sides": (x, y, width, height),
        "centre": (x + width / 2, y + height / 2, width, height),
    }[style.shape]
    return [row.name, label, row.split, *(f"{number:.10g}".replace(".", style.decimal) for number in numbers)]


def written(lines: list[list[str]], style: Style) -> bytes:
    header = ["filename", "label", "split", *style.columns.split(",")]
    text = "".join(as_line(cells, style.delimiter) for cells in [header, *lines])
    return text.replace("\n", style.line_end).encode(style.encoding)


def content(table: LabelTable) -> list[tuple[str, str | None, str | None, Box | None]]:
    return [(row.filename, row.label, row.split, row.box) for row in table.rows]


def expected(rows: list[Written]) -> list[tuple[str, str | None, str | None, Box | None]]:
    return [(row.name, row.label, row.split or None, row.box) for row in rows]


def mark_of(style: Style) -> Asking:
    return Asking({"decimal-mark": "point" if style.decimal == "." else "comma"})


@settings(max_examples=120, deadline=None)
@given(ROWS, STYLES)
def test_a_table_in_any_usual_style_is_read_as_it_was_written(rows: list[Written], style: Style) -> None:
    data = written([cells_of(row, style) for row in rows], style)
    table = read_labels(data, asking=mark_of(style))
    assert content(table) == expected(rows)
    assert all(one.harmless for one in table.problems)


@settings(max_examples=200, deadline=None)
@given(ROWS, STYLES, st.data())
def test_a_changed_cell_is_seen(rows: list[Written], style: Style, data: st.DataObject) -> None:
    """The result is the same only where the cell means the same; else it differs in that row, or something is said."""
    lines = [cells_of(row, style) for row in rows]
    at, place = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 6))
    new = data.draw(
        st.sampled_from(
            ["", "nan", "1,024", "1.024", "0.5", "-3", "owl", "OWL", "train", "hold out", "7.0", "x", "é\u200b"]
        )
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=8)
    )
    old, lines[at][place] = lines[at][place], new
    asking = mark_of(style)
    try:
        table = read_labels(written(lines, style), asking=asking)
    except LabelsError as error:
        assert str(error)
        return
    after = content(table)
    kept = {name: (name, *rest) for name, *rest in after}
    told = 3 if place > 2 else 4  # a number may tell the decimal mark of the others
    for number, row in enumerate(expected(rows)):
        if number != at and row[0] != restore(new):  # a row of the same name is merged with it
            assert kept[row[0]][:told] == row[:told], "the other rows stay as they are"
    if after == expected(rows) and new.strip() != old.strip():
        assert asking.open or asking.answered or table.problems or _means_the_same(old, new, place)


def _means_the_same(old: str, new: str, place: int) -> bool:
    """Return whether two cells are two ways to write one thing."""
    old, new = (without_invisible(restore(cell)).strip() for cell in (old, new))
    if place == 2:  # the split
        return {old, new} in ({"", "nan"}, {"train", "training"}) or old == new
    return old == new or (place > 2 and _number(old) == _number(new))


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None

"""Rewrite a table of another style with the usual columns, each row in its own line, and read it as a labels.csv."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from core.data.importing.formats.csv_styles.several_labels import settle_several
from core.data.importing.formats.csv_styles.sheet import Around, Sheet
from core.data.tables.csv_cells import as_row
from core.data.tables.label_columns import CORNERS, FILENAMES, LABELS, SPLIT, plain_column
from core.data.tables.label_rows import BoxFrame, LabelRow, LabelTable, Problem
from core.data.tables.labels_csv import NO_LABEL, read_labels
from core.data.tables.names import storable_name

_LINES = re.compile(r"\blines? \d[\d, and]*\d|\blines? \d")
_LINE_ENDS = re.compile("\r\n|\r|\n")


@dataclass(frozen=True)
class UsualRow:
    """What one row of a table says about a photo."""

    line: int
    filename: str
    labels: tuple[str, ...] = ()  # ("",): none, which is a problem; (): none by intent; several are asked about
    split: str = ""
    corners: tuple[float, float, float, float] | None = None  # xmin, ymin, xmax, ymax
    others: tuple[str, ...] = ()  # cells of the columns that are kept as they are
    cell: str | None = None  # the cell that several labels stand in


@dataclass
class UsualTable:
    """A table with the usual columns, before its rows are checked."""

    sheet: Sheet
    header_line: int = 0  # 0: its first line is a row
    others: tuple[str, ...] = ()  # the columns that are kept as they are
    rows: list[UsualRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    fractions: bool = False  # the boxes are fractions of the photo
    corner_unsure: bool = False  # x and y of the boxes were read as the corner, and people also write the centre

    def add_problem(self, line: int | None, text: str) -> None:
        """Add something that is skipped or wrong."""
        self.problems.append(Problem(line, text))

    def add_remark(self, text: str) -> None:
        """Add a remark that nobody has to confirm."""
        self.problems.append(Problem(None, text, harmless=True))

    def read(self, around: Around) -> LabelTable:
        """Return the checked rows and all problems. Raises LabelsError as ``read_labels``."""
        self._leave_out_contradictions()
        text, own_lines = self._text()
        splits = any(row.split for row in self.rows)
        if unused := [name for name in self.others if _means_the_same(name, splits)]:
            self.add_remark(f"unused columns: {', '.join(unused)}")
        table = read_labels(storable_name(text).encode(), self.sheet.name, around.group_column, around.asking)
        table = _with_own_lines(table, lambda line: own_lines.get(line, line))
        several = {row.line: row.labels for row in self.rows if len(row.labels) > 1}
        expected = {row.line for row in self.rows if len(row.labels) != 1}
        kept = [one for one in table.problems if not (one.line in expected and NO_LABEL in one.text)]
        table = replace(table, rows=tuple(self._framed(table)), problems=tuple(kept))
        cells = {row.line: row.cell for row in self.rows if row.line in several and row.cell is not None}
        table = settle_several(table, several, around.asking, self.sheet.name, cells or None)
        problems = sorted(
            (*self.sheet.problems, *self.problems, *table.problems), key=lambda one: (one.line is None, one.line or 0)
        )
        return replace(table, problems=tuple(problems))

    def _leave_out_contradictions(self) -> None:
        """Leave out the photos with several labels in one row and others in another: only single ones are compared."""
        of_photo: dict[str, dict[frozenset[str], UsualRow]] = defaultdict(dict)
        for row in self.rows:
            if row.corners is None and any(row.labels):
                of_photo[row.filename.strip()].setdefault(frozenset(row.labels), row)
        wrong = {
            name: list(found.values())
            for name, found in of_photo.items()
            if len(found) > 1 and any(len(some) > 1 for some in found)
        }
        for name, (first, second, *_) in wrong.items():
            text = (
                f"{name} has different labels, {', '.join(first.labels)} (line {first.line}) and "
                f"{', '.join(second.labels)} (line {second.line}); neither is used. Delete the wrong row"
            )
            self.add_problem(second.line, text)
        self.rows = [row for row in self.rows if row.filename.strip() not in wrong]

    def _framed(self, table: LabelTable) -> Iterator[LabelRow]:
        for row in table.rows:
            frame = BoxFrame(fractions=True) if self.fractions else row.frame
            yield replace(row, frame=replace(frame, read_as="corner") if self.corner_unsure else frame)

    def _text(self) -> tuple[str, dict[int, int]]:
        """Return the table as text, and the own line of the row that begins in each of its lines."""
        boxed = any(row.corners for row in self.rows)
        splits = any(row.split for row in self.rows)
        kept = [place for place, name in enumerate(self.others) if not _means_the_same(name, splits)]
        others = [_LINE_ENDS.sub(" ", self.others[place]) for place in kept]  # a header is one line
        columns = ["filename", "label", *(["split"] if splits else []), *(CORNERS if boxed else ()), *others]
        shift = 0 if self.header_line else 1
        own_lines: dict[int, int] = {}
        parts, line = ["\n" * (max(self.header_line, 1) - 1) + as_row(columns)], max(self.header_line, 1) + 1
        for row in sorted(self.rows, key=lambda row: row.line):
            # Several labels are settled later: as a name of their own they might be too many classes.
            cells = [row.filename, row.labels[0] if len(row.labels) == 1 else "", *([row.split] if splits else [])]
            if boxed:
                cells += [repr(float(side)) for side in row.corners] if row.corners else [""] * len(CORNERS)
            written = as_row([*cells, *(row.others[place] for place in kept if place < len(row.others))])
            empty = max(0, row.line + shift - line)
            parts += ["\n" * empty, written]
            own_lines[line + empty] = row.line
            line += empty + len(_LINE_ENDS.findall(written))
        return "".join(parts), own_lines


def _means_the_same(column: str, splits: bool) -> bool:
    """Return whether a column is called like one that the table has already from another: the style has chosen."""
    name = plain_column(re.sub(r"\.[0-9]+$", "", column))
    return name in (*FILENAMES, *LABELS) or (splits and name == SPLIT)


def with_own_lines(text: str, own: Callable[[int], int]) -> str:
    """Return a sentence with the numbers of its lines changed."""

    def renumbered(digits: re.Match[str]) -> str:
        line = int(digits.group())
        return digits.group() if own(line) == line else str(own(line))

    def changed(found: re.Match[str]) -> str:
        return re.sub(r"\d+", renumbered, found.group())

    return _LINES.sub(changed, text)


def _with_own_lines(table: LabelTable, own: Callable[[int], int]) -> LabelTable:
    rows = [
        replace(row, line=own(row.line), objects=tuple(replace(one, line=own(one.line)) for one in row.objects))
        for row in table.rows
    ]
    problems = [
        replace(
            one,
            line=None if one.line is None else own(one.line),
            text=with_own_lines(one.text, own),
            marked=one.marked and replace(one.marked, line=own(one.marked.line)),
        )
        for one in table.problems
    ]
    return replace(table, rows=tuple(rows), problems=tuple(problems))

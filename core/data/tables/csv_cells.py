"""Read the cells of a CSV file, and write them so that no spreadsheet runs one as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import LabelsError

if TYPE_CHECKING:
    import pandas as pd

MAX_CSV_BYTES = 64 * 2**20
"""The largest CSV that is read."""

MAX_ROWS = 1_000_000
"""The most rows that are read: a row of four bytes takes a hundred times that in memory."""

# A spreadsheet treats a cell that begins with one of these as a formula and runs it when the file is opened; in some
# languages also in full width: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# No formula: a spreadsheet shows it as the number that it is.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def neutralize(text: str) -> str:
    """Return the text as a cell that no spreadsheet runs and no reader trims: with a leading apostrophe if needed.

    A number needs none: -3 stays -3.
    """
    return "'" + text if _may_be_marked(text) and not _NUMBER.fullmatch(text) else text


def restore(cell: str) -> str:
    """Return the text of a cell, without surrounding spaces and without the apostrophe of ``neutralize``.

    ``restore(neutralize(text)) == text`` for every text. Other apostrophes ('s Gravenhage) are kept. That of a number
    goes too: earlier versions wrote '-3.
    """
    for stored in (cell, cell.strip()):
        if stored.startswith("'") and _may_be_marked(stored[1:]):
            return stored[1:]
    return cell.strip()


def _may_be_marked(text: str) -> bool:
    # The last case: text that already looks neutralized must not lose its own apostrophe on the way back.
    inner = text.lstrip("'")
    return text != text.strip() or inner != inner.strip() or inner.startswith(FORMULA_STARTS)


def check_rows(text: str, name: str) -> None:
    """Raise LabelsError where a table has more rows than are read."""
    if max(text.count("\n"), text.count("\r")) > MAX_ROWS:
        raise LabelsError(f"{name} has more than {MAX_ROWS:,} rows. Split it into smaller files.")


def bytes_of(source: bytes | Path, name: str) -> bytes:
    """Return the bytes of a table. Raises LabelsError where it cannot be read, is too large or an Excel workbook."""
    if isinstance(source, Path):
        try:
            if source.stat().st_size > MAX_CSV_BYTES:
                raise LabelsError(f"{name} is larger than {MAX_CSV_BYTES // 2**20} MB. Split it into smaller files.")
            source = source.read_bytes()
        except OSError as error:
            raise LabelsError(f"{name} cannot be read ({error.strerror}). Choose another file.") from error
    if len(source) > MAX_CSV_BYTES:
        raise LabelsError(f"{name} is larger than {MAX_CSV_BYTES // 2**20} MB. Split it into smaller files.")
    if source.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise LabelsError(f"{name} is an Excel workbook, not a CSV. Save it in Excel as CSV UTF-8 and use that file.")
    return source


def rows_of(text: str, delimiter: str, spaced: bool) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the first line number of each row with its cells, or with the reason why the row cannot be split.

    ``spaced`` ignores spaces after a delimiter (``a.jpg, "owl, small"``).
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=spaced, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "field limit" in str(error):
                yield line, 'a quotation mark (") is opened here and never closed, so the rows after it cannot be read'
            else:
                yield line, 'the quotation marks (") do not match; a quoted cell ends with one, then a delimiter'


def as_row(cells: Iterable[object]) -> str:
    """Return one line of a CSV that people open in spreadsheets: texts are neutralized, numbers stay numbers."""
    return as_line(neutralize(cell) if isinstance(cell, str) else str(cell) for cell in cells)


def as_csv(table: "pd.DataFrame") -> str:
    """Return a table, without its index, as a CSV that people open in spreadsheets; missing values are empty."""
    rows = table.astype(object).where(table.notna(), "").itertuples(index=False)
    return as_row(table.columns) + "".join(as_row(row) for row in rows)


def as_line(cells: Iterable[str], delimiter: str = ",") -> str:
    """Return one line of a CSV for programs, with its line end; the cells stay as they are."""
    return delimiter.join(_quoted(cell, delimiter) for cell in cells) + "\n"


def _quoted(cell: str, delimiter: str) -> str:
    # csv.writer of Python 3.11 leaves a lone carriage return unquoted when lines end in "\n", and that breaks the row.
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in (',;\t"\r\n' + delimiter)) else cell

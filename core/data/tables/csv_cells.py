"""Read the cells of a CSV file, and write them so that no spreadsheet runs one as a formula."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from core.errors import LabelsError

MAX_CSV_BYTES = 64 * 2**20
"""The largest CSV that is read."""

MAX_ROWS = 1_000_000
"""The most rows that are read: a row of four bytes takes a hundred times that in memory."""

# A spreadsheet treats a cell that begins with one of these as a formula and runs it when the file is opened.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def neutralize(text: str) -> str:
    """Return the text as a cell that no spreadsheet runs and no reader trims: with a leading apostrophe if needed."""
    return "'" + text if _needs_apostrophe(text) else text


def restore(cell: str) -> str:
    """Return the text of a cell, without surrounding spaces and without the apostrophe of ``neutralize``.

    ``restore(neutralize(text)) == text`` for every text. Other apostrophes ('s Gravenhage) are kept.
    """
    for stored in (cell, cell.strip()):
        if stored.startswith("'") and _needs_apostrophe(stored[1:]):
            return stored[1:]
    return cell.strip()


def _needs_apostrophe(text: str) -> bool:
    # The last case: text that already looks neutralized must not lose its own apostrophe on the way back.
    inner = text.lstrip("'")
    return text != text.strip() or inner != inner.strip() or inner.startswith(_FORMULA_STARTS)


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


def as_row(cells: list[str]) -> str:
    """Return one line of a CSV with its line end; every cell is neutralized first."""
    return as_line([neutralize(cell) for cell in cells])


def as_line(cells: list[str], delimiter: str = ",") -> str:
    """Return one line of a CSV with its line end; the cells stay as they are."""
    return delimiter.join(_quoted(cell, delimiter) for cell in cells) + "\n"


def _quoted(cell: str, delimiter: str) -> str:
    # csv.writer of Python 3.11 leaves a lone carriage return unquoted when lines end in "\n", and that breaks the row.
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in (',;\t"\r\n' + delimiter)) else cell

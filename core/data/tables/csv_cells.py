"""The cells of a CSV file, from bytes in whatever encoding and back, so that no spreadsheet runs one of them."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from core.errors import LabelsError

MAX_CSV_BYTES = 64 * 2**20
"""The largest CSV that is read: about a million rows."""

# A spreadsheet takes a cell that begins with one of these for a formula, and runs it on opening the file.
_RUNS = ("=", "+", "-", "@", "\t", "\r")


def neutralize(text: str) -> str:
    """The text as a cell that no spreadsheet runs and no reader trims: with a leading apostrophe where it needs one."""
    return "'" + text if _needs_apostrophe(text) else text


def restore(cell: str) -> str:
    """The text of a cell: blanks around it trimmed, the apostrophe of ``neutralize`` taken away.

    ``restore(neutralize(text)) == text`` for every text. Other apostrophes ('s Gravenhage) stay.
    """
    for stored in (cell, cell.strip()):
        if stored.startswith("'") and _needs_apostrophe(stored[1:]):
            return stored[1:]
    return cell.strip()


def _needs_apostrophe(text: str) -> bool:
    # The last case: text that already looks neutralized must not lose its own apostrophe on the way back.
    inner = text.lstrip("'")
    return text != text.strip() or inner != inner.strip() or inner.startswith(_RUNS)


def read_text(source: bytes | Path, name: str) -> tuple[str, bool]:
    """The file's text, and whether it had to be taken for Latin-1, which may be wrong about accents.

    UTF-8 with or without BOM, UTF-16 with BOM, else Latin-1 as browsers understand it: Windows-1252.
    Raises LabelsError for what cannot be read or is no text.
    """
    data = _bytes_of(source, name)
    if data.startswith(b"PK\x03\x04") or data.startswith(b"\xd0\xcf\x11\xe0"):
        raise LabelsError(f"{name} is an Excel workbook, not a CSV. Save it in Excel as CSV UTF-8 and use that file.")
    guessed = False
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = data.decode("utf-16")
        else:
            text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Windows-1252 leaves five bytes undefined; Latin-1 has a (control) character for each.
        guessed, text = True, data.decode("cp1252", errors="replace")
        if "\ufffd" in text:
            text = data.decode("latin-1")
    if "\0" in text:
        raise LabelsError(f"{name} is not a text file. Save the table as CSV (UTF-8) and use that file.")
    return text, guessed


def _bytes_of(source: bytes | Path, name: str) -> bytes:
    if isinstance(source, Path):
        try:
            if source.stat().st_size > MAX_CSV_BYTES:
                raise LabelsError(f"{name} is larger than the {MAX_CSV_BYTES // 2**20} MB that are read. Split it.")
            source = source.read_bytes()
        except OSError as error:
            raise LabelsError(f"{name} cannot be read ({error.strerror}). Choose another file.") from error
    if len(source) > MAX_CSV_BYTES:
        raise LabelsError(f"{name} is larger than the {MAX_CSV_BYTES // 2**20} MB that are read. Split it.")
    return source


def rows_of(text: str, delimiter: str, spaced: bool) -> Iterator[tuple[int, list[str] | str]]:
    """Each row's first line number with its cells, or with the reason why the row cannot be taken apart.

    ``spaced`` says that blanks after a delimiter belong to it (``a.jpg, "owl, small"``).
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
                yield line, 'a quotation mark (") is opened here and never closed, so the rows after it are lost'
            else:
                yield line, 'the quotation marks (") do not fit; a quoted cell ends in a quotation mark and a delimiter'


def as_row(cells: list[str]) -> str:
    """One line of a CSV, its end included; every cell is neutralized first."""
    return ",".join(_quoted(neutralize(cell)) for cell in cells) + "\n"


def _quoted(cell: str) -> str:
    # csv.writer of Python 3.11 leaves a lone carriage return unquoted when lines end in "\n", which breaks the row.
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',;\t"\r\n') else cell

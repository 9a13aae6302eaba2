"""Decode a table; where its words depend on the encoding, ask in which one they read right."""

import codecs
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from core.data.tables.csv_cells import bytes_of, check_rows, rows_of
from core.data.tables.encodings.code_pages import NAMES, UTF_8
from core.data.tables.encodings.readings import Reading, choices_of, is_sure, readings_of
from core.data.tables.label_rows import Problem
from core.data.tables.questions import SAMPLED, Asking, Choice, Question
from core.errors import LabelsError

ENCODING = "encoding"
"""The kind of the question; its choices are Python's names of the encodings."""

_ENCODINGS = tuple(name for name in NAMES if name not in ("latin_1", "gbk", "big5", UTF_8))
"""What is tried in any case: parts of these, and damaged UTF-8, are tried where they may be meant."""
_ROWS_SAMPLED, _SHOWN, _SHOWN_COLUMNS = 200, 60, 6
_AT_ONCE = 2**20  # bytes

Cells = tuple[tuple[str, ...], Iterable[Sequence[str]]]
"""The names of the columns that matter, and each row's cells in them."""


def decode_table(
    data: bytes, name: str, cells_of: Callable[[str], Cells], asking: Asking
) -> tuple[str, Problem | None]:
    """Return a table's text, and a remark where it is not in UTF-8.

    ``cells_of`` returns the cells that matter of a table that is decoded as Latin-1, one character a byte: in all of
    these encodings a delimiter is the same byte. Words that may be in several encodings, or few words in another one
    than that of Western Europe, are asked about. Raises LabelsError where the data is not text.
    """
    text = _unicode_text(data, name)
    if text is not None:
        remark = None
    elif b"\0" in data:
        text = _utf_16_without_mark(data, name)
        remark = Problem(None, "the file has no byte order mark and was read as UTF-16", harmless=True)
    else:
        text, remark = _text_in_a_code_page(data, name, cells_of, asking)
    if "\0" in text:
        raise LabelsError(_no_text(name))
    check_rows(text, name)
    return text, remark


def read_table_text(source: bytes | Path, name: str, asking: Asking) -> tuple[str, Problem | None]:
    """Return the text of a table of which every cell matters, as ``decode_table``."""

    def cells_of(text: str) -> Cells:
        first = text[:10_000].lstrip().splitlines()[:1]
        delimiter = max(",;\t|", key=first[0].count) if first else ","
        rows = [cells for _, cells in rows_of(text, delimiter, False) if not isinstance(cells, str)]
        width = max((len(row) for row in rows), default=0)
        columns = tuple(f"column {place}" for place in range(1, width + 1))
        return columns, ([*row, *[""] * (width - len(row))] for row in rows)

    return decode_table(bytes_of(source, name), name, cells_of, asking)


def text_or_latin_1(data: bytes, name: str) -> tuple[str, str]:
    """Return a table's text and the encoding that gives its bytes again: Latin-1 where somebody has to be asked.

    Raises LabelsError where the data is not text.
    """
    text = _unicode_text(data, name)
    if text is None and b"\0" in data:
        text = _utf_16_without_mark(data, name)
    if "\0" in (text or ""):
        raise LabelsError(_no_text(name))
    found = (data.decode("latin-1"), "latin-1") if text is None else (text, "utf-8")
    check_rows(found[0], name)
    return found


def _unicode_text(data: bytes, name: str) -> str | None:
    """Return the text of a file with a byte order mark, or in UTF-8; None for any other."""
    marks = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for mark, codec in zip(marks, ("utf-32", "utf-32", "utf-16", "utf-16"), strict=True):
        if data.startswith(mark):
            try:
                return data.decode(codec)
            except UnicodeDecodeError as error:
                raise LabelsError(_no_text(name)) from error
    if b"\0" in data:  # valid UTF-8, but no text
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _utf_16_without_mark(data: bytes, name: str) -> str:
    """Return the text of UTF-16 by its first line, which is mostly ASCII: every other byte of it is zero."""
    line = re.split(rb"[\r\n]", data, maxsplit=1)[0]
    for codec, high, low in (("utf-16-le", line[1::2], line[::2]), ("utf-16-be", line[::2], line[1::2])):
        if high.count(0) > len(high) / 2 and 0 not in low:
            try:
                return data.decode(codec)
            except UnicodeDecodeError:
                continue
    raise LabelsError(_no_text(name))


def _no_text(name: str) -> str:
    return f"{name} is not a text file. Save the table as CSV (UTF-8) and use that file."


def _text_in_a_code_page(
    data: bytes, name: str, cells_of: Callable[[str], Cells], asking: Asking
) -> tuple[str, Problem | None]:
    plain = data.decode("latin-1")
    try:
        columns, rows = cells_of(plain)
    except LabelsError:  # raised again by whoever reads the text, with the words of its first line
        first = next((line for line in plain[:_AT_ONCE].split("\n") if line.strip()), "")
        return data.decode(_readings([first], first.encode("latin-1"))[0].codec, "replace"), None
    cells, sampled = _cells_beyond_ascii(rows)
    if not cells:
        text = data.decode("cp1252", "replace")
        words = "the file is not UTF-8, which changes only cells that are not used"
        return text if "\ufffd" not in text else plain, Problem(None, words, harmless=True)
    readings = _readings(cells, data)
    best, choices = readings[0], choices_of(readings)
    if is_sure(readings) or len(choices) == 1:
        return _decoded(data, best.codec), _remark(best.codec, f": {_shown(best.texts)}")
    codec = asking.ask(_question(name, columns, sampled, choices))
    if codec is None:  # while nobody has answered, nothing is claimed
        return _decoded(data, best.codec), None
    return _decoded(data, codec), _remark(codec)


def _remark(codec: str, sample: str = "") -> Problem:
    return Problem(None, f"the file is not UTF-8 and was read as {NAMES[codec]}{sample}", harmless=True)


def _cells_beyond_ascii(rows: Iterable[Sequence[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the distinct cells with other characters than ASCII, and some of the rows in which they stand first."""
    cells: dict[str, None] = {}
    sampled: list[tuple[str, ...]] = []
    for row in rows:
        new = [cell for cell in row if not cell.isascii() and cell not in cells]
        if new:
            cells.update(dict.fromkeys(new))
            if len(sampled) < _ROWS_SAMPLED:
                sampled.append(tuple(row))
    return list(cells), sampled


def _readings(cells: Sequence[str], data: bytes) -> list[Reading]:
    """Return the different readings of cells that were decoded as Latin-1, the likeliest first; at least one."""
    raw = [cell.encode("latin-1") for cell in cells]
    encodings = [*_ENCODINGS]
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        encodings.append("latin_1")
    if _is_mostly_utf_8(b"\n".join(raw)):
        encodings.append(UTF_8)
    return readings_of(raw, data, encodings)


def _is_mostly_utf_8(blob: bytes) -> bool:
    """Return whether a few bytes of a file in UTF-8 are damaged."""
    text = blob.decode(UTF_8, "replace")
    return text.count("\ufffd") * 4 <= sum(not mark.isascii() for mark in text)


def _shown(texts: Sequence[str]) -> str:
    shown = [" ".join(text[:_SHOWN].split()) for text in texts[:SAMPLED]]
    return ", ".join(shown) + (", ..." if len(texts) > SAMPLED else "")


def _question(
    name: str, columns: tuple[str, ...], sampled: Sequence[tuple[str, ...]], readings: Sequence[Reading]
) -> Question:
    def decoded(row: Sequence[str], codec: str) -> tuple[str, ...]:
        return tuple(cell.encode("latin-1").decode(codec, "replace")[:_SHOWN] for cell in row)

    apart = sorted(sampled, key=lambda row: -len({decoded(row, one.codec) for one in readings}))[:SAMPLED]
    unclear = [row for row in sampled if row in apart][:SAMPLED]
    places = [at for at in range(len(columns)) if at == 0 or not all(row[at].isascii() for row in unclear)]
    places = places[:_SHOWN_COLUMNS]
    shown = [tuple(row[at] for at in places) for row in unclear]
    choices = tuple(
        Choice(one.codec, f"Read it as {NAMES[one.codec]}", tuple(decoded(row, one.codec) for row in shown))
        for one in readings
    )
    text = (
        f"{name} is not UTF-8, and its words differ by encoding. If none is right, save it as UTF-8. "
        "In which encoding do they read right?"
    )
    return Question(ENCODING, text, choices, name, tuple(columns[at] for at in places))


def _decoded(data: bytes, codec: str) -> str:
    return data.decode(codec, "replace" if codec == UTF_8 else "strict").removeprefix("\ufeff")

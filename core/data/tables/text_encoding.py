"""Decode a table; where its words depend on the encoding, ask in which one they read right."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.data.tables.csv_cells import bytes_of, check_rows, rows_of
from core.data.tables.label_rows import Problem
from core.data.tables.odd_words import odd_share
from core.data.tables.questions import SAMPLED, Asking, Choice, Question
from core.errors import LabelsError

ENCODING = "encoding"
"""The kind of the question; its choices are Python's names of the encodings."""

_UTF_8 = "utf_8"
_CODECS = {
    "cp1252": "Western European (Windows)",
    "cp1251": "Cyrillic (Windows)",
    "cp932": "Japanese (Shift JIS)",
    "gb18030": "simplified Chinese (GBK)",
    "mac_roman": "Western European (Mac)",
    "cp1250": "Central European (Windows)",
    "cp949": "Korean",
    "cp950": "traditional Chinese (Big5)",
    "koi8_r": "Russian (KOI8-R)",
    "euc_jp": "Japanese (EUC)",
    "cp1254": "Turkish (Windows)",
    "cp1253": "Greek (Windows)",
    "cp1255": "Hebrew (Windows)",
    "cp1256": "Arabic (Windows)",
    "cp1257": "Baltic (Windows)",
    "cp1258": "Vietnamese (Windows)",
    "cp874": "Thai (Windows)",
    "mac_cyrillic": "Cyrillic (Mac)",
}
"""The encodings that are tried, the most frequent first, with their names on a button."""
_OF_DOS = {"cp850": "Western European (MS-DOS)", "cp437": "American (MS-DOS)", "cp866": "Cyrillic (MS-DOS)"}
"""Tried where the words do not read right in that of Windows: Excel's "CSV (MS-DOS)"."""
_NAMES = {
    **_CODECS,
    **_OF_DOS,
    "latin_1": "Western European (Latin-1)",
    _UTF_8: "UTF-8, with a replacement for what is not",
}

_MOST_CHOICES = 6
_CLEARLY_ODD = 0.3
"""Words of which a larger share is odd are not what was written."""
_CELLS_JUDGED, _LONGEST_JUDGED, _CHARACTERS_JUDGED = 1_000, 200, 20_000
_ROWS_SAMPLED, _BYTES_DETECTED, _SHOWN, _SHOWN_COLUMNS = 200, 2**14, 60, 6
_AT_ONCE = 2**20  # bytes

Cells = tuple[tuple[str, ...], Iterable[Sequence[str]]]
"""The names of the columns that matter, and each row's cells in them."""


@dataclass(frozen=True)
class _Reading:
    """What the words of a table are in one encoding."""

    codec: str
    text: str
    odd: float  # the share of odd characters


def decode_table(
    data: bytes, name: str, cells_of: Callable[[str], Cells], asking: Asking
) -> tuple[str, Problem | None]:
    """Return a table's text, and a remark where it is not in UTF-8.

    ``cells_of`` returns the cells that matter of a table that is decoded as Latin-1, one character a byte: in all of
    these encodings a delimiter is the same byte. If they read differently in several likely encodings, the person is
    asked. charset-normalizer says which of these is first. Raises LabelsError where the data is not text.
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
        return data.decode(_all_readings(first.encode("latin-1"), [first])[0].codec, "replace"), None
    cells, sampled = _cells_beyond_ascii(rows)
    if not cells:
        text = data.decode("cp1252", "replace")
        words = "the file is not UTF-8, which changes only cells that are not used"
        return text if "\ufffd" not in text else plain, Problem(None, words, harmless=True)
    readings = _likely_readings(data, cells)
    best = readings[0]
    if len(readings) == 1 and best.odd == 0:
        words = f"the file is not UTF-8 and was read as {_NAMES[best.codec]}, in which alone its words read right"
        return _decoded(data, best.codec), Problem(None, words, harmless=True)
    if len(readings) == 1:  # one that reads badly, with what is left
        readings = _all_readings(data, cells)[:_MOST_CHOICES]
    codec = best.codec
    if len(readings) > 1:
        codec = asking.ask(_question(name, columns, sampled, readings)) or best.codec
    return _decoded(data, codec), Problem(None, f"the file is not UTF-8 and was read as {_NAMES[codec]}", harmless=True)


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


def _likely_readings(data: bytes, cells: Sequence[str]) -> list[_Reading]:
    """Return the readings in which the words may be right, the likeliest first; at least one."""
    readings = _all_readings(data, cells)
    best = readings[0].odd
    return [one for one in readings if one.odd <= best + _CLEARLY_ODD][:_MOST_CHOICES]


def _all_readings(data: bytes, cells: Sequence[str]) -> list[_Reading]:
    """Return the distinct readings of the cells, the likeliest first."""
    blob = "\n".join(cells).encode("latin-1")
    found: dict[str, _Reading] = {}

    def add(codec: str, errors: str = "strict") -> None:
        try:
            text = blob.decode(codec, errors)
        except UnicodeDecodeError:
            return
        if text not in found and (errors != "strict" or _decodes(data, codec)):
            found[text] = _Reading(codec, text, odd_share(_judged(text)))

    for codec in _CODECS:
        add(codec)
    if not any(one.codec == "cp1252" for one in found.values()):
        add("latin_1")
    if _is_mostly_utf_8(blob):
        add(_UTF_8, "replace")
    # The accents of DOS and of the Mac are quotation marks and symbols on Windows.
    if not any(one.codec == "cp1252" and one.odd == 0 for one in found.values()):
        for codec in _OF_DOS:
            add(codec)
    order = [*_NAMES]
    likeliest = _detected(blob)
    return sorted(found.values(), key=lambda one: (one.odd, one.codec != likeliest, order.index(one.codec)))


def _judged(text: str) -> Iterator[str]:
    """Yield the beginnings of the first cells, of which not many are needed to see that they are odd."""
    left = _CHARACTERS_JUDGED
    for cell in islice(text.split("\n"), _CELLS_JUDGED):
        left -= len(shown := cell[:_LONGEST_JUDGED])
        yield shown
        if left < 0:
            return


def _decodes(data: bytes, codec: str) -> bool:
    """Return whether all of a file can be decoded, without keeping its text."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(data), _AT_ONCE):
            decoder.decode(data[start : start + _AT_ONCE], start + _AT_ONCE >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf_8(blob: bytes) -> bool:
    """Return whether a few bytes of a file in UTF-8 are damaged."""
    text = blob.decode(_UTF_8, "replace")
    return text.count("\ufffd") * 4 <= sum(not mark.isascii() for mark in text)


def _detected(blob: bytes) -> str | None:
    """Return the encoding that charset-normalizer finds: https://charset-normalizer.readthedocs.io."""
    from charset_normalizer import from_bytes

    best = from_bytes(blob[:_BYTES_DETECTED], cp_isolation=[*_CODECS]).best()
    return best.encoding if best else None


def _question(
    name: str, columns: tuple[str, ...], sampled: Sequence[tuple[str, ...]], readings: Sequence[_Reading]
) -> Question:
    def decoded(row: Sequence[str], codec: str) -> tuple[str, ...]:
        return tuple(cell.encode("latin-1").decode(codec, "replace")[:_SHOWN] for cell in row)

    apart = sorted(sampled, key=lambda row: -len({decoded(row, one.codec) for one in readings}))[:SAMPLED]
    unclear = [row for row in sampled if row in apart][:SAMPLED]
    places = [at for at in range(len(columns)) if at == 0 or not all(row[at].isascii() for row in unclear)]
    places = places[:_SHOWN_COLUMNS]
    shown = [tuple(row[at] for at in places) for row in unclear]
    choices = tuple(
        Choice(one.codec, f"Read it as {_NAMES[one.codec]}", tuple(decoded(row, one.codec) for row in shown))
        for one in readings
    )
    text = (
        f"{name} is not UTF-8, and its words differ by encoding. If none is right, save it as UTF-8. "
        "In which encoding do they read right?"
    )
    return Question(ENCODING, text, choices, name, tuple(columns[at] for at in places))


def _decoded(data: bytes, codec: str) -> str:
    return data.decode(codec, "replace" if codec == _UTF_8 else "strict").removeprefix("\ufeff")

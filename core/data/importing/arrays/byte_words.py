"""Decode the words in arrays of bytes, which do not say their encoding; where it is unclear, ask."""

from collections.abc import Iterable, Mapping

from core.data.importing.arrays.array_files import StoredArray
from core.data.importing.arrays.packed_labels import whole_array
from core.data.tables.label_rows import Problem
from core.data.tables.questions import Asking
from core.data.tables.text_encoding import decode_table
from core.errors import ArraysError, LabelsError

_HEADER = b"class"  # without a first line, a word might look like a byte order mark
_LINE_ENDS = bytes.maketrans(b"\r\n\0", b"   ")


def words_in(arrays: Iterable[StoredArray], name: str, asking: Asking) -> tuple[Mapping[bytes, str], list[Problem]]:
    """Return the text of all words that are bytes, and a remark where they are not UTF-8.

    All arrays of a file are in one encoding, found and asked for as that of a table. Raises ArraysError where the words
    are not text.
    """
    found: dict[bytes, None] = {}
    for array in arrays:
        if array.dtype.kind == "S":
            found |= dict.fromkeys(whole_array(array, name).reshape(-1).tolist())
    words = sorted(found)
    data = b"\n".join([_HEADER, *(word.translate(_LINE_ENDS) for word in words)])
    try:
        text, remark = decode_table(data, name, _cells_of, asking)
    except LabelsError as error:
        raise ArraysError(str(error)) from error
    decoded = text.split("\n")[1:]
    if len(decoded) != len(words):
        raise ArraysError(f"{name}: its classes and labels are not text. Save them as text in UTF-8.")
    return dict(zip(words, decoded, strict=True)), [remark] if remark else []


def _cells_of(text: str) -> tuple[tuple[str, ...], Iterable[tuple[str, ...]]]:
    return (_HEADER.decode(),), ((word,) for word in text.split("\n")[1:])

"""Decode files of labels that are no tables: JSON, XML, lists of names; where the words are unclear, ask."""

import codecs
import re
from contextlib import suppress

from core.data.tables.questions import SAMPLED, Asking, Choice, Question
from core.data.tables.text_encoding import ENCODING, Cells, decode_table
from core.errors import LabelsError

_UTF_8 = "utf_8"
_SHOWN = 60
# No multi-byte encoding uses these marks inside a character.
_BEYOND_ASCII = re.compile('[^"<>\n\r\t,:;\x80-\xff]{0,60}[\x80-\xff][^"<>\n\r\t,:;]{0,200}')
_MOST_WORDS = 5_000


class NotText(ValueError):
    """The file is no text; the message is half a sentence."""


def decode_labels(data: bytes, path: str, asking: Asking, declared: str | None = None) -> tuple[str, str | None]:
    """Return the content of a file as text, and a remark where it is not in UTF-8.

    ``declared`` is the encoding that the file says of itself. Raises NotText.
    """
    try:
        unicode = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        unicode = None
    if declared is not None and codecs.lookup(declared).name != "utf-8":
        with suppress(UnicodeDecodeError):
            text = data.decode(declared)
            return (text if unicode in (None, text) else _chosen(unicode, text, declared, path, asking)), None
    if unicode is not None and "\0" not in unicode:
        return unicode, None
    try:
        text, remark = decode_table(data, path, _words, asking)
    except LabelsError as error:
        raise NotText("it is not text") from error
    return text, remark.text if remark is not None else None


def _words(text: str) -> Cells:
    """Return the words beyond ASCII of a text that was decoded as Latin-1."""
    found: dict[str, None] = {}
    for match in _BEYOND_ASCII.finditer(text):
        found.setdefault(match.group().strip())
        if len(found) == _MOST_WORDS:
            break
    return ("words",), [(word,) for word in found]


def _chosen(unicode: str | None, text: str, declared: str, path: str, asking: Asking) -> str:
    """Ask whether a file that is valid UTF-8 is in the other encoding that it declares, and return its text."""
    if unicode is None:
        return text
    own, other = [(_words_of(one)) for one in (unicode, text)]
    choices = (
        Choice(_UTF_8, "Read it as UTF-8", own),
        Choice(declared, f"Read it as {declared}, as it says", other),
    )
    words = f"{path} says that it is in {declared}, and it is also valid UTF-8. In which do its words read right?"
    return text if asking.ask(Question(ENCODING, words, choices, path, ("words",))) == declared else unicode


def _words_of(text: str) -> tuple[tuple[str, ...], ...]:
    found = dict.fromkeys(re.findall('[^"<>\n\r\t,:;]*[^\x00-\x7f][^"<>\n\r\t,:;]*', text[:100_000]))
    return tuple((word.strip()[:_SHOWN],) for word in list(found)[:SAMPLED])

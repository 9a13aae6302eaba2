"""Parse JSON of strangers within a limit on memory."""

import json
from collections import Counter
from typing import Any

from core.errors import LabelsError

MAX_BYTES = 2**30
"""How much memory the parsed content may take."""

# What a list or dictionary of one value takes in its parent, and what a number or short text does.
_CONTAINER_BYTES, _VALUE_BYTES = 120, 48

_SHOWN_KEY = 40


class JsonRefused(ValueError):
    """The text is not JSON, or can be read in two ways; the message is half a sentence."""


class JsonTooLarge(JsonRefused):
    """The content takes too much memory."""


def parse_json(text: str) -> Any:
    """Return the parsed text. Raises JsonRefused; of what takes too much memory nothing is parsed.

    An object with a key that stands in it twice is refused: which of its values counts differs between programs
    (RFC 8259, 4).
    """
    if memory_of(text) > MAX_BYTES:
        raise JsonTooLarge("it holds more values than can be read at once; split it into smaller files")
    try:
        return json.loads(text, object_pairs_hook=_object)
    except JsonRefused:
        raise
    except (ValueError, RecursionError) as error:
        raise JsonRefused("it is not JSON") from error


def memory_of(text: str) -> int:
    """Return about how many bytes the values of a JSON text take, besides their texts."""
    return _CONTAINER_BYTES * (text.count("[") + text.count("{")) + _VALUE_BYTES * text.count(",")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise JsonRefused(f'it has the key "{key[:_SHOWN_KEY]}" twice in one object')
    return found


def parse_or_note(text: str, path: str, unread: dict[str, str]) -> Any:
    """Return the content of a file of labels; None, and a note in ``unread``, for one that is not JSON.

    Raises LabelsError where it takes too much memory.
    """
    try:
        return parse_json(text)
    except JsonTooLarge as error:
        raise LabelsError(f"{path} was not read: {error}, or leave it out.") from error
    except JsonRefused as error:
        unread[path] = str(error)
        return None

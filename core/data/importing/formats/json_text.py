"""Parse JSON of strangers within a limit on memory."""

import json
from typing import Any

MAX_BYTES = 2**30
"""How much memory the parsed content may take."""

# What a list or dictionary of one value takes in its parent, and what a number or short text does.
_CONTAINER_BYTES, _VALUE_BYTES = 120, 48


class JsonRefused(ValueError):
    """The text is not JSON; the message is half a sentence."""


class JsonTooLarge(JsonRefused):
    """The content takes too much memory."""


def parse_json(text: str) -> Any:
    """Return the parsed text. Raises JsonRefused; of what takes too much memory nothing is parsed."""
    needed = _CONTAINER_BYTES * (text.count("[") + text.count("{")) + _VALUE_BYTES * text.count(",")
    if needed > MAX_BYTES:
        raise JsonTooLarge("it holds more values than can be read at once; split it into smaller files")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JsonRefused("it is not JSON") from error

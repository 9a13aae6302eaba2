"""Parse a JSON file of unknown origin within limits on its size, its depth, its numbers and its characters."""

import json
import math
import re
from typing import Any, NoReturn

_MAX_DEPTH = 20
_MAX_NUMBER_BITS = 64
# Control characters, and halves of surrogate pairs, which cannot be written as UTF-8.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class InvalidJson(ValueError):
    """Why a JSON file cannot be used, in half a sentence."""


def strict_json(data: bytes, max_bytes: int) -> Any:
    """Return what a JSON file holds; raises InvalidJson for everything that no file of ours contains."""
    if len(data) > max_bytes:
        raise InvalidJson(f"it is larger than {max_bytes >> 20} MB")
    try:
        raw = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise InvalidJson("it is nested too deeply") from None
    except ValueError as error:
        raise InvalidJson(one_line(str(error))) from error
    _check_values(raw)
    return raw


def _no_constant(name: str) -> NoReturn:
    raise InvalidJson(f"it holds {name}, which is not a number")


def _check_values(raw: object) -> None:
    """Check what no field describes: the depth, the size of numbers, and the characters of texts."""
    waiting: list[tuple[object, int]] = [(raw, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise InvalidJson(f"it is nested deeper than {_MAX_DEPTH} levels")
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for pair in value.items() for one in pair]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]
        elif isinstance(value, str):
            if _NOT_TEXT.search(value):
                raise InvalidJson("it holds text with characters that are not allowed")
        elif _is_too_large(value):
            raise InvalidJson("it holds a number that is too large")


def _is_too_large(value: object) -> bool:
    if isinstance(value, int):
        return value.bit_length() > _MAX_NUMBER_BITS
    return isinstance(value, float) and not math.isfinite(value)


def one_line(text: str) -> str:
    """Return the first characters of a text of unknown origin, without what does not print."""
    line = text.partition("\n")[0][:100]
    return "".join(sign if sign.isprintable() else "?" for sign in line)

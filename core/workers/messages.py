"""Messages between the server and its worker processes: one line of JSON each; arrays travel as text inside them.

The server sends ``{"id", "target", "arguments", "settings"}`` and ``{"stop": id}``. A worker answers with ``{"id"}``
and one of: ``begun``, ``progress`` (phase, done, total), ``result``, ``stopped``, ``error`` with ``kind`` (the sentence
of a user error, and its class), ``memory`` (a sentence), ``bug`` (a traceback). Nothing is unpickled.
"""

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

Message = dict[str, Any]

SETTINGS = "RESNET_STUDIO_"
"""The server's environment variables with this prefix travel with each request: they may have changed."""


def to_line(message: Mapping[str, Any]) -> bytes:
    """Return a message as one line; file names that are not UTF-8 survive as escaped surrogates."""
    return json.dumps(message).encode("ascii") + b"\n"


def from_line(line: bytes) -> Message:
    """Return the message of a line; raises ValueError if it is none."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("not a message")
    return message


def pack_arrays(**arrays: np.ndarray) -> str:
    """Return arrays as text for a message."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def unpack_arrays(text: str) -> dict[str, np.ndarray]:
    """Return the arrays of ``pack_arrays``."""
    with np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False) as packed:
        return {name: packed[name] for name in packed.files}

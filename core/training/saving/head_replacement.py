"""Writes a network's weight file anew with another head, without loading the network. Does not import torch."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.models.untrusted.safetensors_header import read_header
from core.models.untrusted.stored_tensor import StoredTensor, Unusable, checked_state

WEIGHT, BIAS = "fc.weight", "fc.bias"
_BOX_HEAD = "box."
_OURS = re.compile(r"(conv1|bn1|layer[1-4])\.")
_STATISTICS, _COUNTER = "running_var", "num_batches_tracked"
_KINDS = {"float32": ("F32", 4), "int64": ("I64", 8)}
_PIECE = 4 << 20


class NotCopied(ValueError):
    """Why a weight file has to be loaded and saved instead, in half a sentence."""


@dataclass(frozen=True)
class _Entry:
    kind: str
    shape: tuple[int, ...]
    content: bytes | None
    """The numbers; None for a tensor that is copied from the source."""
    at: int
    size: int


def can_replace_head(source: Path) -> bool:
    """Return whether ``write_with_head`` can use a weight file: a safetensors file of plain float32 tensors."""
    try:
        _entries(source, np.zeros((1, 1), np.float32), np.zeros(1, np.float32))
    except (NotCopied, OSError):
        return False
    return True


def write_with_head(source: Path, target: Path, weight: np.ndarray, bias: np.ndarray) -> str:
    """Copy a .safetensors file with the head ``fc`` replaced, and return the SHA-256 of the new file.

    ``weight`` is [K, C] and ``bias`` [K]. A head for boxes is left out. The file is byte for byte what ``save_bundle``
    writes of the network. Raises OSError, and NotCopied if the file is not made of plain float32 tensors.
    """
    entries = _entries(source, weight, bias)
    digest = hashlib.sha256()
    with source.open("rb") as file, target.open("wb") as made:

        def write(content: bytes | memoryview) -> None:
            digest.update(content)
            made.write(content)

        write(_header(entries))
        buffer = memoryview(bytearray(_PIECE))
        for entry in entries.values():
            if entry.content is not None:
                write(entry.content)
                continue
            file.seek(entry.at)
            left = entry.size
            while left:
                count = file.readinto(buffer[: min(left, _PIECE)])
                if not count:
                    raise NotCopied("it ends too early")
                write(buffer[:count])
                left -= count
    return digest.hexdigest()


def _entries(source: Path, weight: np.ndarray, bias: np.ndarray) -> dict[str, _Entry]:
    """Return what the new file holds by name, in safetensors' order: wide types first, then by name."""
    if source.suffix.lower() != ".safetensors":
        raise NotCopied("it is not a .safetensors file")
    try:
        with source.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            found = read_header(file, size)
            state = checked_state(found, size)
    except (EOFError, Unusable, ValueError) as error:
        raise NotCopied(str(error)) from error
    if set(state) != set(found):
        raise NotCopied("its names have a prefix")
    entries = {
        name: _copied(name, tensor)
        for name, tensor in state.items()
        if name not in (WEIGHT, BIAS) and not name.startswith(_BOX_HEAD)
    }
    counters = {name.removesuffix(_STATISTICS) + _COUNTER for name in entries if name.endswith(_STATISTICS)}
    if not all(map(_OURS.match, entries)) or not counters <= set(entries):
        raise NotCopied("it has other names than ours, or lacks some")
    for name, values in ((WEIGHT, weight), (BIAS, bias)):
        content = np.ascontiguousarray(values, "<f4").tobytes()
        entries[name] = _Entry("F32", values.shape, content, 0, len(content))
    return dict(sorted(entries.items(), key=lambda pair: (pair[1].kind != "I64", pair[0])))


def _copied(name: str, tensor: StoredTensor) -> _Entry:
    counter = name.endswith("num_batches_tracked")
    if tensor.storage.dtype != ("int64" if counter else "float32"):
        raise NotCopied(f"{name} holds {tensor.storage.dtype} numbers")
    kind, width = _KINDS[tensor.storage.dtype]
    return _Entry(kind, tensor.shape, None, tensor.storage.at, width * tensor.count)


def _header(entries: dict[str, _Entry]) -> bytes:
    """Return the header of a .safetensors file, padded to a multiple of eight bytes."""
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, entry in entries.items():
        table[name] = {"dtype": entry.kind, "shape": list(entry.shape), "data_offsets": [end, end + entry.size]}
        end += entry.size
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text

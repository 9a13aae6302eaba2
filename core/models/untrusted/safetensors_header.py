"""Read the header of a .safetensors file: the names, types, shapes and places of its tensors.

The format: eight bytes with the header's length, the header as JSON, then the numbers, all little-endian.
"""

import json
from typing import BinaryIO, TypeGuard

from core.models.untrusted.stored_tensor import ITEM_BYTES, NotPlain, Storage, StoredTensor, row_major

_MAX_HEADER_BYTES = 8 * 2**20  # a network of 1,000 tensors takes 0.1 MB

_TYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "F16": "float16",
    "BF16": "bfloat16",
    "I16": "int16",
    "U16": "uint16",
    "F32": "float32",
    "I32": "int32",
    "U32": "uint32",
    "F64": "float64",
    "I64": "int64",
    "U64": "uint64",
    "C64": "complex64",
}


def read_header(file: BinaryIO, file_bytes: int) -> dict[object, object]:
    """Return the file's tensors by name; raises ValueError or EOFError if the header is damaged."""
    header, start = _header(file, file_bytes)
    header.pop("__metadata__", None)
    return {name: _tensor(entry, start, file_bytes) for name, entry in header.items()}


def read_metadata(file: BinaryIO, file_bytes: int) -> dict[object, object]:
    """Return what the writer noted beside the tensors; raises as ``read_header`` does."""
    found = _header(file, file_bytes)[0].get("__metadata__")
    return found if isinstance(found, dict) else {}


def _header(file: BinaryIO, file_bytes: int) -> tuple[dict[object, object], int]:
    """Return the header, and where the numbers begin."""
    length = int.from_bytes(_exactly(file, 8), "little")
    if length > min(_MAX_HEADER_BYTES, file_bytes - 8):
        raise ValueError("its header is longer than the file or than 8 MB")
    try:
        header = json.loads(_exactly(file, length))
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error
    if not isinstance(header, dict):
        raise ValueError("its header is not a table of tensors")
    return header, 8 + length


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise EOFError("it ends too early")
    return data


def _tensor(entry: object, start: int, file_bytes: int) -> StoredTensor | NotPlain:
    if not isinstance(entry, dict):
        raise ValueError("its header describes no tensor")
    kind, shape, place = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(kind, str) or not _counts(shape) or not _counts(place) or len(place) != 2:
        raise ValueError("its header describes a tensor wrongly")
    if kind not in _TYPES:
        return NotPlain("of a type that is not supported")
    dtype = _TYPES[kind]
    begin, end = place
    count, rest = divmod(end - begin, ITEM_BYTES[dtype])
    tensor = StoredTensor(Storage(dtype, count, start + begin), 0, tuple(shape), row_major(tuple(shape)))
    if end > file_bytes - start:
        raise EOFError("it ends before its tensors do, as after a download that broke off")
    if not begin <= end or rest or tensor.count != count:
        raise ValueError("a tensor's place in it does not fit its shape")
    return tensor


def _counts(values: object) -> TypeGuard[list[int]]:
    if not isinstance(values, list) or len(values) > 16:
        return False
    return all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**48 for value in values)

"""Tensors that lie in a file, described before they are read; torch is imported only when they are read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from torch import Tensor

ITEM_BYTES = {
    **dict.fromkeys(("bool", "uint8", "int8"), 1),
    **dict.fromkeys(("float16", "bfloat16", "int16", "uint16"), 2),
    **dict.fromkeys(("float32", "int32", "uint32", "complex32"), 4),
    **dict.fromkeys(("float64", "int64", "uint64", "complex64"), 8),
    "complex128": 16,
}
"""Bytes of one number by torch's name of its type."""

WEIGHT_TYPES = ("float16", "bfloat16", "float32", "float64")
COUNTER_TYPES = ("int32", "int64", *WEIGHT_TYPES)
"""BatchNorm's counter of batches may be a whole number."""

MAX_TENSORS = 10_000
MAX_NAME = 200
MAX_BYTES = 2 * 2**30
"""All tensors together, as float32; the largest architecture takes 0.36 GB."""

_MAX_SIDE = 2**40
_MAX_DIMENSIONS = 8
_MAX_GROWTH = 4
"""All tensors as float32, at most this many times the file. Half precision doubles, float64 halves."""
_GROWTH_FREE_BYTES = 2**20


class Unusable(ValueError):
    """Why a file's tensors cannot be used: a clause that follows the file's name and a colon, and what to do."""


@dataclass
class Storage:
    """A row of numbers in a file."""

    dtype: str
    count: int
    at: int = -1
    """Where it begins in the file, in bytes."""


@dataclass(frozen=True)
class StoredTensor:
    """A tensor's place in a storage; offset and strides count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        """The numbers that the tensor has."""
        return math.prod(self.shape)

    @property
    def span(self) -> int:
        """The numbers in the storage from the tensor's first to its last."""
        if not self.count:
            return 0
        return 1 + sum((side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True))


@dataclass(frozen=True)
class NotPlain:
    """Something else in a file; ``what`` describes it in two words."""

    what: str


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of a row-major tensor."""
    return tuple(math.prod(shape[place + 1 :]) for place in range(len(shape)))


def checked_state(found: Mapping[Any, object], file_bytes: int) -> dict[str, StoredTensor]:
    """Return a state dict's tensors if all of them can be used as weights; raises Unusable.

    Names, types, layout, number and sizes are checked; the prefix of DataParallel is removed.
    """
    if len(found) > MAX_TENSORS:
        raise Unusable(f"it holds {len(found):,} tensors; at most {MAX_TENSORS:,} are allowed.")
    state: dict[str, StoredTensor] = {}
    total = 0
    for key, value in found.items():
        if not isinstance(key, str):
            kind = type(key).__name__ if isinstance(key, int | float) else "something else"
            raise Unusable(f"a tensor's name is not text ({kind}). Save the model's state_dict alone.")
        if not key.isprintable() or not 0 < len(key) <= MAX_NAME:
            raise Unusable(
                f"a tensor's name is empty, longer than {MAX_NAME} characters or not printable. "
                "Save the model's state_dict again."
            )
        name = key.removeprefix("module.")
        if name in state:
            raise Unusable(f"it holds {name} twice. Save the model's state_dict again.")
        state[name] = tensor = _checked(name, value)
        total += 4 * tensor.count
    if total > MAX_BYTES:
        raise Unusable(f"its tensors take {total / 2**30:,.1f} GB; at most {MAX_BYTES >> 30} GB are allowed.")
    if total > _MAX_GROWTH * file_bytes + _GROWTH_FREE_BYTES:
        raise Unusable(
            f"its tensors take {total:,} bytes, and the file {file_bytes:,}. Save the model's state_dict again."
        )
    return state


def _checked(name: str, value: object) -> StoredTensor:
    again = "Save the model's state_dict again as plain float32 tensors."
    if not isinstance(value, StoredTensor):
        raise Unusable(f"{name} is {value.what if isinstance(value, NotPlain) else 'not a tensor'}. {again}")
    dtype, shape, strides = value.storage.dtype, value.shape, value.strides
    if dtype not in (COUNTER_TYPES if name.endswith("num_batches_tracked") else WEIGHT_TYPES):
        raise Unusable(f"{name} holds {dtype} numbers; weights are {', '.join(WEIGHT_TYPES)}. {again}")
    numbers = (value.offset, *shape, *strides)
    if len(shape) > _MAX_DIMENSIONS or len(shape) != len(strides) or not all(0 <= n < _MAX_SIDE for n in numbers):
        raise Unusable(f"{name} has an impossible shape. {again}")
    if value.offset + value.span > value.storage.count:
        raise Unusable(f"{name} is larger than its numbers in the file. Copy or download it again.")
    # A stride of 0 or overlapping rows: each number would be copied many times.
    if value.count > value.span:
        raise Unusable(f"{name} repeats its numbers (an expanded tensor). {again}")
    return value


def read_tensor(file: BinaryIO, tensor: StoredTensor) -> "Tensor":
    """Read a checked tensor; raises EOFError if the file ends before."""
    import torch

    dtype = getattr(torch, tensor.storage.dtype)
    if not tensor.count:
        return torch.empty(tensor.shape, dtype=dtype)
    size = ITEM_BYTES[tensor.storage.dtype]
    # A buffer of its own, because a tensor must not begin at an odd place in memory as it may in the file.
    buffer = bytearray(size * tensor.span)
    file.seek(tensor.storage.at + size * tensor.offset)
    if file.readinto(buffer) != len(buffer):  # type: ignore[attr-defined]
        raise EOFError("it ends too early")
    return torch.frombuffer(buffer, dtype=dtype).as_strided(tensor.shape, tensor.strides)

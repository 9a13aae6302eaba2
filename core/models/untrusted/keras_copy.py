"""Copy the arrays of an HDF5 file of Keras as plain float32 numbers, in a process of its own.

    python -m core.models.untrusted.keras_copy NAME

The HDF5 library is written in C, and a damaged file can make it crash, use all memory or hang. The file is standard
input, NAME the user's name for it. Standard output gets eight bytes with a length, a JSON table of that length, and the
numbers of the arrays that belong to one of Keras's networks or to the only other layer. See core.limited_process.
"""

import json
import math
import re
import struct
import sys
from collections.abc import Mapping
from typing import BinaryIO

import h5py
import numpy as np

from core.errors import BundleError
from core.limited_process import refuse, run_limited
from core.models.untrusted.keras_layers import CLASSIFIER, NAMES, NORM, WEIGHTED

_MEMORY_BYTES = 2**30
_MAX_ENTRIES = 20_000
_MAX_DEPTH = 30
_MAX_ARRAY_BYTES = 256 * 2**20  # a classifier of 32,000 classes
_MAX_CHUNK_BYTES = 256 * 2**20
_MAX_BYTES = 600 * 2**20  # all arrays as float32; ResNet152 takes 242 MB
_RATIO, _RATIO_FREE_BYTES = 200, 10 * 2**20
_FEATURES = 2048  # of all six networks, which a classifier's kernel begins with

# What h5py raises for damaged files: the library's own errors, and errors for names, types and sizes without a
# counterpart in Python and for compression that is not built in.
_DAMAGED = (OSError, RuntimeError, ValueError, LookupError, TypeError, OverflowError, MemoryError, AttributeError)


def copy_weights(source: BinaryIO, target: BinaryIO, path: str) -> None:
    """Write the table of a file's arrays and the numbers of those that a network may need; raises BundleError."""
    try:
        file = h5py.File(source, "r")
    except _DAMAGED as error:
        raise BundleError(f"{path} is not a complete file of Keras ({_first_line(error)}). Copy it again.") from error
    try:
        with file:
            arrays = _arrays(file, path)
            shapes = {place: _shape(array) for place, array in arrays.items()}
            troubles = {place: _trouble(array) for place, array in arrays.items()}
            copied = [place for place in _needed(arrays) if troubles[place] is None]
            begins, end = {}, 0
            for place in copied:
                begins[place] = end
                end += 4 * math.prod(shapes[place])
            if end > _MAX_BYTES:
                raise BundleError(
                    f"{path} unpacks to {end >> 20:,} MB of weights; at most {_MAX_BYTES >> 20} MB are allowed."
                )
            table = {
                place: {"shape": shapes[place], "trouble": troubles[place], "at": begins.get(place, 0)}
                for place in arrays
            }
            header = json.dumps(table).encode()
            target.write(struct.pack("<Q", len(header)) + header)
            for place in copied:
                values = arrays[place][()]
                target.write(np.ascontiguousarray(values, dtype="<f4").data.cast("B") if values.size else b"")
    except _DAMAGED as error:
        raise BundleError(f"{path} is damaged ({_first_line(error)}). Copy or download it again.") from error


def _arrays(file: h5py.File, path: str) -> dict[str, h5py.Dataset]:
    """Return the layers' arrays as ``layer/weight``, not yet read; those of an optimizer are left out."""
    found: dict[str, h5py.Dataset] = {}
    known = NAMES | {CLASSIFIER}
    seen = 0

    def visit(name: str, entry: h5py.HLObject) -> None:
        nonlocal seen
        seen += 1
        if seen > _MAX_ENTRIES or name.count("/") > _MAX_DEPTH:
            raise BundleError(f"{path} holds more groups and arrays than a network has, and was not read.")
        if not isinstance(entry, h5py.Dataset) or name.startswith("optimizer"):
            return
        # The values of such an array would be read from another file that this one names.
        if entry.external or entry.is_virtual:
            raise BundleError(f"{path} refers to other files and was not read. Save the weights as one file.")
        *groups, last = name.split("/")
        if groups and groups[-1] == "vars":
            # Keras 3 numbers a layer's arrays and stores the layer's name as an attribute.
            layer = _text(entry.parent.attrs.get("name"))
            names = list(NORM if layer.endswith("_bn") else WEIGHTED)
            weight = dict(zip("0123", names, strict=False)).get(last, last)
        else:
            # .../conv1_conv/conv1_conv/kernel:0; a second network in one session is conv1_conv/conv1_conv_1/kernel:0
            layer = next((group for group in reversed(groups) if group in known), groups[-1] if groups else "")
            weight = re.sub(r":\d+$", "", last)
        if layer == "seed_generator":  # a Dropout's random numbers
            return
        place = _plain(f"{layer}/{weight}")
        # Two of the user's own layers may have the same name inside different groups.
        found[_plain(name) if place in found and layer and layer not in known else place] = entry

    # Only the contents of this file are visited; links to other files are ignored.
    file.visititems(visit)
    if found and not any(name.split("/")[0] for name in found):
        raise BundleError(
            f"{path} does not record which array belongs to which layer; early versions of Keras 3 wrote such files. "
            "Save the network again with a newer Keras, or as .h5."
        )
    return found


def _needed(arrays: Mapping[str, h5py.Dataset]) -> list[str]:
    """Return the arrays of Keras's layers, and those of a layer of the user's own if it can be the classifier."""
    own = {_layer(place) for place in arrays} - NAMES
    kernels = [arrays.get(f"{layer}/kernel") for layer in own]
    fits = len(kernels) == 1 and kernels[0] is not None and _shape(kernels[0])[:1] == [_FEATURES]
    return [place for place in arrays if _layer(place) in NAMES or fits]


def _layer(place: str) -> str:
    return place.rpartition("/")[0]


def _shape(array: h5py.Dataset) -> list[int]:
    return [int(side) for side in array.shape or ()]


def _trouble(array: h5py.Dataset) -> str | None:
    """Return why an array's numbers are not copied, as far as can be known before they are read."""
    if array.shape is None:
        return "holds no numbers"
    if array.dtype.kind != "f" or array.dtype.itemsize not in (2, 4, 8):
        return f"does not hold numbers of a usual kind ({_plain(str(array.dtype))[:60]})"
    claimed, stored = math.prod(_shape(array)) * array.dtype.itemsize, array.id.get_storage_size()
    if claimed > _MAX_ARRAY_BYTES:
        return f"claims {claimed >> 20:,} MB; at most {_MAX_ARRAY_BYTES >> 20} MB are allowed"
    # Values that were never written take no space in the file, but all the memory that the array claims.
    if claimed > _RATIO_FREE_BYTES and claimed > _RATIO * max(1, stored):
        return f"claims {claimed:,} bytes and takes {stored:,} in the file; at most {_RATIO} times that are allowed"
    if array.chunks and math.prod(array.chunks) * array.dtype.itemsize > _MAX_CHUNK_BYTES:
        return f"is stored in pieces of more than {_MAX_CHUNK_BYTES >> 20} MB"
    return None


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str("" if value is None else value)


def _plain(text: str) -> str:
    """Return a name that can be shown: HDF5 allows any bytes of any length."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:200])


def _first_line(error: Exception) -> str:
    return _plain(str(error).partition("\n")[0].strip("'\"")) or "it ends too early"


def main() -> None:
    """Copy standard input to standard output."""

    def copy(source: BinaryIO, target: BinaryIO) -> None:
        try:
            copy_weights(source, target, sys.argv[1])
        except BundleError as error:
            refuse(str(error))

    run_limited(copy, _MEMORY_BYTES)


if __name__ == "__main__":
    main()

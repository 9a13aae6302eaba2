"""Read the description of the tensors in a file of torch.save, of both of its formats, without unpickling it.

Since PyTorch 1.6 a file is a zip with a pickle and a member for each storage. Before, it was five pickles, the fourth
with the object and the last with the keys of the storages, which follow.
"""

import struct
import zipfile
from typing import Any, BinaryIO

from core.models.untrusted.stored_tensor import ITEM_BYTES, Storage
from core.models.untrusted.tensor_pickle import DAMAGE as PICKLE_DAMAGE
from core.models.untrusted.tensor_pickle import read_pickle
from core.models.untrusted.zip_members import ZIP_DAMAGE, open_zip, start_of

_MAGIC = 0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER


class NotTorch(ValueError):
    """A pickle that torch.save did not write: a predicate, and what to do."""


DAMAGE = (*PICKLE_DAMAGE, *ZIP_DAMAGE)
"""What `read_object` raises for damaged files, besides MoreThanTensors."""


def read_object(file: BinaryIO, file_bytes: int) -> Any:
    """Return what the file holds, tensors as their places in the file; raises MoreThanTensors or one of DAMAGE."""
    if file.read(2) == b"PK":
        with open_zip(file) as archive:
            return _from_zip(file, archive)
    file.seek(0)
    return _from_pickles(file, file_bytes)


def _from_zip(file: BinaryIO, archive: zipfile.ZipFile) -> Any:
    members = {member.filename: member for member in archive.infolist()}
    pickles = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError("it has no data.pkl, as a file of torch.save has")
    root = pickles[0].removesuffix("data.pkl")
    order = members.get(f"{root}byteorder")
    if order is not None and _small(file, order) != b"little":
        raise ValueError("it was written on a computer with another order of bytes")
    storages: dict[str, Storage] = {}

    def storage(dtype: str, count: int, key: str) -> Storage:
        if key not in storages:
            member = members[f"{root}data/{key}"]
            storages[key] = Storage(dtype, count, start_of(file, member))
            if member.file_size != count * ITEM_BYTES[dtype]:
                raise ValueError(f"its part data/{key} has another size than it says")
        found = storages[key]
        if (found.dtype, found.count) != (dtype, count):
            raise ValueError(f"its part data/{key} is described in two ways")
        return found

    pickle = members[pickles[0]]
    start = start_of(file, pickle)
    file.seek(start)
    # The pickle is read while other members are looked up, so it needs a position of its own.
    return read_pickle(_Apart(file, start), storage)


def _small(file: BinaryIO, member: zipfile.ZipInfo) -> bytes:
    file.seek(start_of(file, member))
    return file.read(min(member.file_size, 16))


class _Apart:
    """A position of its own in a file that others read as well."""

    def __init__(self, file: BinaryIO, at: int) -> None:
        self._file, self._at = file, at

    def read(self, size: int) -> bytes:
        self._file.seek(self._at)
        return self._moved(self._file.read(size))

    def readline(self, size: int) -> bytes:
        self._file.seek(self._at)
        return self._moved(self._file.readline(size))

    def _moved(self, data: bytes) -> bytes:
        self._at += len(data)
        return data


def _from_pickles(file: BinaryIO, file_bytes: int) -> Any:
    storages: dict[str, Storage] = {}

    def storage(dtype: str, count: int, key: str) -> Storage:
        found = storages.setdefault(key, Storage(dtype, count))
        if (found.dtype, found.count) != (dtype, count):
            raise ValueError("a storage in it is described in two ways")
        return found

    if read_pickle(file, storage) != _MAGIC:
        raise NotTorch(
            "is a Python pickle that torch.save did not write, perhaps of NumPy arrays, or is damaged. "
            "Save the model's state_dict with torch.save."
        )
    read_pickle(file, storage)  # the version of the format
    system = read_pickle(file, storage)
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise ValueError("it was written on a computer with another order of bytes")
    found = read_pickle(file, storage)
    keys = read_pickle(file, storage)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
        raise ValueError("its list of storages is damaged")
    for key in keys:
        kept = storages[key]
        count = struct.unpack("<q", file.read(8))[0]
        kept.at = file.tell()
        if count != kept.count or kept.at + count * ITEM_BYTES[kept.dtype] > file_bytes:
            raise ValueError("it ends too early, or a storage in it has another size than it says")
        file.seek(kept.at + count * ITEM_BYTES[kept.dtype])
    if any(kept.at < 0 for kept in storages.values()):
        raise ValueError("a storage is missing in it")
    return found

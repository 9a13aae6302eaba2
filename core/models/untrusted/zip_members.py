"""List an untrusted zip of weights: how many members, how large, how compressed, and where each begins."""

import struct
import zipfile
import zlib
from typing import BinaryIO

_MAX_MEMBERS = 50_000
_DIRECTORY_BYTES_PER_MEMBER = 256
_LOCAL_HEADER_BYTES = 30

# What zipfile raises for damaged archives: its own error and the decompressor's, and errors for headers that end early
# or point nowhere, for passwords, and for unknown versions, methods and flags.
ZIP_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    struct.error,
    ValueError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip; raises one of ZIP_DAMAGE, also for a zip that lists too many members."""
    # Checked before zipfile makes an object for each member: a small zip may list millions.
    if _directory_bytes(file) > _MAX_MEMBERS * _DIRECTORY_BYTES_PER_MEMBER:
        raise ValueError(f"it lists more than {_MAX_MEMBERS:,} parts")
    return zipfile.ZipFile(file)


def start_of(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Return where the bytes of a member that is not compressed begin; raises one of ZIP_DAMAGE."""
    if member.flag_bits & 1 or member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        raise ValueError("a part of it is compressed or encrypted, which torch.save never does")
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER_BYTES)
    if header[:4] != b"PK\x03\x04":
        raise ValueError("its directory points to the wrong places")
    name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
    return member.header_offset + _LOCAL_HEADER_BYTES + int(name_bytes) + int(extra_bytes)


def _directory_bytes(file: BinaryIO) -> int:
    """Return the size of the zip's directory according to its last record; 0 without such a record."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 2**16 - 22 - 76))  # the longest comment and both kinds of record
    tail = file.read()
    file.seek(0)
    sizes = [0]
    short, long = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    if short >= 0:
        sizes += [found for found in struct.unpack_from("<L", tail, short + 12) if found != 0xFFFFFFFF]
    if long >= 0:
        sizes += struct.unpack_from("<Q", tail, long + 40)
    return int(max(sizes))

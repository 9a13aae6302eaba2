"""Plan the import of files of packed images that lie in a folder or a zip, among other files."""

import io
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.data.importing.archives import ZipListing
from core.data.importing.arrays.packed_images import plan_packed
from core.data.importing.folder_layout import PACKED_SUFFIXES, suffix_of
from core.data.importing.formats.parquet_table import METADATA
from core.data.importing.import_plan import ImportPlan
from core.data.importing.upload_spool import UploadSpool
from core.data.pictures.decoding import MAX_FILE_BYTES
from core.data.tables.questions import Asking
from core.errors import ArraysError, ImageRefused


def is_packed(name: str) -> bool:
    """Return whether a file of that name holds packed images."""
    return suffix_of(name) in PACKED_SUFFIXES and PurePosixPath(name).name != METADATA


def packed_parts(files: Mapping[str, Path | BinaryIO], refused: dict[str, str], asking: Asking) -> list[ImportPlan]:
    """Return a plan for each file of packed images; those that cannot be read go to ``refused`` with the reason."""
    parts = []
    for name, source in files.items():
        try:
            parts.append(plan_packed(source, name, asking))
        except ArraysError as error:
            refused[name] = str(error)
    return parts


def unzip_packed(listing: ZipListing) -> dict[str, BinaryIO]:
    """Copy the packed images of a zip to disk, because they cannot be read inside it."""
    unzipped: dict[str, BinaryIO] = {}
    spool = UploadSpool()
    left = MAX_FILE_BYTES
    for path in filter(is_packed, list(listing.files)):
        read = listing.files.pop(path)
        try:
            data = read() if left > 0 else b""
        except ImageRefused as error:
            listing.refused[path] = error.reason
            continue
        left -= len(data)
        if left > 0:
            unzipped[path] = spool.add(io.BytesIO(data))
        else:
            most = f"the zip holds more than {MAX_FILE_BYTES // 2**20} MB of packed images"
            listing.refused[path] = f"{most}; upload this file outside the zip"
    return unzipped

"""Labels that a person gives apart from the photos, in a file of another tool instead of a table."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from core.data.importing.folder_files import read_limited
from core.data.importing.folder_layout import is_picture
from core.data.importing.formats.tools.label_studio_records import is_record_table
from core.data.importing.formats.tools.makesense import is_makesense_table
from core.data.importing.formats.tools.via_files import is_via_table
from core.errors import ImageRefused, LabelsError

Readers = Mapping[str, Callable[[], bytes]]

LABEL_FILES = frozenset((".json", ".jsonl", ".xml"))
"""Suffixes of files that hold nothing but labels of other tools."""

_HEAD_BYTES = 2**14


def is_tool_table(data: bytes) -> bool:
    """Return whether a CSV is that of an annotation tool, whose lines are read by the tool's reader."""
    head = data[:_HEAD_BYTES].decode("utf-8-sig", "replace")
    return is_record_table(head) or is_via_table(head) or is_makesense_table(head)


def with_given_labels(files: Readers, labels: Path | bytes) -> dict[str, Callable[[], bytes]] | None:
    """Return the photos among files together with the labels of another tool; None where these are a plain table.

    Raises LabelsError where the labels cannot be read.
    """
    head = _head(labels) if isinstance(labels, Path) else labels[:_HEAD_BYTES]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    suffix = ".json" if start[:1] in (b"{", b"[") else ".xml" if start[:1] == b"<" else ".csv"
    if suffix == ".csv" and not is_tool_table(head):
        return None
    photos = {path: read for path, read in files.items() if is_picture(path)}
    if isinstance(labels, Path):
        suffix = ".jsonl" if suffix == ".json" and labels.suffix.lower() == ".jsonl" else suffix
        return {**photos, f"{labels.stem}{suffix}": partial(_content, labels)}
    return {**photos, f"labels{suffix}": partial(bytes, labels)}


def tool_tables(tables: Readers) -> set[str]:
    """Return those of some tables that are an annotation tool's."""
    found = set()
    for path, read in tables.items():
        try:
            found |= {path} if is_tool_table(read()) else set()
        except ImageRefused:  # whoever chooses the table reports it
            continue
    return found


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        raise LabelsError(f"{path.name} cannot be read ({error.strerror}). Choose another file.") from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return read_limited(file, path.name)
    except OSError as error:
        raise ImageRefused(path.name, f"the file cannot be read ({error.strerror})") from error

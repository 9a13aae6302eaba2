"""Read the beginning of a table, to tell whose it is."""

from core.data.importing.formats.gathered_labels import Files
from core.errors import ImageRefused

_BYTES = 2**14


def head_of(files: Files, path: str) -> str:
    """Return the first lines of a file as text, with U+FFFD for what is none; "" for a file that cannot be read."""
    try:
        return files[path]()[:_BYTES].decode("utf-8-sig", "replace")
    except ImageRefused:  # whoever reads all of it reports it
        return ""

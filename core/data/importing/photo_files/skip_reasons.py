"""Say why a file among photos is not read, by its name alone."""

from core.data.importing.folder_layout import TABLE_SUFFIXES, suffix_of
from core.data.pictures.formats.other_files import kind_by_suffix


def skip_reason(path: str) -> str:
    """Return why a file that is no photo by its suffix is skipped, in half a sentence."""
    suffix = suffix_of(path)
    if suffix == ".zip":
        return "a zip among other files is not opened; unpack it, or import it separately"
    if suffix in TABLE_SUFFIXES:
        return "this table is not used"
    if reason := kind_by_suffix(suffix):
        return reason
    return f"{suffix} is not a supported image format" if suffix else "a file without a suffix is not read as an image"

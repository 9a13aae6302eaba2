"""Read the settings of Darknet (obj.data): the lists of photos for training and validation, and the list of classes.

https://github.com/AlexeyAB/darknet#how-to-train-to-detect-your-custom-objects: lines such as ``classes = 2``,
``train = data/train.txt``, ``valid = data/test.txt`` and ``names = data/obj.names``.
"""

import unicodedata
from dataclasses import dataclass, field

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import Files, LabelCollector, text_of
from core.data.importing.formats.gathering.untrusted_values import number_of
from core.data.importing.formats.reading.yolo_lines import lines_of
from core.errors import LabelsError

SUFFIX = ".data"

_SPLITS = {"train": "train", "valid": "val", "val": "val", "test": "test"}
_MOST_CHARACTERS = 2**16


@dataclass(frozen=True)
class DarknetSettings:
    """What one file of settings says."""

    classes: float | None  # how many
    names: str | None  # the path of the list of classes among the files
    lists: dict[str, str] = field(default_factory=dict)  # split -> list of its photos, as written


def read_darknet_settings(files: Files, collected: LabelCollector) -> dict[str, DarknetSettings]:
    """Return the settings by their paths; other files with this suffix are left alone."""
    found = {}
    for path in sorted(path for path in files if suffix_of(path) == SUFFIX):
        try:
            text = text_of(files[path], path, LabelCollector())
        except LabelsError:  # too large for settings
            continue
        values = _values(text or "")
        if "names" not in values:
            continue
        lists = {_SPLITS[key]: value for key, value in values.items() if key in _SPLITS and value}
        collected.used.add(path)
        found[path] = DarknetSettings(number_of(values.get("classes")), _among(files, values["names"], path), lists)
    return found


def _values(text: str) -> dict[str, str]:
    """Return the values by their keys; {} for a text that has other lines."""
    found: dict[str, str] = {}
    for line in lines_of(text) if len(text) <= _MOST_CHARACTERS else []:
        line = line.partition("#")[0].strip()
        key, mark, value = line.partition("=")
        if line and not (mark and key.strip()):
            return {}
        if line:
            found.setdefault(key.strip().lower(), value.strip())
    return found


def _among(files: Files, place: str, settings: str) -> str | None:
    """Return the file that settings name: they are written as seen from a folder further out, or from their own."""
    parts = [part for part in place.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    own = settings.rpartition("/")[0]
    # macOS writes accents in two characters, other systems in one.
    composed = {unicodedata.normalize("NFC", path): path for path in files}
    for first in range(len(parts)):
        for folder in ("", f"{own}/") if own else ("",):
            path = unicodedata.normalize("NFC", folder + "/".join(parts[first:]))
            if path in composed:
                return composed[path]
    return None

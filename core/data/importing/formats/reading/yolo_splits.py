"""Read the splits of a YOLO data set: the folders and lists of photos that data.yaml names, and train.txt and its like.

https://docs.ultralytics.com/datasets/detect: ``train``, ``val`` and ``test`` are folders, files that list photos, or
several of these.
"""

import re
import unicodedata
from pathlib import PurePosixPath

from core.data.importing.folder_layout import is_picture, suffix_of
from core.data.importing.formats.gathered_labels import Files, ImageIndex, LabelCollector, text_of
from core.data.importing.formats.reading.yolo_lines import lines_of
from core.data.importing.formats.yaml_text import Node
from core.data.tables.labels_csv import STRICTEST_FIRST, split_named

_SHOWN_SPLITS = 3
_LONGEST = 200  # characters of a path that are shown


class SplitsSaid:
    """The splits of photos as files say them."""

    def __init__(self, files: Files, pictures: ImageIndex, collected: LabelCollector) -> None:
        self._files, self._pictures, self._collected = files, pictures, collected
        self._folders: dict[str, set[str]] | None = None
        self._named = {_composed(path): path for path in files}
        self._photos: dict[str, dict[str, set[str]]] = {}  # the file that says it -> split -> photos

    def add_settings(self, path: str, settings: dict[str, Node]) -> None:
        """Add what a data.yaml says."""
        said: dict[str, set[str]] = {}
        for key, value in settings.items():
            split = split_named(key)
            for place in value if isinstance(value, list) else [value]:
                if split and isinstance(place, str) and place.strip():
                    photos = self._photos_at(place.strip(), path, settings.get("path"))
                    if not photos:
                        text = (
                            f'{path}: no photo lies at "{place.strip()[:_LONGEST]}", where it says those of {split} are'
                        )
                        self._collected.add_remark(text)
                    said.setdefault(split, set()).update(photos)
        self._add(path, said)

    def add_lists(self, taken: set[str]) -> None:
        """Add lists of photos that are called like a split: train.txt. ``taken`` are files of another kind."""
        for path in sorted(path for path in self._files if suffix_of(path) == ".txt" and path not in taken):
            words = re.findall("[a-z]+", PurePosixPath(path).stem.lower())
            split = split_named(words[-1]) if words and words[:-1] in ([], ["autosplit"]) else None
            if split and path not in self._collected.used and (photos := self._listed_in(path)):
                self._add(path, {split: photos})

    def splits(self) -> dict[str, str]:
        """Return the split of each photo that one is said of; contradictions are problems."""
        of: dict[str, set[str]] = {}
        for said in self._photos.values():
            for split, photos in said.items():
                for photo in photos:
                    of.setdefault(photo, set()).add(split)
        several = {photo: splits for photo, splits in of.items() if len(splits) > 1}
        if several:
            photo, named = min(several.items(), key=lambda one: one[0])
            names = ", ".join(sorted(named))
            which = "1 photo is" if len(several) == 1 else f"{len(several):,} photos are"
            text = f"{which} in several splits ({names}) and imported in the strictest one"
            self._collected.add_problem(photo, f"{text}, because a photo must not be in several")
        return {photo: next(one for one in STRICTEST_FIRST if one in splits) for photo, splits in of.items() if splits}

    def _add(self, path: str, said: dict[str, set[str]]) -> None:
        """Note the splits of a file, but not those that it gives the same photos."""
        said = {split: photos for split, photos in said.items() if photos}
        same = sorted(
            split for split, photos in said.items() if any(photos == said[other] for other in said if other != split)
        )
        if same:
            words = " and ".join(same[:_SHOWN_SPLITS])
            text = f"{path}: it gives the same photos as {words}, so the names of their folders give the splits"
            self._collected.add_remark(text)
        self._photos[path] = {split: photos for split, photos in said.items() if split not in same}

    def _photos_at(self, place: str, settings: str, top: Node | None) -> set[str]:
        """Return the photos in the folder or list of that name, seen from the settings or their ``path``."""
        own = settings.rpartition("/")[0]
        bases = [own, f"{own}/{top}"] if isinstance(top, str) else [own]
        paths = list(dict.fromkeys(_joined(base, place) for base in bases))
        paths += [rest for rest in _endings(_joined("", place)) if rest not in paths]
        for path in paths:
            if path in self._named and not is_picture(path):
                return self._listed_in(self._named[path])
            if path in self._in_folders():
                return self._in_folders()[path]
        return set()

    def _in_folders(self) -> dict[str, set[str]]:
        """Return the photos below each folder that data.yaml may name."""
        if self._folders is None:
            self._folders = {}
            for photo in self._pictures.paths:
                for parent in PurePosixPath(photo).parents:
                    if str(parent) != ".":
                        self._folders.setdefault(_composed(str(parent)), set()).add(photo)
        return self._folders

    def _listed_in(self, path: str) -> set[str]:
        """Return the photos that a text file lists, one a line; none where it lists something else."""
        trial = LabelCollector(asking=self._collected.asking.trial())
        text = text_of(self._files[path], path, trial)
        names = [line.strip() for line in lines_of(text or "") if line.strip()]
        if not names or not all(map(is_picture, names)):
            return set()
        self._collected.asking.adopt(trial.asking)
        self._collected.problems += trial.problems
        self._collected.used.add(path)
        found = {photo for name in names if (photo := self._pictures.find(name, path))}
        if not found:
            example = names[0][:60]
            text = f"none of its {len(names):,} names is that of a photo, such as {example}"
            text = f"its only name is not that of a photo: {example}" if len(names) == 1 else text
            self._collected.add_problem(path, text)
        return found


def _composed(path: str) -> str:
    # macOS writes accents in two characters, other systems in one.
    return unicodedata.normalize("NFC", path)


def _joined(folder: str, place: str) -> str:
    """Return a path from the top without "." and ".."; what leads out of the files begins anew there."""
    parts: list[str] = []
    for part in f"{folder}/{place}".replace("\\", "/").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return _composed("/".join(parts))


def _endings(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[first:]) for first in range(len(parts))]

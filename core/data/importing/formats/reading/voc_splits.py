"""Read the splits of a Pascal VOC data set: lists of photos in ``ImageSets/Main``, one per split."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import Files, LabelCollector, text_of
from core.data.tables.labels_csv import STRICTEST_FIRST, split_named

NO_SPLIT = "default"


@dataclass
class _FolderSets:
    """The names in the lists of one folder ``ImageSets``, with the splits that these stand for."""

    splits: dict[str, set[str]] = field(default_factory=dict)  # name -> splits; "" for the list of no split
    lists: dict[str, set[str]] = field(default_factory=dict)  # file -> the names in it
    found: set[str] = field(default_factory=set)
    several: dict[str, str] = field(default_factory=dict)  # name -> the one of several splits that counts
    beside_labels: bool = False  # there are XML files beside the lists: these are about them only

    def split_of(self, *names: str) -> str | None:
        """Return the split of a photo by any of its names; "" where its list stands for none, None without a list."""
        name = next((name.strip() for name in names if name.strip() in self.splits), None)
        if name is None:
            return None
        self.found.add(name)
        splits = self.splits[name]
        split = next((one for one in STRICTEST_FIRST if one in splits), "")
        if len(splits - {""}) > 1:
            self.several[name] = split
        return split

    def report(self, collected: LabelCollector) -> None:
        """Say which photos are in several lists, and which lists name none of the photos."""
        for name, split in self.several.items():
            listed = " and ".join(sorted(one for one in self.splits[name] if one))
            text = f"it is in the lists of {listed}; it is imported in {split}"
            collected.add_problem(name, f"{text}, because a photo must not be in several splits")
        for path, names in self.lists.items():
            if names and names.isdisjoint(self.found):
                example = min(names)[:60]
                text = f"none of its {len(names):,} names is that of a photo, such as {example}"
                text = f"its only name is not that of a photo: {example}" if len(names) == 1 else text
                collected.add_problem(path, text)


@dataclass
class ImageSets:
    """The lists of all folders ``ImageSets``, by what stands before it: each year of VOC has its own."""

    by_folder: dict[str, _FolderSets] = field(default_factory=dict)

    def split_of(self, path: str, *names: str) -> str | None:
        """Return the split of the photo of the XML file ``path`` by any of its names, as the lists around it say.

        "" where its list stands for none, None without a list. Lists apart from all XML files count for all.
        """
        around = next((folder for folder in _above(path) if folder in self.by_folder), None)
        sets = self.apart if around is None else self.by_folder[around]
        return None if sets is None else sets.split_of(*names)

    @cached_property
    def apart(self) -> _FolderSets | None:
        """The lists of the only folder without XML files beside them; None where there is none, or several."""
        found = [sets for sets in self.by_folder.values() if not sets.beside_labels]
        return found[0] if len(found) == 1 else None

    def report(self, collected: LabelCollector) -> None:
        """Say which photos are in several lists, and which lists name none of the photos."""
        for sets in self.by_folder.values():
            sets.report(collected)


def read_image_sets(files: Files, collected: LabelCollector) -> ImageSets:
    """Return the splits in the lists; those for other tasks count only where there is none in ``ImageSets/Main``."""
    listed = sorted(path for path in files if "ImageSets/" in f"/{path}" and suffix_of(path) == ".txt")
    collected.used.update(listed)
    named: dict[str, list[str]] = {}
    for path in listed:
        if _split(path) is not None:
            named.setdefault(path.rpartition("ImageSets/")[0], []).append(path)
    with_labels = {folder for path in files if suffix_of(path) == ".xml" for folder in _above(path)}
    found = ImageSets()
    for folder, paths in named.items():
        sets = found.by_folder[folder] = _FolderSets(beside_labels=folder in with_labels)
        for path in [path for path in paths if "ImageSets/Main/" in f"/{path}"] or paths:
            text = text_of(files[path], path, collected) or ""
            names = {line.strip() for line in text.split("\n") if line.strip()}
            sets.lists[path] = names
            for name in names:
                sets.splits.setdefault(name, set()).add(_split(path) or "")
    return found


def _above(path: str) -> Iterator[str]:
    """Yield the folders around a file with their slashes, the nearest first; the last one is ""."""
    while path:
        path = path.rstrip("/").rpartition("/")[0]
        path += "/" if path else ""
        yield path


def _split(path: str) -> str | None:
    """Return the split that a list stands for, "" for that of no split, None for lists of something else."""
    name = PurePosixPath(path).stem
    return "" if name == NO_SPLIT else split_named(name)

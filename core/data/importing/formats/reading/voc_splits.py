"""Read the splits of a Pascal VOC data set: lists of photos in ``ImageSets/Main``, one per split."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import Files, LabelCollector, text_of
from core.data.tables.labels_csv import STRICTEST_FIRST, split_named

NO_SPLIT = "default"


@dataclass
class ImageSets:
    """The names in the lists, with the splits that these stand for."""

    splits: dict[str, set[str]] = field(default_factory=dict)  # name -> splits; "" for the list of no split
    lists: dict[str, set[str]] = field(default_factory=dict)  # file -> the names in it
    found: set[str] = field(default_factory=set)
    several: dict[str, str] = field(default_factory=dict)  # name -> the one of several splits that counts

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
                collected.add_problem(path, f"none of its {len(names):,} names is that of a photo, such as {example}")


def read_image_sets(files: Files, collected: LabelCollector) -> ImageSets:
    """Return the splits in the lists; those for other tasks count only where there is none in ``ImageSets/Main``."""
    listed = sorted(path for path in files if "ImageSets/" in f"/{path}" and suffix_of(path) == ".txt")
    collected.used.update(listed)
    named = [path for path in listed if _split(path) is not None]
    main = [path for path in named if "ImageSets/Main/" in f"/{path}"]
    sets = ImageSets()
    for path in main or named:
        text = text_of(files[path], path, collected) or ""
        names = {line.strip() for line in text.split("\n") if line.strip()}
        sets.lists[path] = names
        for name in names:
            sets.splits.setdefault(name, set()).add(_split(path) or "")
    return sets


def _split(path: str) -> str | None:
    """Return the split that a list stands for, "" for that of no split, None for lists of something else."""
    name = PurePosixPath(path).stem
    return "" if name == NO_SPLIT else split_named(name)

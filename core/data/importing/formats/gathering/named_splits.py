"""Read the split in the name of a file of labels or a folder; a name that only contains the word is asked."""

import re
from collections.abc import Callable, Collection
from functools import cached_property
from posixpath import commonpath

from core.data.importing.names.folder_splits import LONE, NOTHING, SPLIT
from core.data.importing.names.split_folders import NEUTRAL, split_of_word
from core.data.tables.labels_csv import split_named
from core.data.tables.questions import Asking, Choice, Question

# Words beside that of a split in names of exports: instances_train2017.json, oidv6-train-annotations-bbox, seg_train.
_KNOWN = NEUTRAL | frozenset(
    (
        *("annotation", "annotations", "label", "labels", "instance", "instances", "coco", "metadata", "default"),
        *("bbox", "bboxes", "box", "boxes", "object", "objects", "person", "keypoints", "captions", "panoptic"),
        *(
            "stuff",
            "seg",
            "segmentation",
            "obj",
            "detection",
            "detections",
            "gt",
            "via",
            "oidv",
            "list",
            "class",
            "classes",
        ),
        *(
            "human",
            "machine",
            "imagelabels",
            "of",
            "all",
            "new",
            "final",
            "v",
            "json",
            "jsonl",
            "csv",
            "tsv",
            "txt",
            "xml",
            "parquet",
        ),
    )
)
_WORDS = {"train": "training", "val": "validation", "test": "test"}
_MOST_ASKED = 20  # names that are asked; a hostile zip may have thousands


class SplitNames:
    """The splits that names of files and folders say."""

    def __init__(self, files: Collection[str] = ()) -> None:
        self._files = files
        self._asked: dict[tuple[str, tuple[str, ...]], str] = {}  # split and other words -> the first such place
        self._said: set[str] = set()

    def of(self, path: str, asking: Asking, remark: Callable[[str], None], levels: int | None = None) -> str | None:
        """Return the split in the name of a file or of the nearest folder around it that says one.

        A name with words for two splits says neither. One with other words is asked, unless the same words stand
        beside another split's: birds_train, birds_val. A folder around all files counts only where it is called like
        a split and nothing else, which is said; test_project is the name of everything. At most ``levels`` names are
        read, the last first.
        """
        parts = path.split("/")
        for place in range(len(parts) - 1, -1 if levels is None else len(parts) - 1 - levels, -1):
            splits, others = _words_of(parts[place])
            if not splits:
                continue
            if len(splits) > 1:
                return None
            (split,) = splits
            here, above = "/".join(parts[: place + 1]), "/".join(parts[:place])
            if f"{here}/" in self._around:
                if split_named(parts[place].strip()):
                    self._say(f"all files lie in the folder {here}, so it gives the split {split}", remark)
                    return split
                if others:
                    self._say(f"the folder {here} around all files gives no split", remark)
                    continue
            elif not others or len(self._siblings.get((above, others), ())) > 1:
                return split
            if self._is_split(here, split, others, asking, remark):
                return split
        return None

    def _is_split(
        self, place: str, split: str, others: tuple[str, ...], asking: Asking, remark: Callable[[str], None]
    ) -> bool:
        """Ask whether a name that contains the word of a split means it."""
        if (split, others) not in self._asked and len(self._asked) >= _MOST_ASKED:
            self._say(f"{place} and other names that only contain the word of a split give none", remark)
            return False
        place = self._asked.setdefault((split, others), place)
        text = f'The name "{place}" contains a word for a split. Are its photos the {_WORDS[split]} photos?'
        choices = (
            Choice(SPLIT, f"Put them into the {_WORDS[split]} split", ((place, split),)),
            Choice(NOTHING, "Give them no split", ((place, ""),)),
        )
        return asking.ask(Question(LONE, text, choices, place, ("name", "split"))) == SPLIT

    def _say(self, text: str, remark: Callable[[str], None]) -> None:
        if text not in self._said:
            self._said.add(text)
            remark(text)

    @cached_property
    def _around(self) -> frozenset[str]:
        """The folders around all files, with their slashes."""
        folders = {path.rpartition("/")[0] for path in self._files}
        parts = commonpath(folders).split("/") if folders and "" not in folders else []
        return frozenset("/".join(parts[:count]) + "/" for count in range(1, len(parts) + 1) if parts[0])

    @cached_property
    def _siblings(self) -> dict[tuple[str, tuple[str, ...]], set[str]]:
        """The splits of the names in each folder that have the same other words."""
        places = {path for path in self._files if len(_words_of(path.rpartition("/")[2])[0]) == 1}
        folders = {path.rpartition("/")[0] for path in self._files}
        while folders:
            places |= folders
            folders = {folder.rpartition("/")[0] for folder in folders} - places - {""}
        found: dict[tuple[str, tuple[str, ...]], set[str]] = {}
        for path in places:
            above, _, name = path.rpartition("/")
            splits, others = _words_of(name)
            if len(splits) == 1:
                found.setdefault((above, others), set()).update(splits)
        return found


def known_split(path: str) -> str | None:
    """Return the split in the name of a file or of the nearest folder that says one in a form that tools write."""
    for part in reversed(path.split("/")):
        splits, others = _words_of(part)
        if len(splits) > 1:
            return None
        if splits and not others:
            return splits.pop()
    return None


def split_in_name(path: str) -> str | None:
    """Return the split of which the name of a file contains the word, whatever else stands in it; else its folders'.

    For callers that say or ask which split they read.
    """
    folder, _, name = path.rpartition("/")
    splits = _words_of(name)[0]
    if splits:
        return splits.pop() if len(splits) == 1 else None
    return known_split(folder)


def mentions_split(name: str) -> bool:
    """Return whether a name contains the word of a split."""
    return bool(_words_of(name)[0])


def _words_of(name: str) -> tuple[set[str], tuple[str, ...]]:
    """Return the splits in a name, and its other words that say something."""
    words = re.findall(r"[^\W\d_]+", name.lower())
    splits = {split for word in words if (split := split_of_word(word))}
    return splits, tuple(word for word in words if word not in _KNOWN and not split_of_word(word))

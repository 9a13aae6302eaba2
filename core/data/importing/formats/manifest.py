"""The side file of our own zips: what the label files of other tools have no place for.

It lies beside the labels and holds the order of the classes, those without photos, and the names that the photos have
in the project where they cannot be paths as they are. The labels, boxes and splits are always those of the format's
own files, so that what another tool changes there holds.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any

from core.data.importing.folder_layout import is_picture
from core.data.importing.formats.gathered_labels import Files
from core.data.importing.import_plan import Candidate
from core.data.store.records import TASKS
from core.data.tables.label_rows import Problem
from core.errors import ImageRefused

NAME = "resnet-studio.json"
VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """What stands in it."""

    format: str  # "coco", ..., "folders", "csv"
    task: str
    classes: tuple[str, ...]  # all of the project, in order
    photos: Mapping[str, str]  # paths of pictures -> their names in the project, in its order
    class_folders: Mapping[str, str | None] = field(default_factory=dict)  # their classes; None: no label
    split_folders: Mapping[str, str | None] = field(default_factory=dict)  # the folders around those; None: no split

    def as_bytes(self) -> bytes:
        content = {"made_by": "ResNet Studio", "version": VERSION, "format": self.format, "task": self.task}
        content["classes"] = self.classes
        if self.class_folders:
            content |= {"class_folders": dict(self.class_folders), "split_folders": dict(self.split_folders)}
        return json.dumps({**content, "photos": dict(self.photos)}, ensure_ascii=False, indent=1).encode()

    def named_by(self, words: Iterable[str]) -> bool:
        """Whether a table calls the photos by their names in the project, rather than by their paths in the zip."""
        names, words = set(self.photos.values()), list(words)
        return sum(word in names for word in words) >= sum(word in self.photos for word in words)

    def under_names(self, files: Files) -> Files:
        """The files by the names of the project; those that are not listed, or whose name is taken, keep theirs."""
        named = _named(files, self.photos)
        return {named[path]: read for path, read in files.items()}

    def with_names(self, candidates: Iterable[Candidate], others: Mapping[str, str]) -> list[Candidate]:
        """The candidates with the names of the project, in its order; ``candidates`` are called as their files are.

        ``others`` are the names of pictures that are not listed.
        """
        place = {path: number for number, path in enumerate(self.photos)}
        ordered = sorted(candidates, key=lambda one: place.get(one.name, len(place)))
        named = _named([one.name for one in ordered], {**others, **self.photos})
        return [replace(one, name=named[one.name]) for one in ordered]


def _named(paths: Iterable[str], names: Mapping[str, str]) -> dict[str, str]:
    """Each path with its name; where another file has that already, with its path or a number in it."""
    paths = list(paths)
    taken = {path for path in paths if path not in names}
    named = {}
    for path in paths:
        stem, dot, suffix = path.rpartition(".")
        further = (f"{stem} ({number}){dot}{suffix}" for number in count(2))
        free = (name for name in chain([names.get(path, path), path], further) if name not in taken)
        named[path] = next(free) if path in names else path
        taken.add(named[path])
    return named


def find_manifest(files: Files, problems: list[Problem]) -> tuple[str, Manifest] | None:
    """The folder of the side file, with its slash, and what it says; None where there is none for all pictures."""
    found = sorted((path for path in files if f"/{path}".endswith(f"/{NAME}")), key=lambda path: path.count("/"))
    if not found:
        return None
    path = found[0]
    folder = path.removesuffix(NAME)
    if any(is_picture(other) and not other.startswith(folder) for other in files):
        return None
    try:
        return folder, _checked(json.loads(files[path]()))
    except (ImageRefused, ValueError, RecursionError) as error:
        said = error.reason if isinstance(error, ImageRefused) else "it is not as ResNet Studio writes it"
        text = f"{path} is not used, because {said}; names, classes and their order are those of the other files"
        problems.append(Problem(None, text))
        return None


def _checked(content: Any) -> Manifest:
    """Raises ValueError where something else stands in it: the file may be anybody's."""
    if not isinstance(content, dict) or content.get("version") != VERSION or not isinstance(content.get("format"), str):
        raise ValueError("another version")
    task, classes = content.get("task"), content.get("classes")
    if task not in TASKS:
        raise ValueError("task")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError("classes")
    folders = [_words(content.get(key, {})) for key in ("class_folders", "split_folders")]
    if not set(folders[1].values()) <= {"train", "val", "test", None}:
        raise ValueError("split_folders")
    photos = {path: name for path, name in _words(content.get("photos")).items() if name and not _climbs(name)}
    return Manifest(content["format"], task, tuple(classes), photos, folders[0], folders[1])


def _words(content: Any) -> dict[str, str | None]:
    if not isinstance(content, dict) or not all(isinstance(word, str | None) for word in content.values()):
        raise ValueError("no words")
    return content


def _climbs(name: str) -> bool:
    """Whether a name leads out of its folder; such a picture keeps the name of its file."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or "\0" in name

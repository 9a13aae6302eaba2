"""The manifest of our own zips, with the facts that the formats of other tools have no place for.

It lies beside the labels and holds the order of the classes, classes without photos, names of photos that cannot be
paths, groups and tags. Labels, boxes and splits always come from the format's own files, so that changes by another
tool count.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any

from core.data.importing.folder_layout import is_picture
from core.data.importing.formats.gathered_labels import LONGEST_NAME_OF_FILE, Files, check_labels
from core.data.importing.formats.json_text import parse_json
from core.data.importing.import_plan import Candidate
from core.data.store.records import TASKS
from core.data.tables.label_columns import TAG_SEPARATOR
from core.data.tables.label_rows import Problem
from core.data.tables.names import storable_name, tidy_name
from core.errors import DataError, ImageRefused

FILE_NAME = "resnet-studio.json"
VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """The content of a manifest."""

    format: str  # "coco", ..., "folders", "csv"
    task: str
    classes: tuple[str, ...]  # all of the project, in order
    photos: Mapping[str, str]  # path -> name in the project, in its order
    class_folders: Mapping[str, str | None] = field(default_factory=dict)  # folder -> class; None: no label
    split_folders: Mapping[str, str | None] = field(default_factory=dict)  # outer folder -> split; None: no split
    groups: Mapping[str, str] = field(default_factory=dict)  # path -> group, for photos that have one
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)  # path -> tags, for photos that have any

    def as_bytes(self) -> bytes:
        """Return the file as JSON."""
        content = {"made_by": "ResNet Studio", "version": VERSION, "format": self.format, "task": self.task}
        content["classes"] = self.classes
        if self.class_folders:
            content |= {"class_folders": dict(self.class_folders), "split_folders": dict(self.split_folders)}
        content |= {"groups": dict(self.groups)} if self.groups else {}
        content |= {"tags": {path: list(tags) for path, tags in self.tags.items()}} if self.tags else {}
        return json.dumps({**content, "photos": dict(self.photos)}, ensure_ascii=False, indent=1).encode()

    def table_uses_names(self, filenames: Iterable[str]) -> bool:
        """Return whether a table uses the photos' names in the project rather than their paths in the zip."""
        names, filenames = set(self.photos.values()), list(filenames)
        return sum(one in names for one in filenames) >= sum(one in self.photos for one in filenames)

    def rename_files(self, files: Files) -> Files:
        """Return the files by their names in the project; unlisted ones, and those whose name is taken, keep theirs."""
        named = _free_names(files, self.photos)
        return {named[path]: read for path, read in files.items()}

    def rename_candidates(self, candidates: Iterable[Candidate], others: Mapping[str, str]) -> list[Candidate]:
        """Return the candidates, named by their paths so far, with their names, order, groups and tags in the project.

        ``others`` gives the names of images that are not listed.
        """
        place = {path: number for number, path in enumerate(self.photos)}
        ordered = sorted(candidates, key=lambda one: place.get(one.name, len(place)))
        named = _free_names([one.name for one in ordered], {**others, **self.photos})
        return [replace(self._with_group(one), name=named[one.name]) for one in ordered]

    def _with_group(self, one: Candidate) -> Candidate:
        """Return a candidate with its group and tags, which a table has said already if it gives any."""
        group, tags = self.groups.get(one.name), self.tags.get(one.name, ())
        if (group is None or one.group) and (not tags or one.tags):
            return one
        return replace(one, group=one.group or group, tags=one.tags or tuple(tags))


def _free_names(paths: Iterable[str], names: Mapping[str, str]) -> dict[str, str]:
    """Return the name of each path; where another file has it already, the path or a numbered name."""
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
    """Return the folder of the manifest, with its slash, and the manifest; None where no manifest covers all images."""
    found = sorted((path for path in files if f"/{path}".endswith(f"/{FILE_NAME}")), key=lambda path: path.count("/"))
    if not found:
        return None
    path = found[0]
    folder = path.removesuffix(FILE_NAME)
    if any(is_picture(other) and not other.startswith(folder) for other in files):
        return None
    try:
        return folder, _checked(parse_json(files[path]().decode("utf-8-sig")), path)
    except (ImageRefused, ValueError) as error:
        reason = error.reason if isinstance(error, ImageRefused) else "ResNet Studio did not write it in this form"
        text = f"{path} is not used, because {reason}; names, classes and their order come from the other files"
        problems.append(Problem(None, text))
        return None


def _checked(content: Any, path: str) -> Manifest:
    """Return the content as a manifest. Raises ValueError where it is not one: anybody may have written the file.

    Raises LabelsError where it lists too many classes.
    """
    if not isinstance(content, dict) or content.get("version") != VERSION or not isinstance(content.get("format"), str):
        raise ValueError("another version")
    task, classes = content.get("task"), content.get("classes")
    if task not in TASKS:
        raise ValueError("task")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError("classes")
    check_labels(len(classes), path)
    folders = [_texts(content.get(key, {})) for key in ("class_folders", "split_folders")]
    if not set(folders[1].values()) <= {"train", "val", "test", None}:
        raise ValueError("split_folders")
    photos = {path: name for path, name in _texts(content.get("photos")).items() if name and not _unusable(name)}
    groups = {path: name for path, name in _texts(content.get("groups", {})).items() if name and _is_name(name)}
    tags = content.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(some, list) for some in tags.values()):
        raise ValueError("tags")
    usable = {path: [one for one in some if _is_name(one) and TAG_SEPARATOR not in one] for path, some in tags.items()}
    return Manifest(content["format"], task, tuple(classes), photos, folders[0], folders[1], groups, usable)


def _texts(content: Any) -> dict[str, str | None]:
    if not isinstance(content, dict) or not all(isinstance(word, str | None) for word in content.values()):
        raise ValueError("not text")
    return content


def _is_name(value: Any) -> bool:
    """Return whether a value can name a group or a tag."""
    try:
        return isinstance(value, str) and tidy_name(storable_name(value), "group") == value
    except DataError:
        return False


def _unusable(name: str) -> bool:
    """Return whether a name is too long or leads out of its folder; such an image keeps the name of its file."""
    parts = name.replace("\\", "/").split("/")
    return len(name) > LONGEST_NAME_OF_FILE or ".." in parts or not parts[0] or "\0" in name

"""Make projects of stored photos that the database does not know, with names and labels from the runs' snapshots."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.data.pictures.decoding import decode
from core.data.snapshot import BOX_COLUMNS, Snapshot
from core.data.store.records import BoxRow, Project
from core.data.store.store import Store
from core.errors import ImageRefused, StudioError
from core.progress import CountCallback
from core.runs.folder import list_runs
from core.workspace import Workspace

NAME = "Recovered photos"
_WHO = "core check"
_IS_HASH = re.compile("[0-9a-f]{64}")  # a group of near-duplicates is named after a photo's content


@dataclass
class _Group:
    """Photos that go into one project, with what a snapshot says of them by content hash."""

    name: str
    task: str
    classes: tuple[str, ...] = ()
    rows: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)  # those that a person named


def recover_photos(store: Store, files: Sequence[Path], progress: CountCallback) -> list[tuple[Project, int]]:
    """Add these stored files to new projects; return the projects with the number of photos in each.

    Photos in the snapshot of a run come back with their name, label, split, group and box, in a project named after the
    run's.
    All others are in one project, without labels. Files that cannot be decoded are left out.
    """
    found = []
    done = 0
    left = {path.stem: path for path in files}
    for group in [*_groups(store.workspace), _Group(NAME, "classification")]:
        mine = {key: left.pop(key) for key in list(left) if key in group.rows or not group.rows}
        if not mine:
            continue
        project = store.create_project(_free_name(store, group.name), group.task, group.classes)
        numbers: dict[str, int] = {}
        for key, path in mine.items():
            done += 1
            progress(done, len(files))
            row = group.rows.get(key)
            try:
                decoded = decode(path, path.name)
            except ImageRefused:
                continue
            image, _ = store.add_image(project.id, decoded, path.read_bytes(), row.filename if row else path.name)
            numbers[key] = image.id
        _apply_labels(store, project, group, numbers)
        found.append((project, len(numbers)))
    return found


def _groups(workspace: Workspace) -> list[_Group]:
    """Return what the runs know of photos, one group for each project; of several runs the newest counts."""
    groups: dict[tuple[str, str], _Group] = {}
    for run in list_runs(workspace):  # the newest first
        try:
            snapshot = run.snapshot()
        except StudioError:  # the check of the runs names it
            continue
        name = run.status().project or NAME
        group = groups.setdefault((name, snapshot.task), _Group(f"{name} (recovered)", snapshot.task))
        group.classes = group.classes or snapshot.classes
        for row in _rows(snapshot):
            if str(row.image) not in group.rows and snapshot.grouped_by and not _IS_HASH.fullmatch(row.group):
                group.groups[str(row.image)] = row.group
            group.rows.setdefault(str(row.image), row)
    return list(groups.values())


def _rows(snapshot: Snapshot) -> Iterable[Any]:
    return snapshot.frame.itertuples(index=False)


def _apply_labels(store: Store, project: Project, group: _Group, numbers: dict[str, int]) -> None:
    known = [(number, group.rows[key]) for key, number in numbers.items() if key in group.rows]
    if not known:
        return
    boxes = {
        number: [BoxRow(row.label, *(getattr(row, side) for side in BOX_COLUMNS))]
        for number, row in known
        if project.task == "localization"
    }
    rows = [(number, row.label, row.split) for number, row in known]
    groups: dict[int, str | None] = {
        number: group.groups[key] for key, number in numbers.items() if key in group.groups
    }
    text = f"labels of {len(rows):,} photos from runs"
    store.apply_labels(project.id, rows, _WHO, text, boxes=boxes, groups=groups)


def _free_name(store: Store, name: str) -> str:
    number, free = 1, name
    while store.find_project(free) is not None:
        number += 1
        free = f"{name} {number}"
    return free

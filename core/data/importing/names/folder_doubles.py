"""Leave out the folders of photos that say nothing: those that are there twice, and those called images."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.data.importing.names.folder_meanings import Folders, Place
from core.data.importing.names.split_folders import is_neutral
from core.data.tables.names import name_key

_DEEPEST = 8  # levels at which folders without a meaning are looked for; a hostile zip may have hundreds


def folders_inside(folders: Iterable[Folders]) -> dict[Folders, set[str | None]]:
    """Return the folders in each folder, with None for photos directly in it."""
    children: dict[Folders, set[str | None]] = defaultdict(set)
    for some in set(folders):
        for depth, name in enumerate(some[:_DEEPEST]):
            children[some[:depth]].add(name)
        if len(some) <= _DEEPEST:
            children[some].add(None)
    return dict(children)


def simplified(folders: Folders, children: Mapping[Folders, set[str | None]], kept: Collection[Folders]) -> Folders:
    """Return the folders without those that are alone in one of the same name, or alone and called images."""
    out: list[str] = []
    for depth, name in enumerate(folders[:_DEEPEST]):
        above = folders[:depth]
        alone = lone_folder(above, children)
        if alone is None or not (is_neutral(name) or (is_doubled(above, children) and above not in kept)):
            out.append(name)
    return (*out, *folders[_DEEPEST:])


def lone_folder(folder: Folders, children: Mapping[Folders, set[str | None]]) -> str | None:
    """Return the folder that is all that another holds; None where there is more, or a photo."""
    names = children.get(folder, set())
    return next(iter(names)) if folder and len(names) == 1 else None


def is_doubled(folder: Folders, children: Mapping[Folders, set[str | None]]) -> bool:
    """Return whether a folder holds nothing but one of the same name."""
    name = lone_folder(folder, children)
    return name is not None and name_key(folder[-1]) == name_key(name)


def without_neutral(places: Sequence[Place]) -> list[Place]:
    """Return the places without levels at which every folder is called images, or another word without a meaning."""
    out = list(places)
    level = 0
    while level < _DEEPEST and any(len(one.folders) > level for one in out):
        names = {one.folders[level].lower() for one in out if len(one.folders) > level}
        if len(names) == 1 and is_neutral(next(iter(names))):
            out = [Place(one.path, one.folders[:level] + one.folders[level + 1 :], one.split) for one in out]
        else:
            level += 1
    return out

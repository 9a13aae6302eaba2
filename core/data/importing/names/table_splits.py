"""Give the photos of a table the splits of their folders: ``train/1.jpg`` and ``val/3.jpg`` beside labels.csv."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from core.data.importing.import_plan import Candidate
from core.data.importing.names.folder_classes import read_folders
from core.data.importing.names.split_folders import split_name
from core.data.tables.label_rows import Problem
from core.data.tables.names import sort_key
from core.data.tables.questions import SAMPLED, Asking

_ORDER = ("train", "val", "test")


def splits_of_folders(paths: Collection[str]) -> dict[str, str]:
    """Return the splits of the photos whose folders say one, as class folders are read."""
    # What these may ask is about classes, which the table gives: the questions are dropped.
    meanings = read_folders(paths, Asking()).meanings
    return {path: one.split for path, one in meanings.items() if one.split is not None}


def split_folder(path: str, split: str) -> str:
    """Return the folder of a photo, with those above it, that says its split; its own folder where none does."""
    folders = path.split("/")[:-1]
    names = enumerate(map(split_name, folders), start=1)
    named = (place for place, name in names if name is not None and name.split == split)
    return "/".join(folders[: next(named, len(folders))])


def with_splits_of_folders(
    candidates: Sequence[Candidate], splits: Mapping[str, str], problems: list[Problem]
) -> list[Candidate]:
    """Return the photos of a table with the ``splits`` of their folders where the table says none, and say so.

    Where the table says another split, it counts, which is a problem.
    """
    given = {one.name: splits[one.name] for one in candidates if one.split is None and one.name in splits}
    differ = [one for one in candidates if one.split is not None and splits.get(one.name, one.split) != one.split]
    if given:
        problems.append(Problem(None, _taken(given, [one for one in candidates if one.split is None]), harmless=True))
    if differ:
        first = differ[0]
        other = "1 photo lies" if len(differ) == 1 else f"{len(differ):,} photos lie"
        text = f"{other} in the folder of another split than the table says, such as {first.name}"
        problems.append(Problem(None, f"{text}, which is in {first.split} by the table; the table counts"))
    return [replace(one, split=given.get(one.name, one.split)) for one in candidates]


def _taken(given: Mapping[str, str], open_ones: Sequence[Candidate]) -> str:
    """Return which folders give splits, and how many photos lie in none of them."""
    folders = {split_folder(path, split): split for path, split in given.items()}
    names = sorted(folders, key=lambda folder: (_ORDER.index(folders[folder]), sort_key(folder)))
    shown = ", ".join(names[:SAMPLED]) + (f" and {len(names) - SAMPLED:,} more" if len(names) > SAMPLED else "")
    text = f"the folder {shown} gives the split" if len(names) == 1 else f"the folders {shown} give the splits"
    rest = len(open_ones) - len(given)
    if not rest:
        return text
    return f"{text}; {'1 photo in no such folder gets' if rest == 1 else f'{rest:,} photos in no such folder get'} none"

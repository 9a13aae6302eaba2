"""Ask which folder is the class where class folders hold folders: ``owl/owl_07/1.jpg``."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from core.data.importing.names.folder_meanings import (
    FolderMeaning,
    FolderReading,
    Folders,
    Place,
    listed,
    photos_said,
    sampled,
)
from core.data.tables.label_rows import Problem
from core.data.tables.names import LONGEST_NAME, name_key
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

LEVEL = "class-folder"
"""The kind of the question."""
FIRST, FIRST_AND_GROUP, SECOND, PAIR, THIRD = "first", "first-group", "second", "pair", "third"

_ORDER = (FIRST, SECOND, THIRD)


def with_classes(places: Sequence[Place], asking: Asking, reading: FolderReading) -> dict[str, FolderMeaning]:
    """Return the meaning of each photo; where folders lie in class folders, ask which of them is the class."""
    deep = {one.path: one.folders for one in places if len(one.folders) > 1}
    answer = _ask_level(deep, asking) if deep else FIRST
    if answer == FIRST_AND_GROUP:
        long = sorted({"/".join(some[:2]) for some in deep.values() if len("/".join(some[:2])) > LONGEST_NAME})
        if long:
            are = "folder is no group" if len(long) == 1 else "folders are no groups"
            cut = [f"{name[:40]}..." for name in long]
            text = f"{len(long):,} {are}, because the name has more than {LONGEST_NAME} characters: {listed(cut)}"
            reading.problems.append(Problem(None, text))
    return {one.path: _meaning(one.folders, one.split, answer or FIRST) for one in places}


def _meaning(folders: Folders, split: str | None, answer: str) -> FolderMeaning:
    pair = "/".join(folders[:2]) if len(folders) > 1 else None
    if answer == PAIR:
        return FolderMeaning(pair or (folders[0] if folders else None), split)
    level = _ORDER.index(answer) if answer in _ORDER else 0
    label = folders[level] if len(folders) > level else None
    group = pair if answer == FIRST_AND_GROUP else None
    return FolderMeaning(label, split, group if group and len(group) <= LONGEST_NAME else None)


def _ask_level(deep: Mapping[str, Folders], asking: Asking) -> str | None:
    repeated = _repeated(deep)
    shown = repeated[:SAMPLED] or sampled(deep)
    labels = {
        FIRST: "Use the first folder as the class",
        FIRST_AND_GROUP: "Use the first folder as the class, the second as the group",
        SECOND: "Use the second folder as the class",
        PAIR: "Use the first and the second folder together as the class",
        THIRD: "Use the third folder as the class",
    }
    if not repeated:
        del labels[PAIR]
    if max(map(len, deep.values())) < len(_ORDER):
        del labels[THIRD]

    def rows(key: str) -> tuple[tuple[str, ...], ...]:
        found = {path: _meaning(deep[path], None, key) for path in shown}
        return tuple((path, one.label or "", one.group or "") for path, one in found.items())

    lie = "lies" if len(deep) == 1 else "lie"
    text = f"{photos_said(len(deep))} {lie} in a folder inside a folder, such as {shown[0]}. "
    if repeated:
        text += (
            f'Several folders hold one called "{deep[shown[0]][1]}": {listed([deep[path][0] for path in repeated])}. '
        )
    choices = tuple(Choice(key, words, rows(key)) for key, words in labels.items())
    question = Question(LEVEL, f"{text}Which folder is the class?", choices, columns=("photo", "class", "group"))
    return asking.ask(question)


def _repeated(deep: Mapping[str, Folders]) -> list[str]:
    """Return a photo of each outer folder that holds an inner folder of the same name; none where no name repeats."""
    found: dict[str, dict[str, str]] = defaultdict(dict)  # inner name -> outer name -> photo
    for path in sorted(deep):
        outer, inner = map(name_key, deep[path][:2])
        found[inner].setdefault(outer, path)
    return next(([*photos.values()] for photos in found.values() if len(photos) > 1), [])

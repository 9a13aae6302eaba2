"""Find the class in the names of photos that nothing else labels, such as great_pyrenees_12.jpg; it is asked."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from core.data.importing.import_plan import Candidate
from core.data.tables.label_rows import Problem
from core.data.tables.names import MOST_CLASSES
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

CLASS_IN_NAME = "class-in-name"
"""The kind of the question."""
PREFIX, NONE = "prefix", "none"

TEACHABLE_MACHINE = "-!-"
"""Between class and number in the files of a Teachable Machine project, and in no other names."""

_BEFORE_NUMBER = "_-. "  # fastai's own example is great_pyrenees_173, Kaggle's is cat.173
_SHARE = 0.9  # of the photos have such a name
_FEWEST = 2  # classes, and photos of most of them
# What cameras, telephones and programs call every photo.
_NO_CLASSES = frozenset(
    (
        *("img", "dsc", "dscn", "dscf", "dcim", "pic", "pict", "picture", "p", "photo", "image", "images", "frame"),
        *("frames", "screenshot", "scan", "snapshot", "capture", "vid", "mvi", "pxl", "gopr", "wp", "whatsapp"),
        *("signal", "snap", "untitled", "file", "sample", "foto", "bild", "imagen", "cam", "camera", "view", "page"),
    )
)


def with_classes_in_names(candidates: list[Candidate], asking: Asking, problems: list[Problem]) -> list[Candidate]:
    """Return photos without a label with the class in their names, if they have one there and a person says so."""
    marked = [PurePosixPath(one.name).name.partition(TEACHABLE_MACHINE) for one in candidates]
    if candidates and all(mark and label for label, mark, _ in marked):
        text = f'the names of the photos give their classes, before "{TEACHABLE_MACHINE}" (Teachable Machine)'
        problems.append(Problem(None, text, harmless=True))
        return [replace(one, label=part[0], by_folder=True) for one, part in zip(candidates, marked, strict=True)]
    found = [_prefix(one.name) for one in candidates]
    times = Counter(prefix for prefix in found if prefix is not None)
    if not _are_classes(times, len(candidates)):
        return candidates
    shown = _of_different_classes(candidates, found)
    text = (
        f"No folder or table labels these {len(candidates):,} photos, but their names may: {len(times):,} names differ "
        f'before the number, such as "{shown[0][1]}" in {shown[0][0]}. Are these the classes?'
    )
    choices = (
        Choice(PREFIX, "Take the part before the number as the class", tuple(shown)),
        Choice(NONE, "Import the photos without labels", tuple((name, "") for name, _ in shown)),
    )
    if asking.ask(Question(CLASS_IN_NAME, text, choices, "", ("photo", "class"))) != PREFIX:
        return candidates
    without = [one.name for one, prefix in zip(candidates, found, strict=True) if prefix is None]
    problems += [Problem(None, f"the name of {name} has no class before a number; it has no label") for name in without]
    return [replace(one, label=prefix, by_folder=True) for one, prefix in zip(candidates, found, strict=True)]


def _prefix(path: str) -> str | None:
    """Return the part of a name before its last number; None where there is none, or where a camera gave it."""
    stem = PurePosixPath(path).stem
    bracket = stem.endswith(")")  # "cat (12)", as Windows numbers files
    last = end = len(stem) - bracket
    while end and stem[end - 1].isdecimal():
        end -= 1
    if end == last:
        return None
    if bracket:
        if not stem[:end].endswith("("):
            return None
        end -= 1
    elif stem[:end].rstrip(_BEFORE_NUMBER) == stem[:end]:
        return None
    prefix = stem[:end].strip(_BEFORE_NUMBER)
    words = [word for word in re.split(r"[\W\d_]+", prefix.lower()) if word]
    return None if not words or words[0] in _NO_CLASSES else prefix


def _are_classes(times: Counter[str], photos: int) -> bool:
    """Return whether the parts of names may be classes: several, and most of them of several photos."""
    repeated = sum(count >= _FEWEST for count in times.values())
    enough = photos > 0 and times.total() >= _SHARE * photos
    return enough and _FEWEST <= len(times) <= MOST_CLASSES and repeated > len(times) / 2


def _of_different_classes(candidates: Sequence[Candidate], found: Sequence[str | None]) -> list[tuple[str, str]]:
    """Return photos of different classes as a sample."""
    first: dict[str, str] = {}
    for one, prefix in zip(candidates, found, strict=True):
        if prefix is not None:
            first.setdefault(prefix, one.name)
    return [(name, prefix) for prefix, name in list(first.items())[:SAMPLED]]

"""The one rule for equal photos with different labels: none of the labels is used.

Training on a table leaves such a photo out. A project keeps it without a label, so that somebody can decide. A wrong
label does more harm than a photo less, and nothing tells which label is right.
"""

from collections.abc import Callable, Iterable, Sequence

from core.data.tables.labels_csv import STRICTEST_FIRST
from core.data.tables.names import class_key, name_key


def distinct_classes(labels: Iterable[str | None], present: str | None = None) -> tuple[str, ...]:
    """Return the classes that differ from each other and from ``present``, as ``distinct_labels``.

    Those that differ only in case are different: ``class_case`` has settled which are one.
    """
    return distinct_labels(labels, present, class_key)


def distinct_labels(
    labels: Iterable[str | None], present: str | None = None, key: Callable[[str], str] = name_key
) -> tuple[str, ...]:
    """Return the labels that differ from each other and from ``present``, in order; spellings of one count once.

    More than one means that the photos contradict each other.
    """
    found: dict[str, str] = {}
    for label in labels:
        if label is not None:
            found.setdefault(key(label), label)
    if present is not None:
        found.pop(key(present), None)
    return tuple(found.values())


def contradiction(labels: Sequence[str]) -> str:
    """Say that the labels of equal photos differ, and what follows from it."""
    none = "neither" if len(labels) == 2 else "none"
    return f"the labels differ ({', '.join(labels)}), so {none} is used"


def strictest_split(splits: Iterable[str | None]) -> str | None:
    """Return the split of equal photos that lie in several: a test image must not be trained on."""
    found = set(splits)
    return next((split for split in STRICTEST_FIRST if split in found), None)

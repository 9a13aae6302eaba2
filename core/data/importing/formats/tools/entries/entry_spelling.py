"""Spell the classes of a photo's entries alike where somebody says that spellings are one class: Cat and cat."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.data.importing.formats.tools.entries.photo_entries import PhotoEntry
from core.data.importing.names.class_case import spelled_as_answered
from core.data.importing.names.look_alikes import look_alikes
from core.data.tables.label_rows import LabelRow
from core.data.tables.questions import Asking


def with_one_spelling(entries: Sequence[PhotoEntry], asking: Asking) -> list[PhotoEntry]:
    """Return the entries with their classes spelled as answered, so that annotators who mean one class agree.

    Where the classes are kept apart, and until somebody answers, they stay as they are: ``a`` is not ``A``.
    """
    by_photo: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        by_photo[entry.path].update(_labels(entry))
    if not any(look_alikes(sorted(labels)) for labels in by_photo.values() if len(labels) > 1):
        return list(entries)  # whether spellings of different photos are one class is asked later
    rows = [LabelRow(0, entry.path, label, None, None) for entry in entries for label in dict.fromkeys(_labels(entry))]
    spelled = spelled_as_answered(rows, asking)
    return [
        replace(
            entry,
            classes=tuple(spelled.get(one, one) for one in entry.classes),
            regions=tuple(replace(one, label=spelled.get(one.label, one.label)) for one in entry.regions),
        )
        for entry in entries
    ]


def _labels(entry: PhotoEntry) -> Iterable[str]:
    yield from entry.classes
    yield from (one.label for one in entry.regions)

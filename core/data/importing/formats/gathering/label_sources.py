"""Ask for the boxes of photos that stand in several files of labels, or several times in one."""

from collections import Counter
from collections.abc import Callable

from core.data.importing.formats.gathered_labels import Files, LabelCollector
from core.data.tables.label_rows import LabelledBox
from core.data.tables.questions import SAMPLED, Choice, Question, SamplePhoto

SOURCES = "label-files"
"""The kind of the question."""

ALL, SKIP = "all", "skip"

_MOST_SOURCES = 4  # that can be chosen one by one

Boxes = list[LabelledBox]
BySource = dict[str, Boxes]


def settle_sources(collected: LabelCollector, files: Files) -> None:
    """Keep boxes once that several sources give equally, and ask where these give a photo different ones."""
    same: list[str] = []
    unclear: dict[str, BySource] = {}
    for path, objects in collected.objects.items():
        by_source: BySource = {}
        for source, box in zip(collected.sources[path], objects, strict=True):
            by_source.setdefault(source, []).append(box)
        if len(by_source) < 2:
            continue
        first, *others = by_source.values()
        if all(Counter(boxes) == Counter(first) for boxes in others):
            _set(collected, path, first)
            same.append(path)
        else:
            unclear[path] = by_source
    if same:
        photos = "1 photo has" if len(same) == 1 else f"{len(same):,} photos have"
        collected.add_remark_on(f"{photos} the same boxes in several places of the labels; they are kept once", same)
    if unclear:
        _ask(collected, files, unclear)


def _ask(collected: LabelCollector, files: Files, unclear: dict[str, BySource]) -> None:
    """Ask which boxes are those of the photos."""
    first, by_source = next(iter(unclear.items()))
    photos = "1 photo has" if len(unclear) == 1 else f"{len(unclear):,} photos have"
    text = (
        f"{photos} different boxes in several places of the labels, such as {first} in {_listed(by_source)}. "
        "Which boxes belong to the photo?"
    )
    meanings: dict[str, Callable[[BySource], Boxes]] = {ALL: _all}
    labels = {ALL: "Use the boxes of all of them"}
    named = list(dict.fromkeys(source for boxes in unclear.values() for source in boxes))
    for number, source in enumerate(named if len(named) <= _MOST_SOURCES else [], start=1):
        key = f"file-{number}"
        meanings[key] = _only(source)
        labels[key] = f"Use only those of {source}"
    meanings[SKIP] = lambda boxes: []
    labels[SKIP] = "Leave these boxes out"
    choices = tuple(
        Choice(key, labels[key], photos=tuple(_sample(path, files, meaning(unclear[path])) for path in _first(unclear)))
        for key, meaning in meanings.items()
    )
    answer = collected.asking.ask(Question(SOURCES, text, choices))
    if answer is not None:
        for path, boxes in unclear.items():
            _set(collected, path, meanings[answer](boxes))


def _all(sources: BySource) -> Boxes:
    """Return the boxes of all sources; those that several give count once."""
    found: Counter[LabelledBox] = Counter()
    for boxes in sources.values():
        found |= Counter(boxes)
    return [*found.elements()]


def _only(source: str) -> Callable[[BySource], Boxes]:
    return lambda boxes: boxes.get(source, [])


def _listed(sources: BySource) -> str:
    shown = list(sources)[:SAMPLED]
    return ", ".join(shown[:-1]) + (f" and {shown[-1]}" if len(sources) <= SAMPLED else f", {shown[-1]} and others")


def _first(unclear: dict[str, BySource]) -> list[str]:
    return list(unclear)[:SAMPLED]


def _sample(path: str, files: Files, boxes: Boxes) -> SamplePhoto:
    return SamplePhoto(path, files[path], tuple((box.label or "", box.box) for box in boxes))


def _set(collected: LabelCollector, path: str, boxes: Boxes) -> None:
    collected.objects[path] = list(boxes)
    collected.sources[path] = [""] * len(boxes)

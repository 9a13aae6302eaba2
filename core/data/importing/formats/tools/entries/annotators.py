"""Settle what several annotators, tasks or files say of the same photo."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.data.importing.equal_photos import distinct_classes
from core.data.importing.formats.gathered_labels import Files, LabelCollector
from core.data.importing.formats.gathering.sample_photos import sample_photo
from core.data.importing.formats.tools.entries.outlines import numbers_of
from core.data.importing.formats.tools.entries.photo_entries import PhotoEntry, Region, listed
from core.data.pictures.box import Box
from core.data.tables.label_rows import LabelledBox
from core.data.tables.names import class_key, storable_name, tidy_name
from core.data.tables.questions import SAMPLED, Choice, Question, SamplePhoto
from core.errors import DataError

ANNOTATOR = "which-annotator"
"""The kind of the question."""

NOBODY = "skip"
_MOST_CHOICES = 12


def settle_annotators(
    by_photo: Mapping[str, Sequence[PhotoEntry]], collected: LabelCollector, files: Files
) -> dict[str, PhotoEntry]:
    """Return one entry for each photo: what all of its entries say, or no label where they differ.

    Classes that annotators gave differently are kept as theirs, for somebody to decide; in a data set of boxes, and
    without names of annotators, they are a problem. Whose boxes count, where these differ, is asked once.
    """
    settled: dict[str, PhotoEntry] = {}
    drawn: dict[str, list[PhotoEntry]] = {}  # photos with different boxes of different annotators
    repeated: list[str] = []
    agreed: list[str] = []
    differing: dict[str, str] = {}  # photo -> who said what
    boxed = any(entry.regions for entries in by_photo.values() for entry in entries)
    for path, entries in by_photo.items():
        # A task that nobody has labelled contradicts none.
        some = [one for one in entries if one.who or one.classes or one.regions] or [entries[0]]
        first = _with_split(some[0], entries)
        settled[path] = first
        if len(some) == 1:
            continue
        opinions = () if boxed else _kept_opinions(some)
        if opinions:
            collected.opinions[path] = opinions
            collected.classes.update(dict.fromkeys(label for _, label in opinions))
        if not _same_classes(some):
            settled[path] = replace(first, classes=())
            if opinions:
                differing[path] = _opinions(some)
            else:
                collected.add_problem(some[1].where, f"{path} is {_opinions(some)}; none of these labels is used")
        if not _same_regions(some):
            settled[path] = replace(settled[path], regions=())
            if len({one.who for one in some if one.who}) == len(some):
                drawn[path] = some
            else:
                text = f"{path} has different boxes in {some[0].where} and in {some[1].where}; none of them is used"
                collected.add_problem(some[1].where, text)
        elif _same_classes(some):
            (agreed if some[0].who and some[1].who else repeated).append(path)
    who = "labelled by several people, who agree"
    _remark(agreed, f"was {who}", f"were {who}", collected)
    _remark(repeated, "is listed twice with the same labels", "are listed twice with the same labels", collected)
    _remark_on_opinions(differing, collected)
    return settled | _chosen(drawn, settled, collected, files)


def _with_split(entry: PhotoEntry, entries: Sequence[PhotoEntry]) -> PhotoEntry:
    splits = {one.split for one in entries if one.split}
    strictest = next((split for split in ("test", "val", "train") if split in splits), None)
    return entry if entry.split == strictest else replace(entry, split=strictest)


def _same_classes(entries: Sequence[PhotoEntry]) -> bool:
    return len({frozenset(map(class_key, one.classes)) for one in entries}) == 1


def _same_regions(entries: Sequence[PhotoEntry]) -> bool:
    return len({_places(one.regions) for one in entries}) == 1


def _places(regions: Sequence[Region]) -> tuple[str, ...]:
    return tuple(sorted(f"{class_key(one.label)} {one.sides}" for one in regions))


def _opinions(entries: Sequence[PhotoEntry]) -> str:
    """Return who said what: '"cat" (annotator 1) and "dog" (annotator 2)'."""
    shown = []
    for entry in entries:
        word = listed(distinct_classes(entry.classes)) or "without a class"
        shown.append(f"{word} ({entry.who or entry.where})")
    return ", ".join(shown[:-1])[:400] + f" and {shown[-1]}"


def _kept_opinions(entries: Sequence[PhotoEntry]) -> tuple[tuple[str, str], ...]:
    """Return the class that each annotator gave; none where somebody gave none or several, or drew boxes."""
    found: dict[str, str] = {}
    for entry in entries:
        if not entry.who or entry.regions or len(entry.classes) != 1 or entry.who in found:
            return ()
        try:
            found[storable_name(entry.who)] = tidy_name(storable_name(entry.classes[0]), "class")
        except DataError:  # whoever uses the label reports it
            return ()
    return tuple(found.items()) if len(found) == len(entries) > 1 else ()


def _remark_on_opinions(differing: Mapping[str, str], collected: LabelCollector) -> None:
    """Say which photos annotators labelled differently: somebody decides later, as in a project of several people."""
    if differing:
        shown = "; ".join(f"{path} is {said}" for path, said in list(differing.items())[:SAMPLED])
        photos = "1 photo was" if len(differing) == 1 else f"{len(differing):,} photos were"
        who = "it gets" if len(differing) == 1 else "they get"
        collected.add_remark(f"{photos} labelled differently; {who} no class, and every annotator's is kept: {shown}")


def _remark(paths: Sequence[str], one: str, many: str, collected: LabelCollector) -> None:
    if paths:
        shown = ", ".join(paths[:SAMPLED]) + (", ..." if len(paths) > SAMPLED else "")
        photos = f"1 photo {one}" if len(paths) == 1 else f"{len(paths):,} photos {many}"
        collected.add_remark(f"{photos}: {shown}")


def _chosen(
    drawn: Mapping[str, Sequence[PhotoEntry]],
    settled: Mapping[str, PhotoEntry],
    collected: LabelCollector,
    files: Files,
) -> dict[str, PhotoEntry]:
    """Ask whose boxes count, and return the photos with these; all without boxes while nobody has answered."""
    if not drawn:
        return {}
    people = list(dict.fromkeys(entry.who for entries in drawn.values() for entry in entries))
    key_of = {who: who.replace("=", "-") for who in people}
    path, entries = next(iter(drawn.items()))
    which = f"{len(drawn):,} photos have" if len(drawn) > 1 else "1 photo has"
    text = f"{which} different boxes by different annotators, such as {path}. Whose boxes count?"
    shown = list(drawn)[:SAMPLED]
    choices = [
        Choice(
            key_of[who], f"Take the boxes of {who}", photos=tuple(_sample(one, who, drawn[one], files) for one in shown)
        )
        for who in people[:_MOST_CHOICES]
    ]
    choices.append(Choice(NOBODY, "Leave these boxes out"))
    key = collected.asking.ask(Question(ANNOTATOR, text, tuple(choices)))
    if key is None or key == NOBODY:
        return {}
    found = {}
    for path, entries in drawn.items():
        own = next((entry for entry in entries if key_of[entry.who] == key), None)
        if own is None:
            collected.add_problem(entries[0].where, f"{path} has no boxes by {key}; its boxes are left out")
        else:
            found[path] = replace(settled[path], regions=own.regions, frame=own.frame)
    return found


def _sample(path: str, who: str, entries: Sequence[PhotoEntry], files: Files) -> SamplePhoto:
    """Return the photo with the boxes of one annotator, as far as they are four numbers."""
    entry = next((one for one in entries if one.who == who), replace(entries[0], regions=()))
    boxes = [
        LabelledBox(one.label, Box(*numbers))
        for one in entry.regions
        if (numbers := numbers_of(one.sides)) and len(numbers) == 4
    ]
    return sample_photo(path, files, boxes, entry.frame)

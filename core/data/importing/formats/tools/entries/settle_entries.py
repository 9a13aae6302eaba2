"""Make one label of all that a tool's files say of a photo; what contradicts itself is a problem or a question."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.data.importing.equal_photos import distinct_classes
from core.data.importing.formats.gathered_labels import CollectedLabels, LabelCollector
from core.data.importing.formats.tools.entries.annotators import settle_annotators
from core.data.importing.formats.tools.entries.entry_spelling import with_one_spelling
from core.data.importing.formats.tools.entries.outlines import numbers_of
from core.data.importing.formats.tools.entries.photo_entries import PhotoEntry, Region, ToolReading, listed
from core.data.importing.formats.tools.entries.photo_names import shown_name
from core.data.tables.label_rows import PIXELS
from core.data.tables.labels_csv import split_named
from core.data.tables.names import class_key
from core.data.tables.questions import SAMPLED, Choice, Question

CLASS_OR_BOXES = "class-or-boxes"
"""The kind of the question."""

BOXES, CLASSES = "boxes", "classes"


def finish(reading: ToolReading, kind: str) -> CollectedLabels:
    """Return the entries of a reading as a data set of this kind. Raises LabelsError for too many classes."""
    collected = reading.collected
    reading.say()
    by_photo: dict[str, list[PhotoEntry]] = defaultdict(list)
    for entry in with_one_spelling(reading.entries, collected.asking):
        by_photo[entry.path].append(entry)
    photos = _with_one_class(settle_annotators(by_photo, collected, reading.files), collected)
    photos = _class_or_boxes(photos, collected)
    splits = {} if reading.splits_said else _splits_of_folders(list(photos), collected)
    for path, entry in photos.items():
        collected.add_image(path, shown_name(path), entry.split or splits.get(path), next(iter(entry.classes), None))
        if entry.frame != PIXELS:
            collected.frames[path] = entry.frame
        for region in entry.regions:
            collected.add_box(path, region.label, region.sides, region.where)
    collected.add_guesses(reading.finder.index)
    collected.add_unlabelled(reading.finder.index.paths, f"no entry in the files of {kind}", shown_name)
    return collected.finish(kind)


def _with_one_class(photos: Mapping[str, PhotoEntry], collected: LabelCollector) -> dict[str, PhotoEntry]:
    """Return the photos without the classes of those that have several, each of which is a problem."""
    settled = {}
    for path, entry in photos.items():
        classes = distinct_classes(entry.classes)
        if len(classes) > 1:
            text = f"{path} has {len(classes)} classes, {listed(classes)}; a photo has one class here, so none is used"
            collected.add_problem(entry.where, text)
            classes = ()
        settled[path] = replace(entry, classes=classes)
    return settled


def _class_or_boxes(photos: Mapping[str, PhotoEntry], collected: LabelCollector) -> dict[str, PhotoEntry]:
    """Ask what counts where a photo has a class and boxes of another: the class of a photo is that of its largest."""
    both = [
        entry
        for entry in photos.values()
        if entry.classes and entry.regions and class_key(entry.classes[0]) != class_key(_largest(entry.regions).label)
    ]
    if not both:
        return dict(photos)
    first = both[0]
    which = f"{len(both):,} photos have" if len(both) > 1 else "1 photo has"
    text = (
        f"{which} a class and boxes of other classes, such as {first.path}: {listed(first.classes)}, with "
        f"{boxes_in_words(first.regions)}. Do the boxes count, or the classes of the photos?"
    )
    with_boxes = tuple((one.path, "", boxes_in_words(one.regions)) for one in both[:SAMPLED])
    with_classes = tuple((one.path, one.classes[0], boxes_in_words(())) for one in both[:SAMPLED])
    choices = (
        Choice(BOXES, "Take the boxes, and leave the classes of these photos out", with_boxes),
        Choice(CLASSES, "Take the classes of photos, and leave all boxes out", with_classes),
    )
    question = Question(CLASS_OR_BOXES, text, choices, columns=("photo", "class", "boxes"))
    if collected.asking.ask(question) == CLASSES:
        return {path: replace(entry, regions=()) for path, entry in photos.items()}
    return {path: replace(entry, classes=() if entry.regions else entry.classes) for path, entry in photos.items()}


def _largest(regions: Sequence[Region]) -> Region:
    def area(region: Region) -> float:
        numbers = numbers_of(region.sides)
        return numbers[2] * numbers[3] if numbers and len(numbers) == 4 else 0.0

    return max(regions, key=area)


def boxes_in_words(regions: Sequence[Region]) -> str:
    """Return how many boxes of which classes: "2 × dog, 1 × cat"."""
    counts = Counter(region.label for region in regions)
    shown = ", ".join(f"{count:,} × {label[:60]}" for label, count in counts.most_common(SAMPLED))
    return (shown + (", ..." if len(counts) > SAMPLED else "")) or "no box"


def _splits_of_folders(paths: Sequence[str], collected: LabelCollector) -> dict[str, str]:
    """Return the splits that the top folders of the photos give, and say so; none where one folder gives none."""
    names = {path: shown_name(path) for path in paths}
    while len(tops := {name.partition("/")[0] for name in names.values() if "/" in name}) == 1:
        (around,) = tops
        if split_named(around) or any("/" not in name for name in names.values()):
            break
        names = {path: name.removeprefix(f"{around}/") for path, name in names.items()}
    folders = {path: name.partition("/")[0] if "/" in name else "" for path, name in names.items()}
    splits = {folder: split for folder in folders.values() if (split := split_named(folder))}
    if not splits:
        return {}
    shown = ", ".join(sorted(splits))
    if any(folder not in splits for folder in folders.values()):
        collected.add_remark(f"the folders {shown} are not taken as splits, because other photos lie beside them")
        return {}
    collected.add_remark(f"the splits are those of the folders {shown}")
    return {path: splits[folder] for path, folder in folders.items()}

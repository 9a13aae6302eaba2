"""What the files of an import say of one image, and what each file's result says about it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.data.importing.equal_photos import contradiction, distinct_classes
from core.data.importing.import_plan import Candidate, FileResult, ResultKind
from core.data.importing.updates.label_updates import LabelUpdates, PhotoUpdate
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, invalid_reason, reaches_out
from core.data.store.records import BoxRow
from core.data.tables.label_rows import LabelledBox
from core.data.tables.labels_csv import STRICTEST_FIRST
from core.data.tables.names import class_key, name_key


@dataclass
class StoredImage:
    """The labels that an image is to have after all files so far."""

    name: str
    label: str | None
    split: str | None
    new: bool = False  # added by this import
    changed: bool = False
    boxes: list[BoxRow] | None = None  # to be set; None: the present ones stay
    group: str | None = None  # to be set; None: the present one stays
    tags: tuple[str, ...] = ()  # to be added
    opinions: tuple[tuple[str, str], ...] = ()  # (annotator, class)
    given: dict[str, str] = field(default_factory=dict)  # the label that each file gives it
    first: FileResult | None = None  # of the first of these files

    @property
    def contradicted(self) -> bool:
        """Whether its files have different labels, of which none is used."""
        return len(distinct_classes(self.given.values())) > 1

    def set_label(self, label: str | None, split: str | None) -> None:
        """Note a label and a split to be set."""
        self.label, self.split, self.changed = label, split, True


def set_boxes(
    objects: Sequence[LabelledBox], size: tuple[int, int], image: StoredImage, present: list[BoxRow]
) -> list[str]:
    """Note the boxes to set, unless the image already has others; return the remarks about them."""
    width, height = size
    notes, boxes = [], []
    for one in objects:
        box = BoxRow(one.label or "", one.box.x, one.box.y, one.box.width, one.box.height)
        line = f" in line {one.line}" if one.line else ""
        if wrong := invalid_reason(box, width, height):
            notes.append(f"the box{line} is skipped: {wrong}")
            continue
        if (over := reaches_out(box, width, height)) > TOLERATED_PIXELS:
            notes.append(f"the box{line} extends {over:g} pixels beyond the photo and is kept unchanged; check it")
        boxes.append(box)
    before = image.boxes if image.boxes is not None else [_without_id(box) for box in present]
    if not boxes or before == boxes:
        return notes
    if before:
        stays = "1 box stays" if len(before) == 1 else f"{len(before)} boxes stay"
        return [*notes, f"its {stays}, and the boxes of this file are not used"]
    image.boxes, image.changed = boxes, True
    return notes


def _without_id(box: BoxRow) -> BoxRow:
    return BoxRow(box.label, box.x, box.y, box.width, box.height)


def class_of_several(candidate: Candidate) -> list[str]:
    """Remark which class a project without boxes uses where a file has boxes of several classes."""
    labels = dict.fromkeys(one.label for one in candidate.objects)
    if len(labels) < 2:
        return []
    listed = ", ".join(str(label) for label in labels)
    return [f'it has boxes of several classes ({listed}); its label is that of the largest box, "{candidate.label}"']


def with_notes(result: FileResult, notes: list[str]) -> FileResult:
    """Return a file's result with further remarks."""
    if not notes:
        return result
    kind = "remark" if result.kind == "taken" else result.kind
    return FileResult(result.name, kind, "; ".join([*([result.text] if result.text else []), *notes]))


def result_of_new(candidate: Candidate, image: StoredImage, remarks: Sequence[str]) -> FileResult:
    """Label an image that this file added, and return the file's result."""
    if candidate.label is not None or candidate.split is not None:
        image.set_label(candidate.label or image.label, candidate.split or image.split)
    notes = list(remarks)
    if image.name != candidate.name:
        notes.append(f"named {image.name}, because another photo has its name")
    result = FileResult(candidate.name, "remark" if notes else "taken", ", ".join(notes))
    if candidate.label is not None:
        image.given[candidate.name], image.first = candidate.label, result
    return result


def result_of_known(candidate: Candidate, image: StoredImage, update: PhotoUpdate | None = None) -> FileResult:
    """Label an image that was there before this file, where it has no label yet, and return the file's result."""
    if image.new:
        notes = [f"the same photo as {image.name} in this import"]
    else:
        notes = ["already in the project" + (f", as {image.name}" if image.name != candidate.name else "")]
    if update is not None:
        return FileResult(candidate.name, "duplicate", "; ".join([*notes, *_update_notes(update)]))
    kind: ResultKind = "copy" if image.new else "duplicate"
    if candidate.label is not None and (image.label is None or image.given):
        image.first = image.first or FileResult(candidate.name, kind, "; ".join(notes))
        notes += _label_of_copy(candidate.name, candidate.label, image)
    elif candidate.label and image.label is not None and class_key(candidate.label) != class_key(image.label):
        notes.append(f'the label "{candidate.label}" is not used, "{image.label}" stays')
    if candidate.split is not None and candidate.split != image.split:
        notes += _set_strictest_split(candidate.split, image)
    return FileResult(candidate.name, kind, "; ".join(notes))


def group_of_copy(candidate: Candidate, image: StoredImage, present: str | None) -> list[str]:
    """Give an image the group of one more file, if it has none; return the remark where they differ."""
    here = image.group or present
    if candidate.group is None or (here is not None and name_key(here) == name_key(candidate.group)):
        return []
    if here is None:
        image.group = candidate.group
        return []
    return [f'the group "{candidate.group}" is not used, "{here}" stays']


def _label_of_copy(name: str, label: str, image: StoredImage) -> list[str]:
    """Give an image the label of one more file, or none if it contradicts the others; return the remark about it."""
    image.given[name] = label
    if image.contradicted:
        image.set_label(None, image.split)
        image.boxes = None
        return [contradiction(distinct_classes(image.given.values()))]
    if image.label is None:
        image.set_label(label, image.split)
        return [f"it is now labelled {label}"]
    return []


def contradicted_results(images: Iterable[StoredImage]) -> Iterator[FileResult]:
    """Yield a new result for the first file of each image whose files have different labels."""
    for image in images:
        if image.contradicted and image.first is not None:
            _, *others = image.given
            labels = contradiction(distinct_classes(image.given.values()))
            text = f"the same photo as {', '.join(others)} in this import; {labels}"
            yield with_notes(image.first, [text])


def takes_boxes(image: StoredImage, updates: LabelUpdates | None) -> bool:
    """Whether a file's boxes may be set; with ``updates``, those of photos that were there before are in these."""
    return not image.contradicted and (image.new or updates is None)


def _update_notes(update: PhotoUpdate) -> list[str]:
    notes = []
    if update.label is not None:
        notes.append(f'its label is now "{update.label}"' + (f', was "{old}"' if (old := update.image.label) else ""))
    if update.split is not None:
        notes.append(f"its split is now {update.split}" + (f", was {old}" if (old := update.image.split) else ""))
    if update.boxes is not None:
        notes.append(f"its boxes are those of this file: {len(update.boxes)}, before {len(update.boxes_before)}")
    if update.group is not None:
        notes.append(f'its group is now "{update.group}"' + (f', was "{old}"' if (old := update.image.group) else ""))
    if update.tags is not None:
        notes.append(f"its tags are now {', '.join(update.tags)}")
    return notes


def lost_with(candidate: Candidate) -> str:
    """Return the label that is lost with a photo that is not imported, as the end of a sentence."""
    return f'; its label "{candidate.label}" is not used' if candidate.label is not None else ""


def _set_strictest_split(split: str, image: StoredImage) -> list[str]:
    """Move an image to the stricter of its split and another; return the remark about it."""
    before = image.split
    strictest = next(one for one in STRICTEST_FIRST if one in (split, before))
    if strictest != before:
        image.set_label(image.label, strictest)
    if before is None:
        return []
    return [f"it is in {strictest} and not in {split if strictest == before else before}"]

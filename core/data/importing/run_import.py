"""Run an import plan: decode and store each file, then set all labels as one change."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from core.data.importing.import_plan import Candidate, FileResult, ImportPlan
from core.data.pictures.decoding import Decoded, decode
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, invalid_reason, reaches_out
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.data.tables.label_rows import LabelledBox
from core.data.tables.labels_csv import STRICTEST_FIRST
from core.data.tables.names import name_key
from core.errors import DataError, ImageRefused


@dataclass
class _StoredImage:
    """The labels that an image is to have after all files so far."""

    name: str
    label: str | None
    split: str | None
    new: bool = False  # added by this import
    changed: bool = False
    boxes: list[BoxRow] | None = None  # to be set; None: the present ones stay

    def set_label(self, label: str | None, split: str | None) -> None:
        self.label, self.split, self.changed = label, split, True


def run_import(plan: ImportPlan, store: Store, project_id: int, who: str) -> Generator[FileResult]:
    """Import the candidates one by one and yield the result of each.

    Labels and splits are set as one undoable change at the end, even if the generator is closed early: images imported
    so far stay and get their labels. Equal images become one, with the label that came first and the strictest split.
    Files that the plan refuses get no second result.
    Raises DataError where images cannot be stored, after saving what was done.
    """
    images: dict[int, _StoredImage] = {}
    localizes = store.project(project_id).task == "localization"
    imported = 0
    try:
        for candidate in plan.candidates:
            try:
                raw = candidate.read()
                decoded = decode(raw, candidate.name)
            except ImageRefused as refusal:
                yield FileResult(candidate.name, "refused", refusal.reason)
                continue
            try:
                row, new = store.add_image(project_id, decoded, raw, candidate.name)
            except (DataError, OSError, OperationalError) as error:
                kept = f"the {_photos(imported)} imported before it {'is' if imported == 1 else 'are'} kept"
                raise DataError(f"The import stopped at {candidate.name}; {kept}. {_reason(error)}") from error
            if new:
                images[row.id] = _StoredImage(row.filename, row.label, row.split, new=True)
                result = _result_of_new(candidate, images[row.id], decoded.remarks)
            else:
                image = images.setdefault(row.id, _StoredImage(row.filename, row.label, row.split))
                result = _result_of_known(candidate, image)
            if candidate.objects and localizes:
                present = [] if new else store.boxes(project_id, [row.id]).get(row.id, [])
                result = _with_notes(result, _set_boxes(candidate.objects, decoded, images[row.id], present))
            elif candidate.objects:
                result = _with_notes(result, _class_of_several(candidate))
            imported += new
            yield result
    finally:
        try:
            _save_labels(plan, store, project_id, who, images, localizes)
        except OperationalError as error:
            raise DataError(
                f"The {_photos(imported)} imported so far are in the project, but their labels could not be saved. "
                f"{_reason(error)} Then import the same files again to add the labels."
            ) from error


def _save_labels(
    plan: ImportPlan, store: Store, project_id: int, who: str, images: dict[int, _StoredImage], localizes: bool
) -> None:
    """Set labels, splits, boxes and new classes as one change; nothing where there are none."""
    rows = [(image_id, image.label, image.split) for image_id, image in images.items() if image.changed]
    if not rows and not plan.listed:
        return
    # The order of the rows sets the order of new classes, which must be the plan's.
    place = {name_key(name): number for number, name in enumerate(plan.classes)}
    rows.sort(key=lambda row: place.get(name_key(row[1] or ""), len(place)))
    text = f"labels of {_photos(len(rows))} from {plan.source}" if rows else f"classes from {plan.source}"
    classes = plan.classes if localizes and rows else plan.listed
    boxes = {image_id: image.boxes for image_id, image in images.items() if image.boxes is not None}
    store.apply_labels(project_id, rows, who, text, boxes=boxes, new_classes=classes)


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"


def _reason(error: DataError | OSError | OperationalError) -> str:
    if isinstance(error, DataError):
        return str(error)
    what = error.strerror if isinstance(error, OSError) else str(error.orig)
    return f"Writing to the disk or the database failed ({what}). Free some space or allow writing there."


def _set_boxes(
    objects: Sequence[LabelledBox], decoded: Decoded, image: _StoredImage, present: list[BoxRow]
) -> list[str]:
    """Note the boxes to set, unless the image already has others; return the remarks about them."""
    width, height = decoded.image.size
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


def _class_of_several(candidate: Candidate) -> list[str]:
    """Remark which class a project without boxes uses where a file has boxes of several classes."""
    labels = dict.fromkeys(one.label for one in candidate.objects)
    if len(labels) < 2:
        return []
    listed = ", ".join(str(label) for label in labels)
    return [f'it has boxes of several classes ({listed}); its label is that of the largest box, "{candidate.label}"']


def _with_notes(result: FileResult, notes: list[str]) -> FileResult:
    if not notes:
        return result
    kind = "remark" if result.kind == "taken" else result.kind
    return FileResult(result.name, kind, "; ".join([*([result.text] if result.text else []), *notes]))


def _result_of_new(candidate: Candidate, image: _StoredImage, remarks: Sequence[str]) -> FileResult:
    """Label an image that this file added, and return the file's result."""
    if candidate.label is not None or candidate.split is not None:
        image.set_label(candidate.label or image.label, candidate.split or image.split)
    notes = list(remarks)
    if image.name != candidate.name:
        notes.append(f"named {image.name}, because another photo has its name")
    return FileResult(candidate.name, "remark" if notes else "taken", ", ".join(notes))


def _result_of_known(candidate: Candidate, image: _StoredImage) -> FileResult:
    """Label an image that was there before this file, where it has no label yet, and return the file's result."""
    if image.new:
        notes = [f"the same photo as {image.name} in this import"]
    else:
        notes = ["already in the project" + (f", as {image.name}" if image.name != candidate.name else "")]
    if candidate.label is not None and image.label is None:
        image.set_label(candidate.label, image.split)
        notes.append(f"it is now labelled {candidate.label}")
    elif candidate.label is not None and image.label is not None and name_key(candidate.label) != name_key(image.label):
        notes.append(f'the label "{candidate.label}" is not used, "{image.label}" stays')
    if candidate.split is not None and candidate.split != image.split:
        notes += _set_strictest_split(candidate.split, image)
    return FileResult(candidate.name, "copy" if image.new else "duplicate", "; ".join(notes))


def _set_strictest_split(split: str, image: _StoredImage) -> list[str]:
    """Move an image to the stricter of its split and another; return the remark about it."""
    before = image.split
    strictest = next(one for one in STRICTEST_FIRST if one in (split, before))
    if strictest != before:
        image.set_label(image.label, strictest)
    if before is None:
        return []
    return [f"it is in {strictest} and not in {split if strictest == before else before}"]

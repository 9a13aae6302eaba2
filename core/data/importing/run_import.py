"""Carries out an import plan: decodes each file, stores it, and gives the labels as one change at the end."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from core.data.importing.import_plan import Candidate, FileResult, ImportPlan
from core.data.pictures.decoding import Decoded, decode
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, reaches_out, wrong_with
from core.data.store.records import BoxRow
from core.data.store.store import ImageRow, Store
from core.data.tables.label_rows import LabelledBox
from core.data.tables.labels_csv import STRICTEST_FIRST
from core.data.tables.names import name_key
from core.errors import DataError, ImageRefused


@dataclass
class _StoredImage:
    """What an image is to be labelled after all files seen so far."""

    name: str
    label: str | None
    split: str | None
    new: bool = False  # it came with this import
    changed: bool = False
    boxes: list[BoxRow] | None = None  # to be set; None: those it has stay

    def learn(self, label: str | None, split: str | None) -> None:
        self.label, self.split, self.changed = label, split, True


def run_import(plan: ImportPlan, store: Store, project_id: int, who: str) -> Generator[FileResult]:
    """Imports the candidates one by one and yields each one's result as it goes.

    Labels and splits are set as one undoable change at the end, also where the generator is closed before: images
    taken so far stay and get their labels. Equal pictures become one image with the label that came first and the
    strictest split. The files that the plan refuses get no result again.
    Raises DataError where pictures cannot be stored, after keeping what was done.
    """
    standings: dict[int, _StoredImage] = {}
    localizes = store.project(project_id).task == "localization"
    taken = 0
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
                stays = f"the {_images(taken)} taken before it stay{'s' if taken == 1 else ''}"
                raise DataError(f"The import stopped at {candidate.name}; {stays}. {_reason(error)}") from error
            result = _verdict(candidate, row, new, standings, decoded.remarks)
            if candidate.objects:
                there = store.boxes(project_id, [row.id]).get(row.id, []) if localizes and not new else []
                said = (
                    _mark(candidate.objects, decoded, standings[row.id], there) if localizes else _one_class(candidate)
                )
                result = _with_remark(result, said)
            taken += new
            yield result
    finally:
        rows = [(image_id, has.label, has.split) for image_id, has in standings.items() if has.changed]
        # New classes come in the order of the rows that bring them: it is to be the plan's.
        place = {name_key(name): number for number, name in enumerate(plan.classes)}
        rows.sort(key=lambda row: place.get(name_key(row[1] or ""), len(place)))
        if rows or plan.listed:
            try:
                text = f"labels of {_images(len(rows))} from {plan.source}" if rows else f"classes from {plan.source}"
                classes = plan.classes if localizes and rows else plan.listed
                boxes = {image_id: has.boxes for image_id, has in standings.items() if has.boxes is not None}
                store.apply_labels(project_id, rows, who, text, boxes=boxes, new_classes=classes)
            except OperationalError as error:
                raise DataError(
                    f"The {_images(taken)} taken are in the project, but their labels could not be saved. "
                    f"{_reason(error)} Then import the same files again: those that are there get their labels."
                ) from error


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _reason(error: DataError | OSError | OperationalError) -> str:
    if isinstance(error, DataError):
        return str(error)
    what = error.strerror if isinstance(error, OSError) else str(error.orig)
    return f"The disk or the database does not take it ({what}). Free some space or give write permission."


def _mark(objects: Sequence[LabelledBox], decoded: Decoded, has: _StoredImage, there: list[BoxRow]) -> list[str]:
    """Notes the boxes that the image is to get; what is to be said about them."""
    width, height = decoded.image.size
    said, boxes = [], []
    for one in objects:
        box = BoxRow(one.label or "", one.box.x, one.box.y, one.box.width, one.box.height)
        line = f" of line {one.line}" if one.line else ""
        if wrong := wrong_with(box, width, height):
            said.append(f"the box{line} is left out: {wrong}")
            continue
        if (over := reaches_out(box, width, height)) > TOLERATED_PIXELS:
            said.append(f"the box{line} reaches {over:g} pixels beyond the image and is kept so: move it")
        boxes.append(box)
    before = has.boxes if has.boxes is not None else [_shape(box) for box in there]
    if not boxes or before == boxes:
        return said
    if before:
        stays = "1 box stays" if len(before) == 1 else f"{len(before)} boxes stay"
        return [*said, f"its {stays}, those of this file are not used"]
    has.boxes, has.changed = boxes, True
    return said


def _shape(box: BoxRow) -> BoxRow:
    return BoxRow(box.label, box.x, box.y, box.width, box.height)


def _one_class(candidate: Candidate) -> list[str]:
    """What a project without boxes says of a file with boxes of several classes."""
    labels = dict.fromkeys(one.label for one in candidate.objects)
    if len(labels) < 2:
        return []
    listed = ", ".join(str(label) for label in labels)
    return [f'it has boxes of several classes ({listed}); the label is that of the largest, "{candidate.label}"']


def _with_remark(result: FileResult, said: list[str]) -> FileResult:
    if not said:
        return result
    kind = "remark" if result.kind == "taken" else result.kind
    return FileResult(result.name, kind, "; ".join([*([result.text] if result.text else []), *said]))


def _verdict(
    candidate: Candidate, row: ImageRow, new: bool, standings: dict[int, _StoredImage], remarks: tuple[str, ...]
) -> FileResult:
    if new:
        has = standings[row.id] = _StoredImage(row.filename, row.label, row.split, new=True)
        if candidate.label is not None or candidate.split is not None:
            has.learn(candidate.label or row.label, candidate.split or row.split)
        said = list(remarks)
        if row.filename != candidate.name:
            said.append(f"called {row.filename}, because another image has its name")
        return FileResult(candidate.name, "remark" if said else "taken", ", ".join(said))
    has = standings.setdefault(row.id, _StoredImage(row.filename, row.label, row.split))
    if has.new:
        said = [f"the same picture as {has.name} in this import"]
    else:
        said = ["already in the project" + (f", as {has.name}" if has.name != candidate.name else "")]
    if candidate.label is not None and has.label is None:
        has.learn(candidate.label, has.split)
        said.append(f"which is now labelled {candidate.label}")
    elif candidate.label is not None and has.label is not None and name_key(candidate.label) != name_key(has.label):
        said.append(f'the label "{candidate.label}" is not used, "{has.label}" stays')
    if candidate.split is not None and candidate.split != has.split:
        strictest = next(split for split in STRICTEST_FIRST if split in (candidate.split, has.split))
        if has.split is not None:
            said.append(f"it is in {strictest} and not in {candidate.split if strictest == has.split else has.split}")
        if strictest != has.split:
            has.learn(has.label, strictest)
    return FileResult(candidate.name, "copy" if has.new else "duplicate", "; ".join(said))

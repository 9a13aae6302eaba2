"""Run an import plan: decode and store each file, then set all labels as one change."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.data.importing.equal_photos import contradiction, distinct_classes
from core.data.importing.import_plan import Candidate, FileResult, ImportPlan, ResultKind
from core.data.importing.import_progress import claim_import
from core.data.importing.names.class_case import spelled_as_project
from core.data.importing.store_photos import RefusedPhoto, StoredPhoto, StoringFailed, stored_photos
from core.data.importing.updates.apply_updates import boxes_of, groups_of, outdated, rows_of, tags_of, update_text
from core.data.importing.updates.label_updates import LabelUpdates, PhotoUpdate
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, invalid_reason, reaches_out
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.data.tables.label_rows import LabelledBox
from core.data.tables.labels_csv import STRICTEST_FIRST
from core.data.tables.names import check_class_count, class_key, name_key
from core.errors import DataError, StudioError, WorkspaceError


@dataclass
class _StoredImage:
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
        self.label, self.split, self.changed = label, split, True


def run_import(
    plan: ImportPlan, store: Store, project_id: int, who: str, updates: LabelUpdates | None = None
) -> Generator[FileResult]:
    """Import the candidates and yield the result of each, once it is stored.

    Labels and splits are set as one undoable change at the end, even if the generator is closed early or somebody
    cancels the import: images imported so far stay and get their labels. Equal images become one, with the strictest
    split; if their labels differ, none of them is used, and the first file gets one more result, which replaces its
    other one. Files that the plan refuses get no second result.
    ``updates`` are what the plan changes for images that were in the project before. Without them, these keep what
    they have.
    Raises DataError where images cannot be stored, after saving what was done; and before anything is stored, where
    another import into this project is running or the project would have too many classes.
    """
    plan = spelled_as_project(plan, [info.name for info in store.classes(project_id)])
    in_use = {class_key(info.name) for info in store.classes(project_id)}
    check_class_count(len(in_use.union(map(class_key, plan.classes))), "With these files, the project")
    labelled = any(one.label is not None for one in plan.candidates)
    with claim_import(store.workspace, project_id, plan.source, len(plan.candidates), labelled) as claim:
        localizes = store.project(project_id).task == "localization"
        plan = spelled_as_project(plan, [info.name for info in store.classes(project_id)])
        in_use = {class_key(info.name) for info in store.classes(project_id)}
        # Before any photo is stored: at the end it would be too late to choose other classes.
        check_class_count(len(in_use | {class_key(name) for name in plan.classes}), "With these, the project")
        found = _Found(localizes, updates)
        try:
            for batch in stored_photos(plan.candidates, store, project_id, lambda: claim.cancelled):
                present = _present_boxes(batch, store, project_id) if localizes else {}
                results = [found.result_of(photo, present) for photo in batch]
                claim.note(found.files)
                yield from results
            yield from _contradicted(found.images.values())
        except StoringFailed as failure:
            kept = f"the {_photos(found.imported)} imported before it {'is' if found.imported == 1 else 'are'} kept"
            name, error = failure.candidate.name, failure.error
            raise DataError(f"The import stopped at {name}; {kept}. {_reason(error)}") from error
        finally:
            try:
                _save_labels(plan, store, project_id, who, found.images, localizes, updates or LabelUpdates())
            except WorkspaceError as error:
                raise DataError(
                    f"The {_photos(found.imported)} imported so far are in the project, but their labels could not be "
                    f"saved. {_reason(error)} Then import the same files again to add the labels."
                ) from error


class _Found:
    """What the files so far are to change."""

    def __init__(self, localizes: bool, updates: LabelUpdates | None) -> None:
        self.images: dict[int, _StoredImage] = {}
        self.files = 0
        self.imported = 0
        self._localizes, self._updates = localizes, updates
        self._updated = {one.image.id: one for one in updates.changes} if updates else {}

    def result_of(self, photo: StoredPhoto | RefusedPhoto, present: Mapping[int, list[BoxRow]]) -> FileResult:
        """Note what one more file changes, and return its result; ``present`` are the boxes that images have."""
        candidate = photo.candidate
        self.files += 1
        if isinstance(photo, RefusedPhoto):
            return FileResult(candidate.name, "refused", photo.reason + _lost_with(candidate))
        row = photo.row
        self.imported += photo.new
        if photo.new:
            self.images[row.id] = _StoredImage(row.filename, row.label, row.split, new=True)
            result = _result_of_new(candidate, self.images[row.id], photo.remarks)
            self.images[row.id].group = candidate.group
            self.images[row.id].opinions = candidate.opinions if not self._localizes else ()
        else:
            image = self.images.setdefault(row.id, _StoredImage(row.filename, row.label, row.split))
            result = _result_of_known(candidate, image, self._updated.get(row.id))
            if image.new or self._updates is None:
                result = _with_notes(result, _group_of_copy(candidate, image, row.group))
        if self.images[row.id].new or self._updates is None:
            self.images[row.id].tags += candidate.tags
        if candidate.objects and self._localizes and _takes_boxes(self.images[row.id], self._updates):
            boxes = [] if photo.new else present.get(row.id, [])
            result = _with_notes(result, _set_boxes(candidate.objects, photo.size, self.images[row.id], boxes))
        elif candidate.objects and not self._localizes:
            result = _with_notes(result, _class_of_several(candidate))
        return replace(result, added=row.id) if photo.new else result


def _present_boxes(
    batch: Sequence[StoredPhoto | RefusedPhoto], store: Store, project_id: int
) -> dict[int, list[BoxRow]]:
    """Return the boxes of images that were in the project before."""
    known = {one.row.id for one in batch if isinstance(one, StoredPhoto) and not one.new and one.candidate.objects}
    return store.boxes(project_id, known) if known else {}


def _save_labels(
    plan: ImportPlan,
    store: Store,
    project_id: int,
    who: str,
    images: dict[int, _StoredImage],
    localizes: bool,
    updates: LabelUpdates,
) -> None:
    """Set labels, splits, boxes and new classes as one change; nothing where there are none."""
    rows = [(image_id, image.label, image.split) for image_id, image in images.items() if image.changed]
    groups: dict[int, str | None] = {number: image.group for number, image in images.items() if image.group}
    tags = {number: dict.fromkeys(image.tags, True) for number, image in images.items() if image.tags}
    opinions = {number: image.opinions for number, image in images.items() if image.opinions and not image.contradicted}
    current, _ = outdated(updates, store, project_id) if updates.changes else (updates, ())
    if not rows and not plan.listed and not current.changes and not groups and not tags and not opinions:
        return
    # The order of the rows sets the order of new classes, which must be the plan's.
    place = {class_key(name): number for number, name in enumerate(plan.classes)}
    rows.sort(key=lambda row: place.get(class_key(row[1] or ""), len(place)))
    labelled = opinions.keys() | {number for number, _, _ in rows}
    what = [f"labels of {_photos(len(labelled))}"] if labelled else []
    what += [f"groups or tags of {_photos(len({*groups, *tags}))}"] if (groups or tags) and not labelled else []
    what += [f"{update_text(current)} updated"] if current.changes else []
    text = f"{', and '.join(what) or 'classes'} from {plan.source}"
    classes = plan.classes if localizes and rows else plan.listed
    boxes: dict[int, Sequence[BoxRow]] = {
        image_id: image.boxes for image_id, image in images.items() if image.boxes is not None
    }
    rows += rows_of(current)
    # In the order of all rows, before the classes of boxes.
    new_classes = [*classes, *current.new_classes, *(label for _, label, _ in rows if label is not None)]
    store.apply_labels(
        project_id,
        rows,
        who,
        text,
        "import",
        {**boxes, **boxes_of(current)},
        [*dict.fromkeys(new_classes)],
        groups=groups | groups_of(current),
        tags=tags | tags_of(current),
        opinions=opinions,
    )


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"


def _reason(error: StudioError | OSError) -> str:
    if isinstance(error, OSError):
        return f"Writing to the disk failed ({error.strerror}). Free some space or allow writing there."
    return str(error)


def _set_boxes(
    objects: Sequence[LabelledBox], size: tuple[int, int], image: _StoredImage, present: list[BoxRow]
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
    result = FileResult(candidate.name, "remark" if notes else "taken", ", ".join(notes))
    if candidate.label is not None:
        image.given[candidate.name], image.first = candidate.label, result
    return result


def _result_of_known(candidate: Candidate, image: _StoredImage, update: PhotoUpdate | None = None) -> FileResult:
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


def _group_of_copy(candidate: Candidate, image: _StoredImage, present: str | None) -> list[str]:
    """Give an image the group of one more file, if it has none; return the remark where they differ."""
    here = image.group or present
    if candidate.group is None or (here is not None and name_key(here) == name_key(candidate.group)):
        return []
    if here is None:
        image.group = candidate.group
        return []
    return [f'the group "{candidate.group}" is not used, "{here}" stays']


def _label_of_copy(name: str, label: str, image: _StoredImage) -> list[str]:
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


def _contradicted(images: Iterable[_StoredImage]) -> Iterator[FileResult]:
    """Yield a new result for the first file of each image whose files have different labels."""
    for image in images:
        if image.contradicted and image.first is not None:
            _, *others = image.given
            labels = contradiction(distinct_classes(image.given.values()))
            text = f"the same photo as {', '.join(others)} in this import; {labels}"
            yield _with_notes(image.first, [text])


def _takes_boxes(image: _StoredImage, updates: LabelUpdates | None) -> bool:
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


def _lost_with(candidate: Candidate) -> str:
    """Return the label that is lost with a photo that is not imported, as the end of a sentence."""
    return f'; its label "{candidate.label}" is not used' if candidate.label is not None else ""


def _set_strictest_split(split: str, image: _StoredImage) -> list[str]:
    """Move an image to the stricter of its split and another; return the remark about it."""
    before = image.split
    strictest = next(one for one in STRICTEST_FIRST if one in (split, before))
    if strictest != before:
        image.set_label(image.label, strictest)
    if before is None:
        return []
    return [f"it is in {strictest} and not in {split if strictest == before else before}"]

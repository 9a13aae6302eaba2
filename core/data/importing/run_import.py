"""Run an import plan: decode and store each file, then set all labels as one change."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace

from core.data.importing.import_plan import FileResult, ImportPlan
from core.data.importing.import_progress import claim_import
from core.data.importing.names.class_case import spelled_as_project
from core.data.importing.running.stored_image import (
    StoredImage,
    class_of_several,
    contradicted_results,
    group_of_copy,
    lost_with,
    result_of_known,
    result_of_new,
    set_boxes,
    takes_boxes,
    with_notes,
)
from core.data.importing.store_photos import RefusedPhoto, StoredPhoto, StoringFailed, stored_photos
from core.data.importing.updates.apply_updates import boxes_of, groups_of, outdated, rows_of, tags_of, update_text
from core.data.importing.updates.label_updates import LabelUpdates
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.data.tables.names import check_class_count, class_key
from core.errors import DataError, StudioError, WorkspaceError
from core.quota import quota_of


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
    another import into this project is running or the project would have too many classes, and QuotaReached where
    more photos are new, by their names, than a pupil may add.
    """
    check_room(plan, store, project_id, updates)
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
            yield from contradicted_results(found.images.values())
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


def check_room(plan: ImportPlan, store: Store, project_id: int, updates: LabelUpdates | None) -> None:
    """Raise QuotaReached if the photos do not fit into the workspace's quota, before any of them is stored.

    Photos whose names the project has, or that ``updates`` knows, are no new ones; the store counts again, by contents.
    """
    quota = quota_of(store.workspace)
    if quota.photos is None and quota.megabytes is None:
        return
    known = {*store.image_names(project_id), *(updates.known if updates else ())}
    if new := {one.name for one in plan.candidates} - known:
        quota.check_photos(store.photos_in_use(), len(new))
        quota.check_bytes(store.bytes_in_use())


class _Found:
    """What the files so far are to change."""

    def __init__(self, localizes: bool, updates: LabelUpdates | None) -> None:
        self.images: dict[int, StoredImage] = {}
        self.files = 0
        self.imported = 0
        self._localizes, self._updates = localizes, updates
        self._updated = {one.image.id: one for one in updates.changes} if updates else {}

    def result_of(self, photo: StoredPhoto | RefusedPhoto, present: Mapping[int, list[BoxRow]]) -> FileResult:
        """Note what one more file changes, and return its result; ``present`` are the boxes that images have."""
        candidate = photo.candidate
        self.files += 1
        if isinstance(photo, RefusedPhoto):
            return FileResult(candidate.name, "refused", photo.reason + lost_with(candidate))
        row = photo.row
        self.imported += photo.new
        if photo.new:
            self.images[row.id] = StoredImage(row.filename, row.label, row.split, new=True)
            result = result_of_new(candidate, self.images[row.id], photo.remarks)
            self.images[row.id].group = candidate.group
            self.images[row.id].opinions = candidate.opinions if not self._localizes else ()
        else:
            image = self.images.setdefault(row.id, StoredImage(row.filename, row.label, row.split))
            result = result_of_known(candidate, image, self._updated.get(row.id))
            if image.new or self._updates is None:
                result = with_notes(result, group_of_copy(candidate, image, row.group))
        if self.images[row.id].new or self._updates is None:
            self.images[row.id].tags += candidate.tags
        if candidate.objects and self._localizes and takes_boxes(self.images[row.id], self._updates):
            boxes = [] if photo.new else present.get(row.id, [])
            result = with_notes(result, set_boxes(candidate.objects, photo.size, self.images[row.id], boxes))
        elif candidate.objects and not self._localizes:
            result = with_notes(result, class_of_several(candidate))
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
    images: dict[int, StoredImage],
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

"""Settle the boxes of rows whose photos are in the project: their unit and size are those of the stored photos."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.data.importing.box_frames import BoxedPhoto, settle_boxes
from core.data.importing.formats.image_size import TURNED, StoredSize
from core.data.importing.import_plan import ImportPlan
from core.data.importing.updates.box_places import SAME_PIXELS
from core.data.importing.updates.known_photos import KnownPhotos
from core.data.importing.updates.reduced_photos import settle_reduced
from core.data.pictures.stored_files import Origin, origin_of
from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.data.tables.label_rows import PIXELS, LabelledBox, Problem, objects_of, with_objects
from core.data.tables.questions import Asking
from core.errors import ImageRefused

PLACE = "photos in the project"
"""The place of the questions: those about photos among the files are asked apart."""


def settle_known_boxes(
    plan: ImportPlan, known: KnownPhotos, store: Store, project_id: int, answers: Mapping[str, str]
) -> ImportPlan:
    """Return the plan with the boxes of known photos in pixels of these, and with the questions about them.

    ``known`` are the rows of the plan whose photos the project has. Stored photos are upright, and say how they were
    turned and reduced, if this version has stored them. Raises AnswerError as ``Asking.ask``.
    """
    if store.project(project_id).task != "localization":
        return plan
    images = {row.id: row for row in store.images(project_id)}
    paths = store.image_paths(project_id)
    asking = Asking(answers)
    before = store.boxes(project_id)
    boxed: dict[int, BoxedPhoto] = {}  # by the place of the row
    full_sizes: dict[int, tuple[int, int]] = {}
    taken: set[str] = set()
    for place, image_id in sorted(known.by_name.items()):
        row, image = plan.absent[place], images.get(image_id)
        if image is not None and (objects := objects_of(row)):
            name = row.filename if row.filename not in taken else f"{row.filename} ({place})"
            taken.add(name)
            path = paths.get(image.hash)
            read = partial(_read, path, row.filename)
            origin = origin_of(path) if path is not None else Origin()
            sides = (image.height, image.width) if origin.orientation in TURNED else (image.width, image.height)
            own = _are_same(objects, before.get(image_id, ()))
            size = StoredSize(image.width, image.height) if own else StoredSize(*sides, origin.orientation)
            boxed[place] = BoxedPhoto(name, objects, row.frame, read, size, trusted=own)
            if origin.full_size is not None:
                full_sizes[place] = origin.full_size
    boxed = settle_reduced(boxed, full_sizes, asking, PLACE)
    settled, remarks = settle_boxes([*boxed.values()], asking, PLACE)
    absent = [*plan.absent]
    for place, photo in boxed.items():
        if photo.name in settled:
            absent[place] = replace(with_objects(absent[place], settled[photo.name]), frame=PIXELS)
    remarks += [Problem(None, str(one), harmless=True) for one in asking.answered]
    return replace(
        plan,
        absent=tuple(absent),
        problems=(*plan.problems, *remarks),
        questions=(*plan.questions, *asking.open),
        answered=(*plan.answered, *asking.answered),
        unused_answers=tuple(name for name in plan.unused_answers if name in asking.unused),
    )


def _are_same(objects: Sequence[LabelledBox], boxes: Sequence[BoxRow]) -> bool:
    """Return whether a photo's boxes lie where those in the project do."""
    said = sorted((one.box.x, one.box.y, one.box.width, one.box.height) for one in objects)
    known = sorted((box.x, box.y, box.width, box.height) for box in boxes)
    return len(said) == len(known) and all(
        abs(one - other) < SAME_PIXELS
        for mine, theirs in zip(said, known, strict=True)
        for one, other in zip(mine, theirs, strict=True)
    )


def _read(path: Path | None, name: str) -> bytes:
    """Return the bytes of a stored photo. Raises ImageRefused where its file is gone."""
    try:
        if path is not None:
            return path.read_bytes()
    except OSError as error:
        raise ImageRefused(name, "its file in the project cannot be read") from error
    raise ImageRefused(name, "its file in the project is gone")

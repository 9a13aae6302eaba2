"""Check the boxes of an import against their images before anything is imported."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.data.importing.formats.image_size import size_of
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, invalid_reason, reaches_out
from core.data.store.records import BoxRow
from core.data.tables.label_rows import LabelledBox
from core.errors import ImageRefused


@dataclass(frozen=True)
class BadBox:
    """A box that does not fit its image."""

    candidate: Candidate
    marked: LabelledBox
    text: str  # what is wrong, without a full stop


def broken_boxes(plan: ImportPlan) -> list[BadBox]:
    """Return the boxes that were skipped while reading and can be drawn: without area or with swapped corners."""
    by_name = {one.name: one for one in plan.candidates}
    by_end = {PurePosixPath(one.name).name: one for one in plan.candidates}
    broken = []
    for problem in plan.problems:
        named = problem.filename.replace("\\", "/")
        candidate = by_name.get(named) or by_end.get(PurePosixPath(named).name)
        if problem.marked is not None and candidate is not None:
            broken.append(BadBox(candidate, problem.marked, problem.text))
    return broken


def bad_boxes(plan: ImportPlan) -> Iterator[BadBox]:
    """Yield the boxes that lie outside their images or extend beyond them. Only the images' sizes are read."""
    for candidate in plan.candidates:
        if not candidate.objects:
            continue
        try:
            size = size_of(candidate.read())
        except ImageRefused:  # the import reports it
            continue
        if size is None:
            continue
        for one in candidate.objects:
            box = BoxRow(one.label or "", one.box.x, one.box.y, one.box.width, one.box.height)
            if wrong := invalid_reason(box, *size):
                yield BadBox(candidate, one, f"it is skipped: {wrong}")
            elif (over := reaches_out(box, *size)) > TOLERATED_PIXELS:
                yield BadBox(candidate, one, f"it extends {over:g} pixels beyond the photo and is kept unchanged")

"""The boxes of an import held against their pictures, before anything is imported."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.data.importing.formats.picture_size import size_of
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, reaches_out, wrong_with
from core.data.store.records import BoxRow
from core.data.tables.label_rows import LabelledBox
from core.errors import ImageRefused


@dataclass(frozen=True)
class BadBox:
    """A box that does not fit its picture."""

    candidate: Candidate
    marked: LabelledBox
    text: str  # half a sentence


def broken_boxes(plan: ImportPlan) -> list[BadBox]:
    """The boxes that the reading left out already, as far as they can be drawn: without area, with swapped corners."""
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
    """The boxes that lie outside their pictures, or reach beyond them. Only the pictures' sizes are read."""
    for candidate in plan.candidates:
        if not candidate.objects:
            continue
        try:
            size = size_of(candidate.read())
        except ImageRefused:  # the import says so
            continue
        if size is None:
            continue
        for one in candidate.objects:
            box = BoxRow(one.label or "", one.box.x, one.box.y, one.box.width, one.box.height)
            if wrong := wrong_with(box, *size):
                yield BadBox(candidate, one, f"it is left out: {wrong}")
            elif (over := reaches_out(box, *size)) > TOLERATED_PIXELS:
                yield BadBox(candidate, one, f"it reaches {over:g} pixels beyond the image, and is kept so")

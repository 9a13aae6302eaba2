"""Check the boxes of an import against their images before anything is imported."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from core.data.importing.formats.image_size import size_of
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.importing.names.class_case import spelled_as_project
from core.data.importing.updates.label_updates import LabelUpdates
from core.data.store.boxes.box_checks import TOLERATED_PIXELS, invalid_reason, reaches_out
from core.data.store.boxes.learned_photos import LearnedPhotos, with_more
from core.data.store.records import BoxRow
from core.data.tables.file_index import OTHER_FOLDER, FileIndex
from core.data.tables.label_rows import LabelledBox
from core.data.tables.names import class_key
from core.errors import ImageRefused


@dataclass(frozen=True)
class BadBox:
    """A box that does not fit its image."""

    candidate: Candidate
    marked: LabelledBox
    text: str  # what is wrong, without a full stop
    skipped: bool = True  # it is not imported


@dataclass(frozen=True)
class BoxReview:
    """What was found about the boxes of a plan."""

    bad: tuple[BadBox, ...] = ()
    repeated: frozenset[str] = frozenset()  # files that are the same photo as an earlier one


def review_boxes(plan: ImportPlan) -> BoxReview:
    """Read all files once more, and return the bad boxes and the repeated files."""
    return BoxReview(tuple(bad_boxes(plan)), frozenset(repeated_files(plan)))


def broken_boxes(plan: ImportPlan) -> list[BadBox]:
    """Return the boxes that were skipped while reading and can be drawn: without area or with swapped corners.

    Those whose photo is not certain, or not among the files, are not drawn.
    """
    marked = [problem for problem in plan.problems if problem.marked is not None]
    by_name = {one.name: one for one in plan.candidates} if marked else {}
    index = FileIndex(by_name)
    absent = {row.filename for row in plan.absent}
    broken = []
    for problem in marked:
        found, certainty = index.candidates(problem.filename)
        # A photo that only has the same name, or one of several, is not the one that the box was drawn on.
        sure = len(found) == 1 and certainty < OTHER_FOLDER and problem.filename not in absent
        if problem.marked is not None and sure:
            broken.append(BadBox(by_name[found[0]], problem.marked, problem.text))
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
                text = f"it extends {over:g} pixels beyond the photo and is kept unchanged"
                yield BadBox(candidate, one, text, skipped=False)


def repeated_files(plan: ImportPlan) -> set[str]:
    """Return the names of files that are byte for byte the same as an earlier one: they become one photo."""
    seen: set[bytes] = set()
    repeated = set()
    for candidate in plan.candidates:
        try:
            digest = sha256(candidate.read()).digest()
        except ImageRefused:  # the import reports it
            continue
        if digest in seen:
            repeated.add(candidate.name)
        seen.add(digest)
    return repeated


def learned_after(plan: ImportPlan, review: BoxReview, updates: LabelUpdates, now: LearnedPhotos) -> LearnedPhotos:
    """Return what a model would learn from a localization project after the import with its updates."""
    plan = spelled_as_project(plan, now.learned)
    spelled = {class_key(name): name for name in now.learned}
    skipped = {(one.candidate.name, one.marked) for one in review.bad if one.skipped}
    added, removed = [], []
    for candidate in plan.candidates:
        if candidate.name not in updates.known and candidate.name not in review.repeated:
            marked = [one for one in candidate.objects if (candidate.name, one) not in skipped]
            added.append([(_spelled(one.label or "", spelled), one.box.area) for one in marked])
    for change in updates.changes:
        before = [(box.label, box.width * box.height) for box in change.boxes_before]
        after = [(_spelled(box.label, spelled), box.width * box.height) for box in change.boxes or ()]
        if change.boxes is None:  # all boxes of a photo get its new label
            after = [(_spelled(change.label or label, spelled), area) for label, area in before]
        removed.append(before)
        added.append(after)
    return with_more(now, added, removed)


def _spelled(label: str, spelled: dict[str, str]) -> str:
    return spelled.setdefault(class_key(label), label)

"""Unpack images from arrays into PNG files named by content, so that a run can always find them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.data.importing.import_plan import Candidate
from core.data.importing.plan_import import plan_packed_files
from core.data.importing.table_photos import TablePhoto, several_boxes, without_bad_boxes, without_copies
from core.data.pictures.decoding import content_hash, decode
from core.data.pictures.near_duplicates import phash_of
from core.data.pictures.stored_files import write_whole
from core.data.tables.label_rows import LabelledBox, LabelRow, Problem, with_objects
from core.data.tables.questions import NO_ANSWERS, nothing_asks, questions_text
from core.errors import AnswerError, ImageRefused, QuestionsOpen
from core.progress import CountCallback


def photos_of_packed(
    files: Sequence[Path], folder: Path, progress: CountCallback | None, answers: Mapping[str, str] = NO_ANSWERS
) -> tuple[list[TablePhoto], list[Problem], tuple[str, ...]]:
    """Return the labelled images of files of arrays, each image once, with all problems and the classes in order.

    Each image becomes ``<folder>/<ab>/<hash>.png``; existing files are not written again. Raises ArraysError for a file
    that cannot be used, DataError where an image cannot be written, QuestionsOpen where ``answers`` lack one, and
    AnswerError for an answer that nothing asks for.
    """
    plan = plan_packed_files(files, answers)
    if plan.questions:
        raise QuestionsOpen(questions_text(plan.questions), plan.questions)
    if plan.unused_answers:
        raise AnswerError(nothing_asks(plan.unused_answers[0]))
    problems = [*plan.problems, *(Problem(None, f"{one.name} was skipped: {one.text}") for one in plan.refused)]
    photos: list[TablePhoto] = []
    for done, candidate in enumerate(plan.candidates, start=1):
        try:
            data = candidate.read()
            image = decode(data, candidate.name).image
        except ImageRefused as refusal:
            problems.append(Problem(None, f"{refusal.name} was skipped: {refusal.reason}"))
            continue
        if candidate.label is not None:
            digest = content_hash(image)
            path = folder / digest[:2] / f"{digest}.png"
            if not path.is_file():
                write_whole(path, data)
            row = LabelRow(0, candidate.name, candidate.label, candidate.split, None)
            row, bad_boxes = without_bad_boxes(with_objects(row, _boxes_of(candidate)), image.size)
            row = replace(row, label=row.label or candidate.label)
            problems += bad_boxes
            photos.append(TablePhoto(row, row.label or "", path, digest, *image.size, phash_of(image)))
        if progress is not None:
            progress(done, len(plan.candidates))
    kept, copies = without_copies(photos)
    # Arrays have no line numbers.
    problems = [replace(one, line=None) for one in (*problems, *copies, *several_boxes(kept))]
    return kept, problems, plan.classes


def _boxes_of(candidate: Candidate) -> tuple[LabelledBox, ...]:
    if candidate.objects or candidate.box is None:
        return candidate.objects
    return (LabelledBox(candidate.label, candidate.box, 0),)

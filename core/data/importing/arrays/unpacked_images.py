"""Takes packed images out of their arrays into PNG files by content, so that a run finds them as long as it lives."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.data.importing.plan_import import plan_packed_files
from core.data.importing.table_photos import TablePhoto, without_copies
from core.data.pictures.decoding import content_hash, decode
from core.data.pictures.near_duplicates import phash_of
from core.data.pictures.stored_files import write_whole
from core.data.tables.label_rows import LabelRow, Problem
from core.errors import ImageRefused
from core.progress import CountCallback


def photos_of_packed(
    files: Sequence[Path], folder: Path, progress: CountCallback | None
) -> tuple[list[TablePhoto], list[Problem], tuple[str, ...]]:
    """The labelled images of files of arrays, each picture once, all problems on the way, and the classes in order.

    An image lies in ``<folder>/<ab>/<hash>.png``, whatever file it came from, and one that is there is not written
    again. Raises ArraysError for a file that cannot be used, DataError where the disk does not take an image.
    """
    plan = plan_packed_files(files)
    problems = [*plan.problems, *(Problem(None, f"{one.name} was left out: {one.text}") for one in plan.refused)]
    photos = []
    for done, candidate in enumerate(plan.candidates, start=1):
        try:
            data = candidate.read()
            image = decode(data, candidate.name).image
        except ImageRefused as refusal:
            problems.append(Problem(None, f"{refusal.name} was left out: {refusal.reason}"))
            continue
        if candidate.label is not None:
            digest = content_hash(image)
            path = folder / digest[:2] / f"{digest}.png"
            if not path.is_file():
                write_whole(path, data)
            row = LabelRow(0, candidate.name, candidate.label, candidate.split, None)
            photos.append(TablePhoto(row, candidate.label, path, digest, *image.size, phash_of(image)))
        if progress is not None:
            progress(done, len(plan.candidates))
    kept, copies = without_copies(photos)
    # An array has no lines.
    return kept, [*problems, *(replace(copy, line=None) for copy in copies)], plan.classes

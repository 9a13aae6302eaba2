"""Find the photos of an import that cannot be read, before anything is imported."""

from collections.abc import Collection
from contextlib import closing

from core.data.importing.formats.csv_styles.joined_tables import in_own_table
from core.data.importing.import_plan import ImportPlan
from core.data.importing.photo_files.decode_ahead import LargeTurn, in_threads
from core.data.pictures.decoding import decode, decode_reduced
from core.data.tables.label_rows import Problem
from core.errors import ImageRefused
from core.progress import CountCallback

_JPEG_START = b"\xff\xd8\xff"
_SIDE = 64  # pixels: a large JPEG is decoded at an eighth of its scale, in a third of the time


def unreadable_photos(
    plan: ImportPlan, known: Collection[str] = (), progress: CountCallback | None = None
) -> tuple[Problem, ...]:
    """Return a problem for each photo that an import would refuse, with its line in the table.

    Every file is decoded, as the import does it; those that are ``known`` have been.
    """
    wanted = [one for one in plan.candidates if one.name not in known]
    problems = []
    with closing(in_threads(wanted, _decode, lambda: False)) as decoded:
        for done, (candidate, result) in enumerate(decoded, start=1):
            try:
                result()
            except ImageRefused as refusal:
                problem = Problem(candidate.line, f"{candidate.name} cannot be imported: {refusal.reason}")
                problems.append(in_own_table(problem, plan.parts))
            if progress is not None:
                progress(done, len(wanted))
    return tuple(problems)


def _decode(raw: bytes, name: str) -> None:
    if raw.startswith(_JPEG_START):
        decode_reduced(raw, name, _SIDE)
        return
    with LargeTurn() as turn:
        decode(raw, name, turn.wait)

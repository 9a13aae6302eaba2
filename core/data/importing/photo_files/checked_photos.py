"""Read the photos of an import before anything is imported: which cannot be used, and which contradict each other."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b

from core.data.importing.equal_photos import contradiction, distinct_classes
from core.data.importing.formats.csv_styles.joined_tables import in_own_table
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.importing.photo_files.decode_ahead import in_threads
from core.data.limited.large_turn import LargeTurn
from core.data.pictures.decoding import decode, decode_reduced
from core.data.tables.label_rows import Problem
from core.errors import ImageRefused
from core.progress import CountCallback

_JPEG_START = b"\xff\xd8\xff"
_SIDE = 64  # pixels: a large JPEG is decoded at an eighth of its scale, in a third of the time


def problems_of_photos(
    plan: ImportPlan, known: Collection[str] = (), progress: CountCallback | None = None
) -> tuple[Problem, ...]:
    """Return a problem for each photo that an import would refuse, and for equal files with different labels.

    Every file is decoded, as the import does it; those that are ``known`` have been.
    """
    wanted = [one for one in plan.candidates if one.name not in known]
    problems: list[Problem] = []
    equal: dict[bytes, list[Candidate]] = defaultdict(list)
    with closing(in_threads(wanted, _digest, lambda: False)) as decoded:
        for done, (candidate, result) in enumerate(decoded, start=1):
            try:
                equal[result()].append(candidate)
            except ImageRefused as refusal:
                problems.append(Problem(candidate.line, f"{candidate.name} cannot be imported: {refusal.reason}"))
            if progress is not None:
                progress(done, len(wanted))
    problems += _contradictions(equal)
    return tuple(in_own_table(one, plan.parts) for one in problems)


def _contradictions(equal: Mapping[bytes, Sequence[Candidate]]) -> list[Problem]:
    problems = []
    for some in equal.values():
        labels = distinct_classes(one.label for one in some)
        if len(labels) > 1:
            names = " and ".join(one.name for one in some if one.label is not None)
            line = max((one.line for one in some if one.line is not None), default=None)
            problems.append(Problem(line, f"{names} are the same photo, and {contradiction(labels)}"))
    return problems


def _digest(raw: bytes, name: str) -> bytes:
    """Return a hash of a file that can be decoded. Raises ImageRefused for another."""
    if raw.startswith(_JPEG_START):
        decode_reduced(raw, name, _SIDE)
    else:
        with LargeTurn() as turn:
            decode(raw, name, turn.wait)
    return blake2b(raw, digest_size=16).digest()

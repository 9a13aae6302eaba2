"""exams.jsonl: a run's looks at its test photos, a line for each, appended and never changed."""

import contextlib
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from core.data.store.records import NAMELESS
from core.errors import RunError
from core.models.bundle import read_info
from core.runs.folder import RunFolder
from core.runs.run_files import MB, append_line, read_limited
from core.runs.status import now, read_status
from core.storage_errors import storage_error

FILE = "exams.jsonl"
TEST = "test"
"""The split that is looked at in an exam only."""

_MOST_BYTES = 5 * MB
_MOST_LOOKS = 1_000_000
_REPORT_BYTES = 100 * MB
_NAME_LETTERS = 200
_Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(9000, 1, 1, tzinfo=UTC))]


class Exam(BaseModel):
    """One look at the test photos of a run; frozen, every field with bounds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    look: Annotated[int, Field(ge=1, le=_MOST_LOOKS)]
    """Its number among the looks of this run, from 1."""
    who: Annotated[str, Field(max_length=_NAME_LETTERS)] = ""
    """The name that annotations record too; empty if it is not known."""
    when: _Moment | None = None
    model: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """The SHA-256 of the weights that took the exam."""
    n: Annotated[int, Field(ge=0, le=10**9)] = 0
    """The number of test photos."""
    automatic: bool = False
    """Whether an earlier version made the report by itself after the training."""


class _OldReport(BaseModel):
    """The part of a report that a look is made of."""

    n: Annotated[int, Field(ge=0, le=10**9)]
    created: str = ""


def exams_of(run: RunFolder) -> tuple[Exam, ...]:
    """Return the looks of a run at its test photos, in order.

    A report that an earlier version made by itself counts as one look. So does a line that cannot be read: nothing is
    known about it, but it was a look. Raises RunError if exams.jsonl cannot be read at all, or cannot be one.
    """
    path = run.path / FILE
    try:
        found = path.stat()
        return _exams(path, found.st_ino, found.st_size, found.st_mtime_ns)
    except FileNotFoundError:
        return _of_an_old_report(run)
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}). Check its permissions.") from error


def damaged_lines(run: RunFolder) -> int:
    """Return how many lines of exams.jsonl cannot be read. Raises RunError as ``exams_of`` does."""
    if not (run.path / FILE).exists():
        return 0
    return sum(exam.when is None and not exam.automatic for exam in exams_of(run))


def exams_or_one_unknown(run: RunFolder) -> tuple[Exam, ...]:
    """Return the looks of a run; an exams.jsonl that cannot be read counts as one look of which nothing is known."""
    try:
        return exams_of(run)
    except RunError:
        return (Exam(look=1),)


def record_exam(run: RunFolder, *, who: str, n: int, model: str | None = None) -> Exam:
    """Record a look at the ``n`` test photos of a run with its best model; returns it with its number.

    Call it before anybody sees the figures. ``model`` is the SHA-256 of the weights that took the exam: training that
    went on meanwhile is a RunError. Raises RunError too if the run was deleted, StorageError if the disk does not
    allow it, BundleError if the run has no model.
    """
    with run.locked():
        present = read_info(run.best).model_sha256
        if model is not None and (present != model or read_status(run.status_path).live):
            raise RunError(
                f"The training of the run {run.id} went on during its exam, so the figures are not of its final model. "
                "Take the exam again when the training has ended."
            )
        _keep_old_look(run)
        name = " ".join(who.encode(errors="replace").decode().split())[:_NAME_LETTERS] or NAMELESS
        exam = Exam(look=len(exams_of(run)) + 1, who=name, when=now(), model=present, n=n)
        _append(run, exam)
    return exam


def keep_old_look(run: RunFolder) -> None:
    """Record the look that a report of an earlier version stands for, before a resumed training deletes that report.

    Raises RunError if the run was deleted, StorageError if the disk does not allow it.
    """
    if run.report_path(TEST).exists():
        with run.locked():
            _keep_old_look(run)


def _keep_old_look(run: RunFolder) -> None:
    if not (run.path / FILE).exists():
        for exam in _of_an_old_report(run):
            _append(run, exam)


def _append(run: RunFolder, exam: Exam) -> None:
    try:
        append_line(run.path / FILE, exam.model_dump_json())
    except OSError as error:
        effect = f"the look at the test photos of the run {run.id} could not be recorded"
        if known := storage_error(error, effect):
            raise known from error
        raise


# The last arguments identify the content: the file only grows.
@lru_cache(maxsize=1024)
def _exams(path: Path, inode: int, size: int, changed: int) -> tuple[Exam, ...]:
    lines = [line for line in read_limited(path, _MOST_BYTES).splitlines() if line.strip()]
    if len(lines) >= _MOST_LOOKS:  # the next look would have no number
        raise RunError(f"{path} has {len(lines):,} lines, too many for exams. Restore it from a backup.")
    return tuple(_exam(line, look) for look, line in enumerate(lines, 1))


def _exam(line: bytes, look: int) -> Exam:
    try:
        return Exam.model_validate_json(line).model_copy(update={"look": look})
    except ValidationError:
        return Exam(look=look)


def _of_an_old_report(run: RunFolder) -> tuple[Exam, ...]:
    path = run.report_path(TEST)
    try:
        found = path.stat()
        return (_old_exam(path, found.st_ino, found.st_size, found.st_mtime_ns),)
    except OSError:  # there is none, or it was deleted meanwhile
        return ()


@lru_cache(maxsize=1024)
def _old_exam(path: Path, inode: int, size: int, changed: int) -> Exam:
    """Return the look that an old report stands for; one that cannot be read was a look all the same."""
    with contextlib.suppress(RunError, ValidationError):
        made = _OldReport.model_validate_json(read_limited(path, _REPORT_BYTES))
        exam = Exam(look=1, n=made.n, automatic=True)
        with contextlib.suppress(ValidationError):
            return Exam.model_validate({**exam.model_dump(), "when": made.created})
        return exam
    return Exam(look=1, automatic=True)

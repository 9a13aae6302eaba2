"""How often the test photos of a run were looked at: by itself, and by the other runs of its project."""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.data.tables.csv_cells import restore
from core.errors import RunError
from core.runs.exams.deleted_runs import HASH_LETTERS, DeletedRun, append_deleted, deleted_runs
from core.runs.exams.records import FILE, TEST, Exam, exams_or_one_unknown
from core.runs.folder import RunFolder
from core.runs.status import Status, read_status
from core.workspace import Workspace

OPTIMISTIC = "Each further look makes the figure too optimistic, because models are chosen by what it shows."

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Look:
    """One look at the test photos."""

    exam: Exam
    title: str
    """Of the run that took it."""
    own: bool
    """Whether it was the run itself that is asked about."""
    deleted: bool = False
    """Whether that run has been deleted since."""


@dataclass(frozen=True)
class Looks:
    """All looks at the test photos of a run, by itself and the other runs of its project; the oldest first."""

    looks: tuple[Look, ...]

    @property
    def count(self) -> int:
        """How many looks there were."""
        return len(self.looks)

    @property
    def own(self) -> tuple[Exam, ...]:
        """The looks of the run itself."""
        return tuple(look.exam for look in self.looks if look.own)

    @property
    def latest(self) -> int | None:
        """The number, among all looks, of the run's own latest one: that of its figures. None before its first."""
        return max((number for number, look in enumerate(self.looks, 1) if look.own), default=None)

    @property
    def words(self) -> str:
        """Which look the run's figures are: "look 2 at these photos", or "look 1 of 3 at these photos"."""
        if self.latest is None:
            return "not looked at by this run"
        number = str(self.latest) if self.latest == self.count else f"{self.latest} of {self.count}"
        return f"look {number} at these photos"

    @property
    def sentence(self) -> str:
        """How often the photos were looked at, and by whom."""
        if not self.count:
            return "Nobody has looked at these photos yet."
        times = "once" if self.count == 1 else f"{self.count} times"
        others = self.count - len(self.own)
        by = ""
        if others:
            which = "" if self.count == 1 else "each time " if others == self.count else f"{others} of them "
            by = f", {which}by {'another run' if others == 1 else 'other runs'} of this project"
        automatic = sum(look.exam.automatic for look in self.looks)
        made = f" {_reports(automatic, self.count)} by an earlier version, without being asked." if automatic else ""
        return f"These photos have been looked at {times}{by}.{made}"

    @property
    def warning(self) -> str:
        """What repeated looks do to the figure; empty until there were two."""
        return OPTIMISTIC if self.count > 1 else ""

    def as_json(self) -> dict[str, Any]:
        """Return the run's latest look for programs; ``look`` counts those of all runs of the project."""
        exam = self.own[-1] if self.own else None
        return {
            "look": self.latest,
            "looks": self.count,
            "looks_of_this_run": len(self.own),
            "who": exam.who if exam else None,
            "when": exam.when.isoformat() if exam and exam.when else None,
            "model_sha256": exam.model if exam else None,
            "n": exam.n if exam else None,
            "automatic": bool(exam and exam.automatic),
        }


def looks_at_test_photos(workspace: Workspace, run: RunFolder) -> Looks:
    """Return all looks at the test photos of a run, by the runs of the same project that share some of them.

    Runs that were deleted count too, and for a run outside the workspace those beside it. A run whose snapshot cannot
    be read counts as one with the same photos, and a record that cannot be read as one look. A look that is recorded
    twice, in a copy of a run's folder or of a run that is being deleted, counts once.
    """
    status = run.status()
    photos = _test_photos(run)
    found: dict[tuple[object, ...], Look] = {}
    for exam in exams_or_one_unknown(run):
        found[_identity(exam, run.id, status.created)] = Look(exam, status.title or run.id, own=True)
    for folder in dict.fromkeys((workspace.runs.absolute(), run.path.parent)):
        for other in _runs_with_exams(folder):
            theirs = other.status()
            if other == run or theirs.project_id != status.project_id or not _share(photos, _test_photos(other)):
                continue
            for exam in exams_or_one_unknown(other):
                look = Look(exam, theirs.title or other.id, own=False)
                found.setdefault(_identity(exam, other.id, theirs.created), look)
        for place, gone in enumerate(_deleted_or_one_unknown(folder, status.project_id)):
            if gone.project_id == status.project_id and _share(photos, gone.images):
                for exam in gone.exams:
                    look = Look(exam, gone.title, own=False, deleted=True)
                    found.setdefault(_identity(exam, gone.run or f"{folder} {place}", gone.created), look)
    looks = sorted(found.values(), key=lambda look: (look.exam.when or _LONG_AGO, look.title, look.exam.look))
    return Looks(tuple(looks))


def remember_deleted(run: RunFolder, status: Status | None = None) -> DeletedRun | None:
    """Return what is to be kept of a run that is about to be deleted; None if it never looked at its test photos."""
    exams = exams_or_one_unknown(run)
    if not exams:
        return None
    status, photos = status or run.status(), _test_photos(run)
    name = run.id.encode(errors="replace").decode()
    return DeletedRun(
        title=status.title or name,
        run=name,
        created=status.created,
        project_id=status.project_id,
        images=None if photos is None else tuple(sorted(photos)),
        exams=exams,
    )


def keep_looks_of_leftover(run: RunFolder) -> None:
    """Record the looks of a run whose deletion was interrupted, if that has not been done. Raises OSError, RunError."""
    try:
        status = read_status(run.status_path)
    except (RunError, OSError):  # its files are gone in part, so its looks were recorded before
        return
    kept = remember_deleted(run, status)
    if kept is None:
        return
    for gone in deleted_runs(run.path.parent):
        if gone.created == kept.created and set(kept.exams) <= set(gone.exams):
            return
    append_deleted(run.path.parent, kept)


def _identity(exam: Exam, run: str, created: datetime | None) -> tuple[object, ...]:
    """Return what two records of the same look have in common; without its time, they are of the same run."""
    if exam.when is None:
        return run, created, exam.look
    return exam.when, exam.who, exam.model, exam.n, exam.look


def _share(photos: frozenset[str] | None, theirs: Collection[str] | None) -> bool:
    """Return whether some photos are the same; photos that are not known may be."""
    return photos is None or theirs is None or not photos.isdisjoint(theirs)


def _deleted_or_one_unknown(folder: Path, project_id: int | None) -> tuple[DeletedRun, ...]:
    """Return the deleted runs of a folder; a record that cannot be read counts as one look at the same photos."""
    try:
        return deleted_runs(folder)
    except RunError:
        return (DeletedRun(title="Unknown run", project_id=project_id, exams=(Exam(look=1),)),)


def _runs_with_exams(folder: Path) -> Iterator[RunFolder]:
    """Yield the runs in a folder that have ever looked at test photos; what else is there may be anything."""
    paths = {path.parent for name in (FILE, f"report-{TEST}.json") for path in folder.glob(f"[!.]*/{name}")}
    for path in sorted(paths):
        run = RunFolder(path)
        if run.status_path.is_file():
            yield run


def _test_photos(run: RunFolder) -> frozenset[str] | None:
    """Return the beginnings of the content hashes of a run's test photos; None if its snapshot cannot be read."""
    path = run.path / "snapshot.csv"
    try:
        found = path.stat()
        return _photos_in(path, found.st_size, found.st_mtime_ns)
    except (OSError, ValueError, csv.Error):
        return None


@lru_cache(maxsize=128)
def _photos_in(path: Path, size: int, changed: int) -> frozenset[str]:
    """Read only two columns, without pandas: a project may have many runs."""
    with path.open(encoding="utf-8", errors="surrogatepass", newline="") as lines:
        lines.readline()  # the snapshot's own line
        rows = csv.reader(lines)
        columns = [restore(cell) for cell in next(rows, [])]
        image, split = columns.index("image"), columns.index("split")
        return frozenset(
            row[image][:HASH_LETTERS] for row in rows if len(row) > max(image, split) and row[split] == TEST
        )


def _reports(number: int, total: int) -> str:
    if total == 1:
        return "The report was made"
    return "One report was made" if number == 1 else f"{number} reports were made"

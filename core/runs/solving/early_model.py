"""The early first model of a run: whether there is one, its report, and what is said of it at the end."""

from collections.abc import Generator
from pathlib import Path

from core.data.snapshot import Snapshot
from core.runs.folder import RunFolder
from core.runs.solving.kept_report import SPLIT, write_kept_report
from core.training.early.seen_photos import SeenPhotos
from core.training.events import EarlyModel, Event, Progress
from core.training.linear.head_run import SAVING, SolvedHead


def wants_early_model(run: RunFolder) -> bool:
    """Return whether a run that solves its head makes an early model if many vectors are missing.

    Once is enough: one that was made before an interruption is there. Nobody waits for a single run of a sweep. A
    report that averages several views of each photo would need more of them.
    """
    return not run.finished and run.status().sweep is None and run.recipe().test_time_views == 1


def with_early_report(
    solving: Generator[Event, None, SolvedHead], run: RunFolder, snapshot: Snapshot, folder: Path
) -> Generator[Event, None, SolvedHead]:
    """Yield the events of ``solve_head`` in this folder; an early model has its report before its event comes.

    The report is deleted before the final model replaces the early one: it never stands beside a model that it is not
    about.
    """
    while True:
        try:
            event = next(solving)
        except StopIteration as end:
            solved: SolvedHead = end.value
            return solved
        if isinstance(event, EarlyModel):
            _report(event, run, snapshot, folder)
        elif isinstance(event, Progress) and event.phase == SAVING:
            for name in (f"report-{SPLIT}.json", f"predictions-{SPLIT}.csv", f"logits-{SPLIT}.npy"):
                (folder / name).unlink(missing_ok=True)
        yield event


def _report(event: EarlyModel, run: RunFolder, snapshot: Snapshot, folder: Path) -> None:
    """Write the report on the validation photos that the model was evaluated on."""
    part = snapshot.part(SPLIT).iloc[event.rows]
    write_kept_report(
        run, snapshot, part, event.logits, folder, arch=event.arch, engine=event.engine, seconds=event.seconds
    )


def early_summary(run: RunFolder, seen: SeenPhotos) -> str:
    """Return a sentence about a run that was stopped before its final model."""
    report = run.report(SPLIT)
    figure = "" if report is None else f", with {report.accuracy.correct} of {report.n} validation photos correct"
    return f"Kept: the {seen.model}{figure}. Resume the run to train on all photos."

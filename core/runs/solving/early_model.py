"""The early first model of a run: whether there is one, its report, and what is said of it at the end."""

from collections.abc import Generator
from pathlib import Path

from core.data.snapshot import Snapshot
from core.inspection.measuring.group_interval import with_groups
from core.inspection.measuring.logit_report import report_of_logits, save
from core.runs.folder import RunFolder
from core.training.early.seen_photos import SeenPhotos
from core.training.events import EarlyModel, Event, Progress
from core.training.linear.head_run import SAVING, SolvedHead

SPLIT = "val"


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
    report, predictions = report_of_logits(
        snapshot.classes,
        snapshot.part(SPLIT).iloc[event.rows],
        event.logits,
        split=SPLIT,
        model=run.id,
        arch=event.arch,
        digest=snapshot.digest,
        precision=event.engine,
        computed=f"kept features, {event.engine}",
        device="cpu",
        seconds=event.seconds,
    )
    report = with_groups(report.model_copy(update={"split_seed": snapshot.split_seed}), snapshot, predictions)
    save(report, predictions, folder, event.logits)


def early_summary(run: RunFolder, seen: SeenPhotos) -> str:
    """Return a sentence about a run that was stopped before its final model."""
    report = run.report(SPLIT)
    figure = "" if report is None else f", with {report.accuracy.correct} of {report.n} validation photos correct"
    return f"Kept: the {seen.model}{figure}. Resume the run to train on all photos."

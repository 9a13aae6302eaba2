"""A run whose head is solved on kept vectors: trained and evaluated, without torch if all vectors are there."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from core.data.snapshot import Snapshot
from core.runs.folder import RunFolder
from core.runs.progress_writer import ProgressWriter
from core.runs.solving.early_model import wants_early_model, with_early_report
from core.runs.solving.kept_report import SPLIT, write_kept_report
from core.runs.stop_signals import StopSignals
from core.training.events import Event
from core.training.linear.head_run import SolvedHead, solve_head
from core.workspace import Workspace


def train_solved(
    run: RunFolder,
    snapshot: Snapshot,
    workspace: Workspace,
    writer: ProgressWriter,
    signals: StopSignals,
    keep: Callable[[SolvedHead], None],
) -> Iterator[Event]:
    """Solve the head, write what happens into the run, and pass the result to ``keep``; yields the events.

    A run that was interrupted starts over. Raises Interruption, and the errors of ``solve_head``.
    """
    writer.rewind_to(0)
    run.append_log("started again" if writer.resumed else "started")
    run.write_status(state="running", solved=True, device="cpu", phase="reading the features")
    recipe, early = run.recipe(), wants_early_model(run)
    solving = solve_head(snapshot, recipe, run.path, workspace, log=run.append_log, early=early)

    def events() -> Iterator[Event]:
        solved = yield from with_early_report(solving, run, snapshot, run.path)
        run.write_status(precision=solved.engine)
        keep(solved)

    with contextlib.closing(solving):
        for event in signals.until_stopped(events()):
            writer.write(event)
            yield event


def report_solved(run: RunFolder, snapshot: Snapshot, solved: SolvedHead, folder: Path) -> None:
    """Write the report and the predictions on the validation photos into a folder, from the kept vectors' logits."""
    report = write_kept_report(
        run,
        snapshot,
        snapshot.part(SPLIT),
        solved.logits,
        folder,
        arch=solved.arch,
        engine=solved.engine,
        seconds=solved.seconds,
    )
    for name, figure in report.figures().items():
        run.append_log(f"validation photos: {name} {figure}")

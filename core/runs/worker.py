"""The work of a run's own process: wait in the queue, train, evaluate, and record how it ended."""

import contextlib
import os
import shutil
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from core.cache_use import in_use
from core.errors import RunError, StudioError
from core.free_memory import return_free_memory
from core.models.bundle import finish_replacement, read_info, save_decision
from core.runs.cluster.setting import CPU_LINE
from core.runs.deciding.earlier_decision import drop_earlier_decision, keep_earlier_decision
from core.runs.ending.failures import UNEXPECTED, failure_sentence
from core.runs.ending.summary import early_model, summary_of
from core.runs.exams.records import keep_old_look
from core.runs.folder import RunFolder
from core.runs.limits.longest_training import longest_minutes, time_is_up
from core.runs.process import WORKER_LOCK, process_fields
from core.runs.progress_writer import EVALUATING, ProgressWriter
from core.runs.queueing.device_queue import announce_turn, queue_name, withdraw_turn
from core.runs.queueing.queue import device_lock, join_queue, runs_ahead
from core.runs.status import RunState, Status, now, read_status
from core.runs.stop_signals import Interruption, StopSignals
from core.training.events import Event, Progress, Step
from core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.training.linear.head_run import SolvedHead
    from core.training.recipe import Recipe

SPLIT = "val"
"""The split that a run is evaluated on at its end. The test photos wait for an exam: see core.runs.exams."""
_TURN_SECONDS = 0.3
_MOST_TURNS = 40  # between two looks, for a run far back in the queue: each looks at all runs of the server
_TURNS_UNSTOPPED = 8  # between two looks whether this run is to stop
# A process that has just written its final status holds the run's lock a moment longer.
_LOCK_SECONDS = 5.0


Together = Callable[[], AbstractContextManager[None]]
"""Handles the errors of a training that has other processes on a cluster; see ``core.runs.cluster.ranks``."""


def work(
    run: RunFolder,
    workspace: Workspace | None = None,
    *,
    own_process: bool = False,
    node: str | None = None,
    together: Together | None = None,
) -> Status:
    """Run ``train`` to its end and return the run's final status."""
    events = train(run, workspace or open_workspace(), own_process=own_process, node=node, together=together)
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


def train(
    run: RunFolder,
    workspace: Workspace,
    *,
    own_process: bool = False,
    node: str | None = None,
    together: Together | None = None,
) -> Generator[Event, None, Status]:
    """Train a run from its start or last epoch and evaluate it; yields events and returns the final status.

    Errors of the training are recorded in the run's status, not raised. Raises RunError if another process trains
    this run or if it has finished. Call it in the process that the run's status should name; SIGINT and SIGTERM
    then end the run as described in ``core.runs.stop_signals``. ``own_process`` is for a process that does nothing but
    train. ``node`` names this machine if the cluster gave it to this run, which then waits for no device; ``together``
    is entered while it trains. Afterwards the caches are cleaned if they are over their budget.
    """
    with (
        in_use([_resized(workspace), workspace.cache / "vectors"]),
        _only_worker(run),
        StopSignals(run) as signals,
    ):
        if node is None:
            join_queue(run, line=_line_here(run))
        run.write_status(**process_fields(os.getpid()), heartbeat=now(), node=node)
        try:
            yield from _wait_train_evaluate(run, workspace, signals, own_process, together, wait=node is None)
        except Interruption as interruption:
            if interruption.reason == "stop":
                kept = "before resuming; the best model so far is kept"
                lost = "before the first epoch ended, so there is no model"
                why = f"{time_is_up(workspace)} " if signals.late else ""
                _end(run, "stopped", f"{why}Stopped {kept if run.finished else lost}.")
            elif interruption.reason == "terminate":
                _end(run, "interrupted", "Its process was terminated. Resume the run to continue.")
        except GeneratorExit:  # the caller stopped iterating
            _end(run, "interrupted", "The run was abandoned before its end. Resume the run to continue.")
            raise
        except Exception as error:  # noqa: BLE001 - recorded in the run's status and log; nobody else would see it
            _fail(run, error)
        if not signals.folder_exists() and not (run.path / "recipe.json").exists():
            # Files that the training saved after the run was deleted.
            shutil.rmtree(run.path, ignore_errors=True)
    with contextlib.suppress(StudioError):  # a limit that cannot be read: the home page says so
        from core.features.budget import clean  # numpy and Pillow: 13 MB less for a run that waits

        clean(workspace)
    return run.status()


def train_silently(snapshot: "Snapshot", recipe: "Recipe", run: RunFolder, workspace: Workspace) -> None:
    """Train in any process of a launch but the first, which writes. Raises torch's RuntimeError if that one ends."""
    # Torch is imported only now, so that waiting processes stay small.
    from core.training.device import keep_freed_memory
    from core.training.trainer import fit

    keep_freed_memory()
    for _ in fit(snapshot, recipe, run.path, resume=run.begun, cache=_resized(workspace), workspace=workspace):
        pass


def _wait_train_evaluate(
    run: RunFolder,
    workspace: Workspace,
    signals: StopSignals,
    own_process: bool,
    together: Together | None,
    wait: bool,
) -> Iterator[Event]:
    lock = device_lock(workspace, run)
    writer: ProgressWriter | None = None
    try:
        if wait:
            yield from _wait_in_queue(run, workspace, lock, signals)
        signals.check()
        signals.limit(longest_minutes(workspace))
        run.write_status(state="preparing", started=run.status().started or now(), phase="preparing")
        _repair(run)
        keep_old_look(run)
        snapshot, recipe = run.snapshot(), run.recipe()
        before = _weights(run)
        keep_earlier_decision(run)
        writer = ProgressWriter(run, resumed=run.begun, photos=_photos(snapshot))
        stopped = False
        is_solved, is_automatic = recipe.solves_head(snapshot.task), recipe.train == "automatic"
        solved: list[SolvedHead] = []
        try:
            if is_automatic:
                from core.runs.automatic.automatic_run import train_phases

                yield from train_phases(run, workspace, writer, signals, own_process)
            elif is_solved:
                from core.runs.solving.solved_run import train_solved

                yield from train_solved(run, snapshot, workspace, writer, signals, solved.append)
            else:
                if own_process:
                    # Torch is imported only now, so that a waiting process stays small.
                    from core.training.device import keep_freed_memory

                    keep_freed_memory()
                with together() if together is not None else contextlib.nullcontext():
                    yield from _train(run, workspace, writer, signals)
        except Interruption as interruption:
            # It may have come while a checkpoint was saved, or before its epoch was recorded.
            _repair(run)
            writer.restore()
            if interruption.reason != "stop" or not run.finished:
                raise
            stopped = True
        if _weights(run) != before:
            _delete_reports_on_request(run)
        if solved and recipe.test_time_views == 1:
            from core.runs.solving.solved_run import report_solved

            report_solved(run, snapshot, solved[0], run.path)
        # That of the phase that was kept; or of an early model, which a person who has stopped need not wait for.
        elif not ((is_automatic or early_model(run)) and run.report_path(SPLIT).exists()):
            return_free_memory()  # of the training
            yield from _evaluate(run, workspace, writer, signals)
        _calibrate(run)
        why = f"{time_is_up(workspace)} " if stopped and signals.late else ""
        said = f"{why}{summary_of(run, is_solved)} {drop_earlier_decision(run)}".strip()
        _end(run, "stopped" if stopped else "finished", said)
    finally:
        if writer is not None:
            writer.close()
        with contextlib.suppress(OSError):
            withdraw_turn(run.path)
        lock.release()


def _wait_in_queue(run: RunFolder, workspace: Workspace, lock: FileLock, signals: StopSignals) -> Iterator[Event]:
    """Wait until this run is first in its queue; returns with the device's lock held."""
    shown = ""
    while True:
        signals.check()
        ahead = runs_ahead(workspace, run)
        if not ahead:
            with contextlib.suppress(Timeout):
                lock.acquire(blocking=False)
                return
        first = "another training on this device"
        if ahead:  # of somebody else, only that there is one
            first = repr(ahead[0].status().title) if ahead[0].path.parent == run.path.parent else "somebody else's run"
        others = f" and {len(ahead) - 1} more" if len(ahead) > 1 else ""
        if shown != first + others:
            shown = first + others
            yield Progress(f"waiting for {shown}", 0, None)
        turns = min(max(len(ahead), 1), _MOST_TURNS)
        while turns > 0:
            time.sleep(_TURN_SECONDS * min(turns, _TURNS_UNSTOPPED))
            turns -= _TURNS_UNSTOPPED
            signals.check()


def _line_here(run: RunFolder) -> str | None:
    """Return the queue of this machine for a run that was on a cluster; None leaves it where it is."""
    status = read_status(run.status_path)
    return queue_name("cpu" if status.line == CPU_LINE else "auto") if status.on_cluster else None


def _repair(run: RunFolder) -> None:
    """Restore ``best/`` and ``last/`` after a save that was broken off. Only for the process that trains the run."""
    for bundle in run.bundles():
        finish_replacement(bundle)


def _weights(run: RunFolder) -> str | None:
    """Return the SHA-256 of the best model; None if there is none yet, or a damaged one, which is replaced."""
    with contextlib.suppress(StudioError):
        return read_info(run.best).model_sha256 if run.finished else None
    return None


def _delete_reports_on_request(run: RunFolder) -> None:
    """Delete the reports on training and test photos, made between a stop and a resume: they are of another model."""
    for split in ("train", "test"):
        for name in (f"report-{split}.json", f"predictions-{split}.csv", f"logits-{split}.npy"):
            (run.path / name).unlink(missing_ok=True)


def _photos(snapshot: "Snapshot") -> dict[str, int]:
    """Return how many photos each split has that the run will use."""
    counts = snapshot.frame["split"].value_counts()
    return {str(split): int(count) for split, count in counts.items() if split in ("train", SPLIT)}


def _train(run: RunFolder, workspace: Workspace, writer: ProgressWriter, signals: StopSignals) -> Iterator[Event]:
    from core.training.trainer import fit

    writer.rewind()
    announce_turn(run.path)
    run.append_log("resumed" if writer.resumed else "started")
    events: Any = fit(
        *(run.snapshot(), run.recipe(), run.path),
        resume=writer.resumed,
        log=run.append_log,
        cache=_resized(workspace),
        workspace=workspace,
    )
    device_written = False
    # Closed as soon as the run is stopped, not at garbage collection: the evaluation needs the memory.
    with contextlib.closing(events):
        for event in signals.until_stopped(events):
            if isinstance(event, Step) and not device_written:
                from core.training.device import device_and_precision

                run.write_status(**device_and_precision())
                device_written = True
            writer.write(event)
            yield event


def _evaluate(run: RunFolder, workspace: Workspace, writer: ProgressWriter, signals: StopSignals) -> Iterator[Event]:
    from core.runs.models import evaluate_run

    total, device = len(run.snapshot().part(SPLIT)), run.recipe().device
    writer.start_evaluation()
    writer.write_evaluation(0, total)
    yield Progress(f"{EVALUATING} on the validation photos", 0, total)
    with signals.interruptible("terminate", "gone"):
        report = evaluate_run(run, SPLIT, progress=writer.write_evaluation, device=device, cache=_resized(workspace))
    for name, figure in report.figures().items():
        run.append_log(f"validation photos: {name} {figure}")


def _calibrate(run: RunFolder) -> None:
    """Fit the decision of the best model on its validation photos, and save it in the bundle."""
    from core.inspection.doubt.fit import fit_decision, fit_sentence

    try:
        decision = fit_decision(run.path)
        save_decision(run.best, decision)
    except StudioError as error:  # the model is good without it
        run.append_log(f"The probabilities were not calibrated. {error}")
        return
    run.append_log(fit_sentence(decision))


def _resized(workspace: Workspace) -> Path:
    """Return the folder of resized photos, shared by all runs."""
    return workspace.cache / "resized"


def _end(run: RunFolder, state: RunState, message: str) -> None:
    # A deleted folder or a full disk cannot be written; reading the status then shows that the process has ended.
    with contextlib.suppress(OSError, StudioError):
        if state in ("interrupted", "failed") and (early := early_model(run)) is not None:
            message = f"{message} {early.usable}"
        ended = {"state": state, "message": message, "ended": now(), "stop_requested": False}
        run.write_status(**ended, phase="", seconds_left=None)
        run.append_log(f"{state}. {message}".strip())


def _fail(run: RunFolder, error: Exception) -> None:
    if not (run.path / "status.json").exists():
        return  # deleted by the user while it trained
    sentence = failure_sentence(error)
    if sentence is None:
        sentence = UNEXPECTED
        with contextlib.suppress(OSError):
            run.append_log("".join(traceback.format_exception(error)).rstrip())
    _end(run, "failed", sentence)


@contextlib.contextmanager
def _only_worker(run: RunFolder) -> Iterator[None]:
    """Allow one process to train a run; raises RunError in a second one."""
    try:
        with FileLock(run.path / WORKER_LOCK, timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise RunError(
            f"The run {run.id} is being trained by another process. Wait for it, or stop it first."
        ) from error

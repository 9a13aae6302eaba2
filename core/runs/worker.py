"""What a run's own process does: wait for its turn, train, evaluate, and write down how it ends."""

import contextlib
import errno
import os
import shutil
import time
import traceback
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import RunError, StudioError
from core.runs.folder import RunFolder
from core.runs.progress_writer import ProgressWriter
from core.runs.queue import device_lock, join, runs_ahead
from core.runs.status import RunState, Status, now, process_start
from core.runs.stop_signals import Interruption, StopSignals
from core.training.events import Event, Progress, Step
from core.workspace import Workspace, open_workspace

UNEXPECTED = "An unexpected error ended the run; the log has the details."

_TURN_SECONDS = 0.3
# A process that has just written its last status holds the run's lock for a moment more.
_LOCK_SECONDS = 5.0
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# What torch and safetensors make of it.
_DISK_FULL_WORDS = ("No space left on device", "file write failed")


def work(run: RunFolder, workspace: Workspace | None = None) -> Status:
    """Does all of ``train`` and answers with the status in which the run ended."""
    events = train(run, workspace or open_workspace())
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


def train(run: RunFolder, workspace: Workspace) -> Generator[Event, None, Status]:
    """Trains a run, from its beginning or its last epoch, and evaluates it; yields what happens, returns how it ended.

    Errors of the training become the run's status and are not raised; what is raised is RunError where another
    process trains this run or where it is complete. Must be called in the process that the run's status shall name;
    while it runs, SIGINT and SIGTERM end the run as ``core.runs.stop_signals`` says.
    """
    with _only_worker(run), StopSignals(run) as watch:
        join(run)
        pid = os.getpid()
        run.write_status(pid=pid, process_started=process_start(pid), heartbeat=now())
        try:
            yield from _course(run, workspace, watch)
        except Interruption as interruption:
            if interruption.reason == "stop":
                kept = "before it went on; the best model so far is kept"
                lost = "before the first epoch ended, so there is no model to keep"
                _end(run, "stopped", f"Stopped {kept if run.finished else lost}.")
            elif interruption.reason == "terminate":
                _end(run, "interrupted", "Its process was told to end. Resume goes on.")
        except GeneratorExit:  # who listened went away
            _end(run, "interrupted", "It was left before its end. Resume goes on.")
            raise
        except Exception as error:  # noqa: BLE001 - the end of the line: what is not written down here nobody sees
            _fail(run, error)
        if not watch.folder_is_there() and not (run.path / "recipe.json").exists():
            # What the training has saved since somebody deleted the run.
            shutil.rmtree(run.path, ignore_errors=True)
    return run.status()


def _course(run: RunFolder, workspace: Workspace, watch: StopSignals) -> Iterator[Event]:
    lock = device_lock(workspace, run)
    try:
        yield from _until_turn(run, workspace, lock, watch)
        run.write_status(state="preparing", started=run.status().started or now(), phase="getting ready")
        record = ProgressWriter(run, resumed=run.begun)
        stopped = False
        try:
            yield from _training(run, workspace, record, watch)
        except Interruption as interruption:
            if interruption.reason != "stop" or not run.finished:
                raise
            stopped = True
        yield from _evaluation(run, workspace, record, watch)
        _end(run, "stopped" if stopped else "finished", _summary(run))
    finally:
        lock.release()


def _until_turn(run: RunFolder, workspace: Workspace, lock: FileLock, watch: StopSignals) -> Iterator[Event]:
    """Returns with the device's lock held."""
    said = ""
    while True:
        watch.check()
        ahead = runs_ahead(workspace, run)
        if not ahead:
            with contextlib.suppress(Timeout):
                lock.acquire(blocking=False)
                return
        first = repr(ahead[0].status().title) if ahead else "another training on this device"
        others = f" and {len(ahead) - 1} more" if len(ahead) > 1 else ""
        if said != first + others:
            said = first + others
            yield Progress(f"waiting for {said}", 0, None)
        time.sleep(_TURN_SECONDS)


def _training(run: RunFolder, workspace: Workspace, record: ProgressWriter, watch: StopSignals) -> Iterator[Event]:
    # Torch is imported when it is this run's turn: a waiting process stays small.
    from core.training.trainer import fit

    run.append_log("resumed" if record.resumed else "started")
    events: Any = fit(
        run.snapshot(), run.recipe(), run.path, resume=record.resumed, log=run.append_log, cache=_resized(workspace)
    )
    named = False
    # Closed at once where the run is stopped, and not when memory happens to be cleared: evaluation wants it.
    with contextlib.closing(events):
        for event in watch.guard(events):
            if isinstance(event, Step) and not named:
                run.write_status(**_computing())
                named = True
            record.note(event)
            yield event


def _computing() -> dict[str, str]:
    """The device and the precision that the training in this process has chosen."""
    from accelerate.state import AcceleratorState

    state = AcceleratorState()
    precision = str(state.mixed_precision)
    return {"device": str(state.device), "precision": "fp32" if precision == "no" else precision}


def _evaluation(run: RunFolder, workspace: Workspace, record: ProgressWriter, watch: StopSignals) -> Iterator[Event]:
    from core.runs.models import evaluate_run

    snapshot, device = run.snapshot(), run.recipe().device
    run.write_status(seconds_left=None)
    for split, words in (("val", "validation"), ("test", "test")):
        total = len(snapshot.part(split))
        if total == 0:
            continue
        phase = f"evaluating on the {words} photos"
        record.phase(phase)
        yield Progress(phase, 0, total)
        with watch.heeding("terminate", "gone"):
            report = evaluate_run(
                run, split, progress=partial(record.phase, phase), device=device, cache=_resized(workspace)
            )
        for name, figure in report.figures().items():
            run.append_log(f"{words} photos: {name} {figure}")


def _resized(workspace: Workspace) -> Path:
    """Where the resized copies of photos lie that all runs share."""
    return workspace.cache / "resized"


def _summary(run: RunFolder) -> str:
    """The best epoch with its report's figure, which counts: the app predicts in fp32.

    An epoch may have been checked in bf16, and a photo on the border then has another class.
    """
    epochs = run.epochs()
    bests = epochs[epochs["best"].astype(bool)]
    if bests.empty:
        return ""
    best, report = bests.iloc[-1], run.report("val")
    if "val_iou" in best:
        iou = getattr(report, "mean_iou", None)
        seen = f"{best['val_iou']:.2f}"
        found = seen if iou is None else f"{iou.value:.2f}"
        told = f"mean IoU {found} on {best['val_n']:.0f} validation photos"
    else:
        seen = f"{round(best['val_accuracy'] * best['val_n'])}"
        found = seen if report is None else f"{report.accuracy.correct}"
        told = f"{found} of {best['val_n']:.0f} validation photos right"
    also = f", and {seen} when the epoch was checked in {run.status().precision}" if seen != found else ""
    return f"The best epoch was {best['epoch']:.0f}: {told}{also}."


def _end(run: RunFolder, state: RunState, message: str) -> None:
    # Nothing can be written into a deleted folder or on a full disk; who looks then sees that the process has ended.
    with contextlib.suppress(OSError, RunError):
        ended = {"state": state, "message": message, "ended": now(), "stop_requested": False}
        run.write_status(**ended, phase="", seconds_left=None)
        run.append_log(f"{state}. {message}".strip())


def _fail(run: RunFolder, error: Exception) -> None:
    if not (run.path / "status.json").exists():
        return  # deleted while it trained: whoever did it knows
    if isinstance(error, StudioError):
        sentence = str(error)
    elif _disk_full(error):
        sentence = "The disk is full, so the run could not be saved. Free some space, then resume it."
    elif isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # the latter is torch's
        sentence = "The memory of the device is full. Start it again with a smaller batch size or a smaller network."
    else:
        sentence = UNEXPECTED
        with contextlib.suppress(OSError):
            run.append_log("".join(traceback.format_exception(error)).rstrip())
    _end(run, "failed", sentence)


def _disk_full(error: BaseException | None) -> bool:
    """Also where a library has wrapped the system's error into one of its own."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            return True
        if any(words in str(error) for words in _DISK_FULL_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def _only_worker(run: RunFolder) -> Iterator[None]:
    """One process trains a run; a second one that tries gets RunError."""
    try:
        with FileLock(run.path / ".worker.lock", timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise RunError(
            f"The run {run.id} is being trained by another process. Wait for it, or stop it first."
        ) from error

"""Runs as background jobs: submit, stop, resume, delete, and recover after a crash."""

import contextlib
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock

from core.background_process import start_python
from core.errors import RunError
from core.file_replacement import replace_patiently
from core.runs.cluster.dispatcher import start_dispatcher
from core.runs.cluster.setting import check_cluster
from core.runs.exams.deleted_runs import DeletedRun, append_deleted
from core.runs.exams.looks import keep_looks_of_leftover, remember_deleted
from core.runs.folder import RunFolder, list_runs
from core.runs.limits.room_for_runs import check_room
from core.runs.new_run import create_run
from core.runs.process import process_fields
from core.runs.queueing.device_queue import line_of
from core.runs.queueing.queue import join_queue, runs_ahead
from core.runs.status import Status, read_status
from core.runs.worker import work
from core.storage_errors import disk_trouble, storage_error
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.training.recipe import Recipe

__all__ = ["delete", "recover", "resume", "runs_ahead", "stop", "submit", "work"]

_KILL_SECONDS = 10.0
_LEFTOVER_SECONDS = 24 * 3600


def submit(
    workspace: Workspace,
    snapshot: "Snapshot",
    recipe: "Recipe",
    *,
    title: str,
    project_id: int | None = None,
    project: str | None = None,
    once: str | None = None,
    corrected_from: str | None = None,
) -> RunFolder:
    """Create a run and start its process, which outlives this one and waits in the queue for its device.

    ``once`` is a token of the submitted form: a second submit with the same token (a double click, a page that was
    run again) starts nothing and returns the first run. ``corrected_from`` is as in ``create_run``.
    Raises TooLittleData if the snapshot is too small to train on, and QuotaReached if a pupil has too many trainings,
    before anything is created; RunError if trainings go to a cluster that does not answer.
    """
    from core.data.snapshot import check_trainable

    check_trainable(snapshot)
    check_cluster()
    with one_at_a_time(workspace):
        if once is not None:
            for run in list_runs(workspace):
                if run.status().once == once:
                    return run
        check_room(workspace)
        run = create_run(
            workspace.runs / new_run_id(workspace, title),
            snapshot,
            recipe,
            title=title,
            project_id=project_id,
            project=project,
            once=once,
            corrected_from=corrected_from,
            line=line_of(recipe.device),
        )
        for remark in snapshot.remarks:
            run.append_log(remark)
        _start(workspace, run)
    return run


def stop(run: RunFolder) -> None:
    """Ask a live run to stop after its current batch; it keeps the best model so far."""
    if run.status().live:
        run.write_status(stop_requested=True)


def resume(workspace: Workspace, run: RunFolder) -> None:
    """Queue a run that was interrupted, stopped or failed; it continues after its last finished epoch.

    Has no effect on a live run. Raises RunError for a run that has finished all its epochs, and QuotaReached.
    """
    if run.status().live:
        return
    check_cluster()
    with one_at_a_time(workspace):
        if not run.status().live:
            check_room(workspace)
        if join_queue(run, line=line_of(run.recipe().device)):
            _start(workspace, run)


def delete(run: RunFolder) -> None:
    """Delete a run with all its files; a live run is killed first. Raises RunError if that fails.

    Its looks at test photos still count: they are recorded first, so that no death of this process loses them.
    """
    status = run.status()
    if status.live:
        _kill(run, status)
    kept = remember_deleted(run)
    trash = run.path.with_name(f".deleted-{secrets.token_hex(4)}")
    try:
        recorded = kept is None or _recorded(run, kept)
        replace_patiently(run.path, trash)  # gone from every list immediately, however long deleting the files takes
        if kept is not None and not recorded:  # a full disk has room without the models, and recover() without us
            for path in trash.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
            append_deleted(run.path.parent, kept)
        shutil.rmtree(trash)
    except FileNotFoundError:
        return  # somebody else has deleted it
    except OSError as error:
        reason = error.strerror or error
        if run.path.exists():
            raise RunError(f"The run {run.id} cannot be deleted: {reason}.") from error
        raise RunError(
            f"Some files of the run {run.id} cannot be deleted: {reason}. The app tries again later."
        ) from error


def _recorded(run: RunFolder, kept: DeletedRun) -> bool:
    """Record the looks of a run; False if the disk is full. Raises OSError."""
    try:
        append_deleted(run.path.parent, kept)
    except OSError as error:
        if disk_trouble(error) not in ("full", "quota"):
            raise
        return False
    return True


def recover(workspace: Workspace) -> list[RunFolder]:
    """Mark runs whose process has died as interrupted, return them, repair their models, and delete leftover folders.

    Opening a run does the same for it; this is for the start of the app. Runs on a cluster are looked after again.
    """
    start_dispatcher(workspace)
    found = []
    for path in workspace.runs.glob("[!.]*/status.json"):
        run = RunFolder(path.parent)
        run.repair()
        try:
            shown = read_status(path)
        except RunError:
            continue  # shown as failed, with the reason, in every list
        if shown.live and run.status().state == "interrupted":
            found.append(run)
    for pattern in (".new-*", ".deleted-*"):
        for path in workspace.runs.glob(pattern):
            # Somebody else has deleted it, or its looks cannot be recorded now: then it stays for another time.
            with contextlib.suppress(OSError, RunError):
                if pattern == ".deleted-*":
                    keep_looks_of_leftover(RunFolder(path))
                if time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
    return found


def new_run_id(workspace: Workspace, title: str) -> str:
    """Return an id that sorts by time and is readable: 20261121-143210-birds-a3f."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:30].strip("-") or "run"
    while True:
        run_id = f"{datetime.now():%Y%m%d-%H%M%S}-{words}-{secrets.token_hex(2)[:3]}"
        if not (workspace.runs / run_id).exists():
            return run_id


@contextlib.contextmanager
def one_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Hold a lock while a process is started, so that a second click waits for the first. Raises StorageError."""
    lock = FileLock(workspace.runs / ".locks" / "jobs.lock")
    try:
        lock.acquire()  # creates the folder too
    except OSError as error:
        if known := storage_error(error, "the run could not be started"):
            raise known from error
        raise
    try:
        yield
    finally:
        lock.release()


def discard(run: RunFolder) -> None:
    """Delete a run that has never started."""
    shutil.rmtree(run.path, ignore_errors=True)


def _start(workspace: Workspace, run: RunFolder) -> None:
    """Start the run's process, and write its pid in place of this process's; or let the cluster have the run."""
    if read_status(run.status_path).on_cluster:
        start_dispatcher(workspace)
        return
    try:
        with run.log_path.open("ab") as log:
            process = start_python(
                ["-m", "core", "train", "--run", str(run.path)],
                stdout=log,
                environment={"RESNET_STUDIO_HOME": str(workspace.root)},
            )
    except OSError as error:
        sentence = f"Its process could not be started ({error.strerror}). Resume the run to try again."
        run.write_status(state="failed", message=sentence, phase="")
        raise RunError(f"The run {run.id} was created, but {sentence[0].lower()}{sentence[1:]}") from error
    # A child that nobody waits for stays in the process table as a zombie.
    threading.Thread(target=process.wait, name=f"wait-{run.id}", daemon=True).start()
    with run.locked():
        status = read_status(run.status_path)
        if status.pid == os.getpid():  # otherwise the child was faster, and may even have ended
            run.replace_status(status, **process_fields(process.pid))


def _kill(run: RunFolder, status: Status) -> None:
    if status.on_cluster:
        _end_on_cluster(run, status)
        return
    if status.pid is None or not run.lives(status):
        return
    try:
        process = psutil.Process(status.pid)
        command = process.cmdline()  # empty while the process is ending
        if command[1:5] == ["-m", "core", "train", "--sweep"]:
            return  # the run waits; its sweep's process finds that it is gone, and goes on with the next
        other = "--run" in command and str(run.path) not in command  # it trains another run
        if command and (command[1:3] != ["-m", "core"] or other):
            raise RunError(f"The run {run.id} is being trained by another program. Stop it there first.")
        family = [*process.children(recursive=True), process]
        for member in family:
            member.kill()
        _, alive = psutil.wait_procs(family, timeout=_KILL_SECONDS)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise RunError(f"The run {run.id} belongs to another user, who must stop it first.") from error
    if alive:
        raise RunError(f"The process of the run {run.id} has not ended yet. Try again in a minute.")


def _end_on_cluster(run: RunFolder, status: Status) -> None:
    """Ask a training on another machine to end. One that does not answer ends when it finds that its folder is gone."""
    if status.state == "queued":
        return
    with contextlib.suppress(RunError):
        run.write_status(stop_requested=True)
    deadline = time.monotonic() + _KILL_SECONDS
    while run.status().live and time.monotonic() < deadline:
        time.sleep(0.2)

"""Runs as background jobs: start, stop, resume, delete, and find those that died."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock

from core.errors import RunError
from core.runs.folder import RunFolder, create_run, list_runs
from core.runs.queue import join, queue_place
from core.runs.status import Status, process_lives, process_start, read_status
from core.runs.worker import work
from core.workspace import REPOSITORY, Workspace

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.training.recipe import Recipe

__all__ = ["delete", "queue_place", "recover", "resume", "stop", "submit", "work"]

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
) -> RunFolder:
    """Starts a training in a process of its own, which outlives this one; it waits in line for its device.

    ``once`` is a token of the form that was sent: a second submit with the same token (a double click, a page that
    was run again) starts nothing and answers with the run of the first.
    Raises TooLittleData where nothing can be learned from the snapshot, before anything is made.
    """
    from core.data.snapshot import check_trainable

    check_trainable(snapshot)
    with _one_at_a_time(workspace):
        if once is not None:
            for run in list_runs(workspace):
                if run.status().once == once:
                    return run
        run = create_run(
            workspace.runs / new_run_id(workspace, title),
            snapshot,
            recipe,
            title=title,
            project_id=project_id,
            project=project,
            once=once,
        )
        _start(workspace, run)
    return run


def stop(run: RunFolder) -> None:
    """Asks a run to end within its batch; it keeps the best model so far. Nothing happens to one that has ended."""
    if run.status().live:
        run.write_status(stop_requested=True)


def resume(workspace: Workspace, run: RunFolder) -> None:
    """Puts a run that was interrupted, stopped or failed in line again; it goes on after its last finished epoch.

    Nothing happens to a run that is at work. Raises RunError for one that has finished all its epochs.
    """
    with _one_at_a_time(workspace):
        if join(run):
            _start(workspace, run)


def delete(run: RunFolder) -> None:
    """Deletes a run with all its files; one that is at work is killed first. Raises RunError where that fails."""
    status = run.status()
    if status.live:
        _kill(run, status)
    grave = run.path.with_name(f".deleted-{secrets.token_hex(4)}")
    try:
        run.path.rename(grave)  # gone from every list at once, however long the files take
        shutil.rmtree(grave)
    except FileNotFoundError:
        return  # somebody else was faster
    except OSError as error:
        raise RunError(f"The run {run.id} cannot be deleted: {error.strerror or error}.") from error


def recover(workspace: Workspace) -> list[RunFolder]:
    """Writes down which runs were interrupted since anybody looked, and answers with them; clears away leftovers.

    Reading a status does the first by itself; this is for the start of the app.
    """
    found = []
    for path in workspace.runs.glob("[!.]*/status.json"):
        run = RunFolder(path.parent)
        try:
            shown = read_status(path)
        except RunError:
            continue  # shown as failed, with the reason, in every list
        if shown.live and run.status().state == "interrupted":
            found.append(run)
    for pattern in (".new-*", ".deleted-*"):
        for path in workspace.runs.glob(pattern):
            if time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
    return found


def new_run_id(workspace: Workspace, title: str) -> str:
    """An id that sorts by time and can be read: 20261121-143210-birds-a3f."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:30].strip("-") or "run"
    while True:
        run_id = f"{datetime.now():%Y%m%d-%H%M%S}-{words}-{secrets.token_hex(2)[:3]}"
        if not (workspace.runs / run_id).exists():
            return run_id


def _one_at_a_time(workspace: Workspace) -> FileLock:
    """Held while a process is started: a second click waits for the first."""
    folder = workspace.runs / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "jobs.lock")


def _start(workspace: Workspace, run: RunFolder) -> None:
    """Starts the run's process in a session of its own, and writes its pid in place of this process's."""
    command = [sys.executable, "-m", "core", "train", "--run", str(run.path)]
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(workspace.root)}
    try:
        with run.log_path.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        sentence = f"Its process could not be started ({error.strerror}). Resume tries again."
        run.write_status(state="failed", message=sentence, phase="")
        raise RunError(f"The run {run.id} was made, but {sentence[0].lower()}{sentence[1:]}") from error
    # Somebody has to take note of a child's end, or it stays in the process table as a zombie.
    threading.Thread(target=process.wait, name=f"wait-{run.id}", daemon=True).start()
    with run.locked():
        status = read_status(run.path / "status.json")
        if status.pid == os.getpid():  # else the child was quicker, and may even have ended
            run.replace_status(status, pid=process.pid, process_started=process_start(process.pid))


def _kill(run: RunFolder, status: Status) -> None:
    if status.pid is None or not process_lives(status):
        return
    try:
        process = psutil.Process(status.pid)
        if process.cmdline()[1:3] != ["-m", "core"]:
            raise RunError(f"The run {run.id} is being trained by another program. Stop it there first.")
        family = [*process.children(recursive=True), process]
        for member in family:
            member.kill()
        _, alive = psutil.wait_procs(family, timeout=_KILL_SECONDS)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise RunError(f"The run {run.id} belongs to another user, who has to stop it first.") from error
    if alive:
        raise RunError(f"The process of the run {run.id} does not end. Try again in a minute.")

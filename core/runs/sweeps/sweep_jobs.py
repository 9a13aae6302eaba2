"""Sweeps as background jobs: submit, stop, resume and delete all runs of one together.

The runs of a sweep are ordinary runs in the ordinary queue. One small process works through them, so that a hundred
waiting runs are not a hundred waiting processes: see ``work_through``.
"""

import contextlib
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.background_process import start_python
from core.errors import RunError
from core.runs import jobs
from core.runs.cluster.dispatcher import start_dispatcher
from core.runs.cluster.setting import check_cluster
from core.runs.folder import RunFolder, list_runs
from core.runs.limits.room_for_runs import check_room
from core.runs.new_run import create_run
from core.runs.process import process_fields
from core.runs.queueing.device_queue import line_of
from core.runs.queueing.queue import join_queue
from core.runs.status import now, read_status
from core.runs.sweeps.plan import PlannedRun, new_sweep_id
from core.runs.sweeps.work_through import lock_path
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot


def submit_sweep(
    workspace: Workspace,
    snapshot: "Snapshot",
    planned: Sequence[PlannedRun],
    *,
    title: str,
    project_id: int | None = None,
    project: str | None = None,
    once: str | None = None,
) -> str:
    """Create the runs of a sweep, start the process that works through them, and return the sweep's id.

    ``once`` is a token of the submitted form, as in ``jobs.submit``: a second click finds the sweep of the first.
    Raises TooLittleData and QuotaReached before anything is created. If a run cannot be created, none is.
    """
    from core.data.snapshot import check_trainable

    check_trainable(snapshot)
    check_cluster()
    with jobs.one_at_a_time(workspace):
        if once is not None:
            for run in list_runs(workspace):
                status = run.status()
                if status.once == once and status.sweep:
                    return status.sweep
        check_room(workspace, len(planned))
        sweep_id = new_sweep_id()
        made: list[RunFolder] = []
        try:
            for one in planned:
                made.append(
                    create_run(
                        workspace.runs / jobs.new_run_id(workspace, title),
                        snapshot,
                        one.recipe,
                        title=one.title(title),
                        project_id=project_id,
                        project=project,
                        once=once,
                        sweep=sweep_id,
                        sweep_title=title,
                        line=line_of(one.recipe.device),
                    )
                )
        except BaseException:
            for run in made:
                jobs.discard(run)
            raise
        _start(workspace, sweep_id, made)
    return sweep_id


def stop_sweep(runs: Sequence[RunFolder]) -> None:
    """Ask all live runs of a sweep to stop, those that wait first, so that none of them starts meanwhile."""
    for run in sorted(runs, key=lambda run: run.status().state != "queued"):
        jobs.stop(run)


def resume_sweep(workspace: Workspace, runs: Sequence[RunFolder]) -> None:
    """Queue the runs of a sweep that were interrupted, stopped or failed; finished and live ones stay as they are."""
    check_cluster()
    with jobs.one_at_a_time(workspace):
        waiting = [run for run in runs if run.status().resumable]
        waiting.sort(key=lambda run: run.status().created)
        if waiting:
            check_room(workspace, len(waiting))
        queued = [run for run in waiting if join_queue(run, line_of(run.recipe().device))]
        if queued:
            _start(workspace, str(queued[0].status().sweep), queued)


def delete_sweep(workspace: Workspace, sweep_id: str, runs: Sequence[RunFolder]) -> None:
    """Delete all runs of a sweep, those that wait first. Raises RunError for the first that cannot be deleted."""
    for run in sorted(runs, key=lambda run: run.status().state != "queued"):
        jobs.delete(run)
    with contextlib.suppress(OSError):  # Windows keeps it while the sweep's process lives
        lock_path(workspace, sweep_id).unlink()


def _start(workspace: Workspace, sweep_id: str, runs: Sequence[RunFolder]) -> None:
    """Start the process that works through the sweep, and name it in the status of its runs; a cluster needs none."""
    if read_status(runs[0].status_path).on_cluster:
        start_dispatcher(workspace)
        return
    try:
        with runs[0].log_path.open("ab") as log:
            process = start_python(
                ["-m", "core", "train", "--sweep", sweep_id],
                stdout=log,
                environment={"RESNET_STUDIO_HOME": str(workspace.root)},
            )
    except OSError as error:
        sentence = f"Its process could not be started ({error.strerror}). Resume the run to try again."
        for run in runs:
            run.write_status(state="failed", message=sentence, phase="", ended=now())
        raise RunError(f"The runs were created, but could not be started ({error.strerror}). Resume them.") from error
    threading.Thread(target=process.wait, name=f"wait-{sweep_id}", daemon=True).start()
    fields = process_fields(process.pid)
    for run in runs:
        with run.locked():
            status = read_status(run.status_path)
            if status.pid == os.getpid():  # otherwise that process was faster
                run.replace_status(status, **fields)

"""Trains a run again: the same recipe, on the labels that its project has now."""

import re
from typing import TYPE_CHECKING

from core.data.snapshot_changes import snapshot_changes
from core.errors import RunError
from core.runs import jobs
from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.data.store.records import Project
    from core.data.store.store import Store

_CORRECTED = re.compile(r" \(corrected(?: (\d{1,4}))?\)$")


def train_again(workspace: Workspace, store: "Store", run: RunFolder) -> RunFolder:
    """Start a run with the recipe of ``run`` on the current labels of its project, and return it.

    The new run remembers ``run`` as its ``corrected_from``. If ``run`` was trained again on exactly these labels, such
    as by a double click, that run is returned and nothing is started. Raises RunError if the project is gone or nothing
    has changed since ``run``, TooLittleData if the labels no longer suffice.
    """
    from core.data.snapshot import snapshot_of_project

    status = run.status()
    project = project_of(store, run)
    if project is None:
        raise RunError(
            f"The run {run.id} has no project in this workspace, so there are no corrected labels to train on. "
            "Correct its labels.csv, then train from that."
        )
    recipe = run.recipe()
    store.assign_splits(project.id)  # as the Train button does
    snapshot = snapshot_of_project(store, project.id)
    if not snapshot_changes(run.snapshot(), snapshot).any:
        raise RunError(
            f"Nothing has changed in the project since the run {run.id}, so it would give the same model. "
            "Correct some labels first."
        )
    return jobs.submit(
        workspace,
        snapshot,
        recipe,
        title=corrected_title(status.title or run.id),
        project_id=project.id,
        project=project.name,
        once=_token(run, snapshot),
        corrected_from=run.id,
    )


def project_of(store: "Store", run: RunFolder) -> "Project | None":
    """Return the project of a run; None if it has none, or if the project was deleted."""
    project_id = run.status().project_id
    return next((one for one in store.projects() if one.id == project_id), None)


def corrections_of(workspace: Workspace, run: RunFolder) -> list[RunFolder]:
    """Return the runs that trained ``run`` again, newest first."""
    return [one for one in list_runs(workspace) if one.status().corrected_from == run.id]


def corrected_title(title: str) -> str:
    """Return the title of the run that follows: "Birds (corrected)", then "Birds (corrected 2)"."""
    found = _CORRECTED.search(title)
    if found is None:
        return f"{title} (corrected)"
    return f"{title[: found.start()]} (corrected {int(found[1] or 1) + 1})"


def _token(run: RunFolder, snapshot: "Snapshot") -> str:
    return f"again {run.id} {snapshot.digest}"

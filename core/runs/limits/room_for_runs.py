"""Whether the workspace's quota has room for more trainings."""

from core.quota import bytes_below, quota_of
from core.runs.folder import list_runs
from core.workspace import Workspace


def live_runs(workspace: Workspace) -> int:
    """Return how many trainings of the workspace run or wait."""
    return sum(run.status().live for run in list_runs(workspace))


def check_room(workspace: Workspace, added: int = 1) -> None:
    """Raise QuotaReached if so many more trainings are too many, or the disk has no room for their models.

    Call it under ``jobs.one_at_a_time``, with which all trainings of a workspace are started.
    """
    quota = quota_of(workspace)
    if quota.runs is not None:
        quota.check_runs(live_runs(workspace), added)
    if quota.megabytes is not None:
        quota.check_bytes(bytes_below(workspace.images, workspace.runs))

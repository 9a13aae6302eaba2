"""How long one training of a workspace may take."""

from core.quota import quota_of
from core.workspace import Workspace


def longest_minutes(workspace: Workspace) -> int | None:
    """Return how many minutes a training may take from its turn on; None for as long as it needs.

    A run that is resumed has them again: it has waited for another turn.
    """
    return quota_of(workspace).minutes


def time_is_up(workspace: Workspace) -> str:
    """Return why a training was stopped that took its longest time."""
    quota = quota_of(workspace)
    minutes = "1 minute" if quota.minutes == 1 else f"{quota.minutes} minutes"
    return f"It has trained for {minutes}, the most for {quota.whose}."

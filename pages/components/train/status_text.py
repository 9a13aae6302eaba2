"""The words for a run's status: its state, progress, remaining time and age."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from core.progress import COMPUTING_FEATURES
from core.runs.progress_writer import EVALUATING
from core.runs.status import WAITING, RunState, Status
from pages.components.shared.wording import counted

STATE_BADGES: dict[RunState, tuple[str, str]] = {
    "queued": ("queued", "gray"),
    "preparing": ("preparing", "blue"),
    "running": ("running", "blue"),
    "finished": ("finished", "green"),
    "stopped": ("stopped", "orange"),
    "failed": ("failed", "red"),
    "interrupted": ("interrupted", "orange"),
}
"""The word and the colour of the badge of each state."""

STATE_SENTENCES: dict[RunState, str] = {
    "queued": "This run is waiting in the queue.",
    "preparing": "This run is loading its photos and weights.",
    "running": "This run is training.",
    "finished": "This run has finished.",
    "stopped": "This run was stopped.",
    "failed": "This run failed. The log below says why.",
    "interrupted": "This run was interrupted before it finished.",
}
"""Shown where the run's own message is empty."""


def queue_sentence(ahead: int, status: Status | None = None) -> str:
    """Return how many runs are ahead of this one in the queue, or what else it waits for on a cluster."""
    if not ahead and status is not None and status.on_cluster and status.phase != WAITING:
        return f"{status.phase[:1].upper()}{status.phase[1:]}. It starts automatically, so you can leave this page."
    if not ahead:
        return "This run is next in the queue. It starts automatically, so you can leave this page."
    runs = "1 run is" if ahead == 1 else f"{ahead} runs are"
    return f"{runs} ahead of this one in the queue. It starts automatically, so you can leave this page."


def format_duration(seconds: float) -> str:
    """Return a rough duration: "about 3 minutes"."""
    if seconds < 50:
        return "less than a minute"
    if seconds < 90:
        return "about a minute"
    minutes = seconds / 60
    if minutes < 10:
        return f"about {round(minutes)} minutes"
    if minutes < 55:
        return f"about {5 * round(minutes / 5)} minutes"
    hours = minutes / 60
    if hours < 1.25:
        return "about an hour"
    return f"about {round(hours * 2) / 2:g} hours"


def format_time_left(seconds: float | None) -> str:
    """Return the remaining time of a running training, more exact than ``format_duration``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{max(1, round(seconds))} s left"
    if seconds < 600:
        return f"{round(seconds // 60)} min {round(seconds % 60):02d} s left"
    return f"{format_duration(seconds)} left"


def format_age(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago something happened: "2 minutes ago", "yesterday", or the date."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{counted(int(seconds // 60), 'minute')} ago"
    if seconds < 86_400:
        return f"{counted(int(seconds // 3600), 'hour')} ago"
    return "yesterday" if seconds < 172_800 else moment.strftime("%d %b %Y")


def epochs_words(done: int, planned: int, live: bool, solved: bool = False) -> str:
    """Return the epochs of a run: "8 epochs", or "3 of 8 epochs" if it ended before; empty if none are known.

    The epochs of a run whose head is solved are "30 iterations", and unknown before.
    """
    if solved:
        return counted(done, "iteration") if done and not live else ""
    if not planned:
        return ""
    return counted(planned, "epoch") if live or done >= planned else f"{done} of {counted(planned, 'epoch')}"


def run_progress(status: Status) -> tuple[float, str]:
    """Return the finished share of a live run, 0 to 1, and the text of its progress bar."""
    left = format_time_left(status.seconds_left)
    if status.phase.startswith(EVALUATING):
        return 1.0, " · ".join(part for part in (EVALUATING, left) if part)
    if status.phase.startswith(COMPUTING_FEATURES):
        return 0.0, " · ".join(part for part in ("computing the frozen layers once", left) if part)
    if not status.epoch or not status.epochs:
        return 0.0, "starting"
    share = (status.epoch - 1 + (status.batch / status.batches if status.batches else 0.0)) / status.epochs
    parts = [f"epoch {status.epoch} of {status.epochs}", left]
    return min(1.0, share), " · ".join(part for part in parts if part)


def phase_progress(status: Status) -> tuple[float, str]:
    """Return the finished share of the current phase, 0 to 1, and its text: the batch, or the run's own text."""
    if status.phase.startswith("epoch") and status.batches:
        return status.batch / status.batches, f"batch {status.batch} of {status.batches}"
    found = re.search(r"([\d,]+) of ([\d,]+)", status.phase)
    share = 0.0
    if found:
        done, total = (int(number.replace(",", "")) for number in found.groups())
        share = min(1.0, done / max(1, total))
    return share, status.phase or "preparing"


def device_summary(status: Status) -> str:
    """Return the device, the precision, the speed and the machine of a cluster, as far as they are known."""
    device = {"cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "Apple GPU (MPS)"}
    parts: Sequence[str] = (
        device.get((status.device or "").split(":")[0], status.device or ""),
        status.precision or "",
        f"{status.images_per_second:,.0f} photos per second" if status.images_per_second else "",
        f"on {status.node}" if status.node else "",
    )
    return " · ".join(part for part in parts if part)

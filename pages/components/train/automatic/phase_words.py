"""The phases of an automatic run in words: for its page, for lists, for its progress bar and for screen readers."""

from pathlib import Path

from core.errors import RunError
from core.runs.automatic.phases import NAMES as PHASE_NAMES
from core.runs.automatic.phases import Phase, Phases, read_phases
from core.runs.folder import RunFolder
from core.runs.status import LIVE, Status
from core.runs.table import RunRow
from pages.components.shared.wording import counted, plain
from pages.components.train.status_text import epochs_words, format_duration, format_time_left, run_progress

LAYERS = {layers: f"{name[0].upper()}{name[1:]}" for layers, name in PHASE_NAMES.items()}
NAMES = {layers: name.removeprefix("the ") for layers, name in PHASE_NAMES.items()}
EARLY = "first model, from a part of the photos"
_SHORT_SECONDS = 90


def phases_of(run: RunFolder) -> Phases | None:
    """Return the phases of a run; None if it is not automatic, or has none yet. Raises RunError for a damaged file."""
    found = read_phases(run.path)
    return found if found is not None and found.phases else None


def phases_or_none(run: RunFolder) -> Phases | None:
    """Return the phases for lists: None also where the file is damaged, which the run's own page reports."""
    try:
        return phases_of(run)
    except RunError:
        return None


def usable_sentence(found: Phases, *, live: bool, boxes: bool) -> str:
    """Return a sentence once there is a model while the training goes on; otherwise nothing."""
    kept = found.kept
    if not live or kept is None:
        return ""
    first = "A model from all photos" if found.early else "A first model"
    if len([one for one in found.phases if one.kept]) > 1:
        first = "A better model"
    return (
        f"**{first} is ready**: {figure_of(kept, boxes)} on {counted(kept.n, 'validation photo')}. You can use it on "
        "every page while the training goes on."
    )


def phase_line(phase: Phase, *, boxes: bool, live: bool) -> str:
    """Return what a phase did, as a line of Markdown."""
    layers, epochs = LAYERS[phase.train], epochs_of(phase)
    if phase.ended is None:
        be = "are" if phase.train in ("all", "layer3") else "is"
        state = f"** {be} being trained" if live else "**: not finished"
        return f"- **{layers}{state}. {plain(phase.reason)}"
    took = short_time(phase.ended - phase.began)
    solved = phase.train == "head" and epochs == 1
    length = "" if solved or not epochs else f", {counted(epochs, 'epoch')}"
    kept = "kept" if phase.kept else "not kept"
    return f"- **{layers}** ({took}{length}): {figure_of(phase, boxes)}, {kept}. {plain(phase.verdict)}"


def epochs_of(phase: Phase) -> int:
    """Return how many epochs a phase was trained, 0 if it failed before the first; while it is trained, the plan."""
    return len(phase.points) if phase.over else phase.epochs


def summary(found: Phases, *, boxes: bool) -> str:
    """Return the chart in words, for screen readers."""
    parts = []
    if (early := found.early) is not None:
        figure = f"{early.value:.1%} ({early.low:.0%} to {early.high:.0%})"
        parts = [f"{EARLY}: {figure} after {short_time(early.seconds)}"]
    parts += [
        f"{NAMES[one.train]}: {figure_of(one, boxes)} after {short_time(one.ended)}, "
        f"{'kept' if one.kept else 'not kept'}"
        for one in found.phases
        if one.ended is not None
    ]
    return "Results of the phases on the validation photos. " + ("; ".join(parts) or "No phase is over yet") + "."


def in_short(found: Phases, *, live: bool = False) -> str:
    """Return how many phases there were and which one was kept: "2 phases, last stage kept"."""
    number = f"phase {len(found.phases)}" if live else counted(len(found.phases), "phase")
    if found.kept is None:
        return number
    return f"{number}, {NAMES[found.kept.train]} kept{' so far' if live else ''}"


def length_of(row: RunRow) -> str:
    """Return how long a run is or was: its phases if it is automatic, otherwise its epochs or iterations."""
    live = row.state in LIVE
    phases = phases_or_none(RunFolder(Path(row.path))) if row.train == "automatic" else None
    return in_short(phases, live=live) if phases else epochs_words(row.epochs_done, row.epochs, live, row.solved)


def kept_layers(row: RunRow) -> str:
    """Return what an automatic run kept, to be put behind "Automatic": " (last stage)"; empty for any other run."""
    return f" ({NAMES[row.kept]})" if row.kept else ""


def progress(status: Status, found: Phases | None) -> tuple[float, str]:
    """Return the finished share of the phase that is in training, 0 to 1, and the text of the progress bar."""
    if found is None or found.phases[-1].over:
        return run_progress(status)
    phase, number = found.phases[-1], len(found.phases)
    name = f"phase {number}: {PHASE_NAMES[phase.train]}"
    epoch = status.epoch - phase.first_epoch + 1
    if epoch < 1 or phase.epochs == 1 or not status.phase.startswith("epoch"):
        share = min(1.0, max(0, epoch) / phase.epochs)
        return share, " · ".join(part for part in (name, format_time_left(status.seconds_left)) if part)
    share = (epoch - 1 + (status.batch / status.batches if status.batches else 0.0)) / phase.epochs
    parts = (name, f"epoch {epoch} of {phase.epochs}", format_time_left(status.seconds_left))
    return min(1.0, share), " · ".join(part for part in parts if part)


def short_time(seconds: float) -> str:
    """Return a measured time: "12 seconds", or "about 3 minutes" where seconds do not matter."""
    if seconds < _SHORT_SECONDS:
        return counted(max(1, round(seconds)), "second")
    return format_duration(seconds)


def figure_of(phase: Phase, boxes: bool) -> str:
    """Return a phase's result with its 95% interval: "97.2% (93% to 99%)"."""
    if phase.value is None:
        return "no result"
    known = phase.low is not None and phase.high is not None
    if boxes:
        return f"mean IoU {phase.value:.2f}" + (f" ({phase.low:.2f} to {phase.high:.2f})" if known else "")
    interval = f" ({phase.low:.0%} to {phase.high:.0%})" if known else ""
    return f"{phase.value:.1%}{interval}"

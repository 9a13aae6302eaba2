"""A run that trains automatically: its events are written down, a stop keeps its best model, and it sums itself up."""

import contextlib
from collections.abc import Iterator

from core.runs.automatic.phases import NAMES, read_phases
from core.runs.automatic.train_automatic import AutomaticTraining
from core.runs.folder import RunFolder
from core.runs.progress_writer import ProgressWriter
from core.runs.stop_signals import Interruption, StopSignals
from core.training.events import Event, PhaseChange, Step
from core.workspace import Workspace


def train_phases(
    run: RunFolder, workspace: Workspace, writer: ProgressWriter, signals: StopSignals, own_process: bool
) -> Iterator[Event]:
    """Train phase after phase and write what happens into the run; yields the events.

    The report on the validation photos is in the run at the end. Raises Interruption, and the errors of the first
    phase.
    """
    training = AutomaticTraining(run, workspace, own_process=own_process)
    writer.rewind_to(training.saved_epochs())
    writer.restore_line(training.saved_epoch())
    run.append_log("resumed" if writer.resumed else "started")
    events = training.events()
    device_written = False
    try:
        # Closed as soon as the run is stopped, not at garbage collection: the comparison needs the memory.
        with contextlib.closing(events):
            for event in signals.until_stopped(events):
                if isinstance(event, PhaseChange):
                    device_written = False
                elif isinstance(event, Step) and not device_written:
                    from core.training.device import device_and_precision

                    run.write_status(**device_and_precision())
                    device_written = True
                writer.write(event)
                yield event
    except Interruption as interruption:
        if interruption.reason == "stop":
            writer.restore_line(training.saved_epoch())
            with signals.interruptible("terminate", "gone"):
                training.finish_stopped()
        raise


def summary(run: RunFolder) -> str:
    """Return a sentence about the model that was kept, and why no other layers were trained.

    Raises RunError if phases.json is damaged.
    """
    found = read_phases(run.path)
    kept = found.kept if found else None
    if found is None or kept is None:
        return found.end if found else ""
    if kept.value is None:
        figure = ""
    elif run.snapshot().task == "localization":
        figure = f", with a mean IoU of {kept.value:.2f} on {kept.n} validation photos"
    else:
        figure = f", with {round(kept.value * kept.n)} of {kept.n} validation photos correct"
    return f"Kept: {NAMES[kept.train]}{figure}. {found.end}".strip()

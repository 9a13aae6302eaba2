"""Shows a training on the command line: its progress, its epochs, its outcome."""

from typing import TYPE_CHECKING, Any

import typer

from core.cli.console import ProgressDisplay, print_json, print_message, print_result

if TYPE_CHECKING:
    from core.runs.folder import RunFolder
    from core.runs.status import Status
    from core.training.events import Event
    from core.workspace import Workspace


def follow(run: "RunFolder", workspace: "Workspace", json: bool) -> None:
    """Train in this process and show progress; exits with status 2 or 1 if the run fails."""
    _print_outcome(run, follow_events(run, workspace, json), json)


def follow_events(run: "RunFolder", workspace: "Workspace", json: bool) -> "Status":
    """Train in this process and show progress; returns the final status."""
    from core.runs.worker import train as events_of

    events = events_of(run, workspace, own_process=True)
    with ProgressDisplay() as display:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return end.value
            _show_event(event, display, json)


def _show_event(event: "Event", display: ProgressDisplay, json: bool) -> None:
    from core.training.events import Progress, Step

    if isinstance(event, Progress):
        downloading = event.total is not None and event.total >= 1_000_000
        (display.show_bytes if downloading else display.show)(event.phase, event.done, event.total)
    elif isinstance(event, Step):
        note = f"loss {event.loss:.3f}  {event.images_per_second:.1f} images/s"
        display.show(f"epoch {event.epoch}", event.batch, event.batches, " batches", note)
    elif event.sentence:
        display.clear()
        # With --json, standard output holds only the JSON.
        (print_message if json else print_result)(event.sentence)


def _print_outcome(run: "RunFolder", status: "Status", json: bool) -> None:
    report = run.report("val") if run.finished else None
    if json:
        summary: dict[str, Any] = {"run": str(run.path), "state": status.state, "message": status.message}
        for name in ("accuracy", "mean_iou"):
            figure = getattr(report, name, None)
            if figure is not None or name == "accuracy":
                summary[name] = {} if figure is None else {"val": figure.model_dump()}
        print_json(summary | _phases(run))
    elif status.state in ("finished", "stopped"):
        print_result(f"{status.state}: {status.message}")
        for name, figure in report.figures().items() if report is not None else ():
            print_result(f"val {name}: {figure}")
        print_result(f"run: {run.path}")
    if status.state == "failed":
        raise typer.Exit(print_failure(run, status))
    if status.state not in ("finished", "stopped"):
        print_message(status.message)
        raise typer.Exit(1)


def _phases(run: "RunFolder") -> dict[str, Any]:
    """Return what an automatic training did, for programs; nothing for other trainings."""
    from core.runs.automatic.phases import read_phases

    found = read_phases(run.path)
    if found is None:
        return {}
    shown = {"train", "first_epoch", "epochs", "began", "ended", "reason"}
    shown |= {"value", "low", "high", "n", "kept", "verdict"}
    phases = {"phases": [one.model_dump(include=shown) for one in found.phases], "end": found.end}
    return phases if found.early is None else {**phases, "early": found.early.model_dump()}


def print_failure(run: "RunFolder", status: "Status") -> int:
    """Print why a run failed; returns the exit status, 1 for a bug and 2 for what the user can fix."""
    from core.runs.ending.failures import UNEXPECTED

    print_message(status.message)
    if status.message != UNEXPECTED:
        return 2
    print_message(f"Log: {run.log_path}")
    return 1

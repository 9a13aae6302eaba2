"""Trains the layers of one phase in its folder: by steps, or the head by solving it; its epochs count on."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data.snapshot import Snapshot
from core.free_memory import return_free_memory
from core.models.bundle import read_info
from core.runs.automatic.phase_model import make_best
from core.runs.automatic.phases import Phase
from core.runs.folder import RunFolder
from core.runs.solving.early_model import wants_early_model, with_early_report
from core.training.events import EarlyModel, Epoch, Event, SolverIteration, Step
from core.training.recipe import Recipe
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.training.linear.chosen_vectors import LogFunction
    from core.training.linear.head_run import SolvedHead


def train_by_steps(
    phase: Phase,
    recipe: Recipe,
    snapshot: Snapshot,
    folder: Path,
    workspace: Workspace,
    log: "LogFunction",
    own_process: bool,
) -> Generator[Event]:
    """Train, or go on where the folder's checkpoint ends; yields the events of ``fit``, and raises its errors."""
    # Torch is imported only now: the first phase needs none if its features are there.
    if own_process:
        from core.training.device import keep_freed_memory

        keep_freed_memory()
    from core.training.trainer import fit

    offset = phase.first_epoch - 1
    cache = workspace.cache / "resized"
    resume = RunFolder(folder).begun
    if resume:  # the workspace may have been moved since, and with it the model that the phase began with
        saved = read_info(folder / "last").recipe or {}
        recipe = recipe.model_copy(update={"weights": saved.get("weights", recipe.weights)})
    events: Any = fit(snapshot, recipe, folder, resume=resume, log=log, cache=cache, workspace=workspace)
    try:
        with closing(events):
            for event in events:
                if isinstance(event, Epoch):
                    yield replace(event, epoch=event.epoch + offset, epochs=phase.last_epoch, best=False)
                elif isinstance(event, Step):
                    yield replace(event, epoch=event.epoch + offset)
                else:
                    yield event
    finally:
        return_free_memory()  # the comparison and the next phase need theirs


def solve(
    run: RunFolder,
    phase: Phase,
    recipe: Recipe,
    folder: Path,
    workspace: Workspace,
    log: "LogFunction",
    maps_of: str | None,
) -> Generator[Event, None, "SolvedHead"]:
    """Solve the head: yields the progress, and its result as a single epoch; raises the errors of ``solve_head``.

    An early model is made the run's, with its report, before the event that says so. ``maps_of`` is the last stage that
    stays frozen in the next phase, if there may be one.
    """
    from core.training.linear.head_run import solve_head

    snapshot, early = run.snapshot(), wants_early_model(run)
    solving = solve_head(snapshot, recipe, folder, workspace, log=log, maps_of=maps_of, early=early)
    events = with_early_report(solving, run, snapshot, folder)
    spent = 0.0
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            found: SolvedHead = end.value
            return found
        if isinstance(event, EarlyModel):
            make_best(run, folder, phase.first_epoch)
        if not isinstance(event, SolverIteration):
            yield event
            continue
        spent += event.seconds
        if event.best:
            epochs = {"epoch": phase.first_epoch, "epochs": phase.last_epoch}
            yield Epoch(**{**asdict(event), **epochs, "best": False, "seconds": spent})

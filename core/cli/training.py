"""The training commands: train and resume."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import (
    Json,
    ProgressDisplay,
    first_process,
    print_json,
    print_message,
    print_problems,
    print_result,
    process_rank,
)
from core.cli.outputs import require_empty
from core.cli.recipe_options import given_settings, with_recipe_options
from core.errors import RunError
from core.workspace import REPOSITORY

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.runs.folder import RunFolder
    from core.runs.status import Status
    from core.training.events import Event
    from core.training.recipe import Recipe
    from core.workspace import Workspace

TASKS = ("auto", "classification", "localization")

Labels = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="LABELS",
        help="A labels.csv with the columns filename, label and, optionally, split. Or images packed as arrays: one "
        "or more .h5 or .npz files, such as train_signs.h5 test_signs.h5.",
    ),
]
Images = Annotated[
    Path | None, typer.Option(help="The folder that contains the photos. Default: the folder of the labels.")
]
Task = Annotated[
    str,
    typer.Option(
        metavar="|".join(TASKS),
        help="What the model should predict. auto: localization (class and box) if the labels have boxes, "
        "otherwise classification; classification ignores boxes.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="The run folder to create.")]
Made = Annotated[
    str | None,
    typer.Option(
        "--run",
        help="Used instead of all other options: train a run that a page has created, given by id or folder. "
        "Progress is written to its log.",
    ),
]


@with_recipe_options
def train(
    context: typer.Context,
    labels: Labels = None,
    images: Images = None,
    out: Out = None,
    run: Made = None,
    task: Task = "auto",
    json: Json = False,
    **settings: Any,
) -> None:
    """Fine-tune a network on labelled photos, then evaluate it on the validation and test photos.

    With boxes in the labels, the model also predicts one box per image; of several boxes the largest is used.

    Ctrl-C stops the training and keeps the best model so far. Pressed twice, it ends immediately and can be resumed.

    On several devices: accelerate launch -m core train ..., or torchrun -m core train ... with the same arguments.
    The result is that of one device, except for rounding; on TPUs only with --train head.
    """
    from core.workspace import open_workspace

    if run is not None:
        _train_in_background(run)
        return
    if not labels or out is None:
        raise typer.BadParameter("give a labels.csv or files of packed images, and the new run folder with --out.")
    if task not in TASKS:
        raise typer.BadParameter(f"--task is {task!r}, but must be one of {', '.join(TASKS)}.")
    from core.runs.folder import RunFolder
    from core.training.advice import advice
    from core.training.recipe import Recipe

    draft = Recipe.checked(**settings)  # reports wrong settings before the photos are read
    workspace = open_workspace()
    if first_process():
        require_empty(out, "the run")
    snapshot = _snapshot(labels, images, task, draft.split_seed, workspace)
    recipe = Recipe.for_task(snapshot.task, **given_settings(context, settings, snapshot.task))
    if not first_process():
        _train_other_process(snapshot, recipe, RunFolder(out.resolve()), workspace)
        return
    for sentence in advice(recipe, snapshot.counts(), snapshot.task):
        print_message(sentence)
    _check_weights(recipe)
    from core.runs.new_run import create_run

    title = labels[0].stem if _packed(labels) else labels[0].resolve().parent.name or labels[0].stem
    made = create_run(out, snapshot, recipe, title=title)
    _shrink_to_wait(made, workspace, json)
    follow(made, workspace, json)


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a run id in the workspace.")],
    json: Json = False,
) -> None:
    """Resume a run that was stopped, was interrupted or has failed, after its last finished epoch."""
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    workspace = open_workspace()
    found = open_run(run, workspace)
    if not first_process():
        _train_other_process(found.snapshot(), found.recipe(), found, workspace)
        return
    status = found.status()
    if status.live and status.pid != os.getpid():  # its own: see _shrink_to_wait
        raise RunError(f"The run {found.id} is already running. Wait for it, or stop it first.")
    follow(found, workspace, json)


def _shrink_to_wait(run: "RunFolder", workspace: "Workspace", json: bool) -> None:
    """If the run must wait, continue as ``resume`` in the same process without what was loaded to read the labels.

    pandas and its like take a hundred megabytes. Not on Windows, where a program cannot take another one's place.
    """
    from core.background_process import lock_is_held
    from core.runs.queue import device_lock, runs_ahead

    as_program = Path(sys.argv[0]) == REPOSITORY / "core" / "__main__.py" and "-m" in sys.orig_argv
    if os.name == "nt" or not as_program or "WORLD_SIZE" in os.environ:
        return
    if not runs_ahead(workspace, run) and not lock_is_held(device_lock(workspace, run)):
        return
    options = sys.orig_argv[1 : sys.orig_argv.index("-m")]
    sys.stdout.flush()
    sys.stderr.flush()
    answer = ["--json"] if json else []
    os.execv(sys.executable, [sys.executable, *options, "-m", "core", "resume", str(run.path), *answer])


def follow(run: "RunFolder", workspace: "Workspace", json: bool) -> None:
    """Train in this process and show progress; exits with status 2 or 1 if the run fails."""
    from core.runs.worker import train as events_of

    events = events_of(run, workspace, own_process=True)
    with ProgressDisplay() as display:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                status = end.value
                break
            _show_event(event, display, json)
    _print_outcome(run, status, json)


def _train_other_process(snapshot: "Snapshot", recipe: "Recipe", run: "RunFolder", workspace: "Workspace") -> None:
    """Train silently in every process but the first, under ``accelerate launch`` or ``torchrun``."""
    import signal

    from core.runs.device_queue import wait_for_turn

    if not wait_for_turn(run.path):
        return
    # Torch is imported only now, so that waiting processes stay small.
    from core.training.device import keep_freed_memory
    from core.training.trainer import fit

    keep_freed_memory()
    # Ctrl-C reaches all processes. The first one handles it, and the others end when it has ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in fit(snapshot, recipe, run.path, resume=run.begun, cache=workspace.cache / "resized"):
            pass
    except RuntimeError as error:  # from torch, mostly because the first process has ended
        print_message(f"process {process_rank()}: {error}")
        raise typer.Exit(1) from error


def _packed(labels: list[Path]) -> bool:
    from core.data.importing.folder_layout import PACKED_SUFFIXES

    return all(path.suffix.lower() in PACKED_SUFFIXES for path in labels)


def _snapshot(labels: list[Path], images: Path | None, task: str, seed: int, workspace: "Workspace") -> "Snapshot":
    """Return the snapshot to train on and print its problems; raises TooLittleData."""
    from core.data.snapshot import check_trainable, snapshot_of_packed, snapshot_of_table

    packed = _packed(labels)
    if not packed and len(labels) > 1:
        raise typer.BadParameter("give one labels.csv, or several files of packed images only.")
    if packed and images is not None:
        raise typer.BadParameter("files of packed images contain their images; leave --images out.")
    if packed and task == "localization":
        raise typer.BadParameter("packed images have no boxes, so --task cannot be localization.")
    chosen = None if task == "auto" else task
    with ProgressDisplay(quiet=not first_process()) as display:
        progress = display.counter("reading the photos")
        if packed:
            snapshot, problems = snapshot_of_packed(labels, workspace.unpacked, seed, progress)
        else:
            snapshot, problems = snapshot_of_table(labels[0], images or labels[0].parent, seed, progress, chosen)
    if first_process():
        print_problems(problems)
    check_trainable(snapshot)
    return snapshot


def _check_weights(recipe: "Recipe") -> None:
    """Raise an error if the initial weights are unavailable or do not fit, before the run folder is created."""
    from core.models.weights_table import available
    from core.training.choices import NAMED_WEIGHTS

    if recipe.weights == "none":
        return
    if recipe.weights in NAMED_WEIGHTS and available(recipe.arch, recipe.weights, recipe.source):
        return  # without torch, so that a run waiting in the queue stays small
    from core.training.initial_model import fetch_pretrained

    with ProgressDisplay() as display:
        fetch_pretrained(recipe, display.show_bytes)


def _train_in_background(reference: str) -> None:
    """Train a run that a page has created, without output."""
    from core.runs.folder import open_run
    from core.runs.worker import work
    from core.workspace import open_workspace

    workspace = open_workspace()
    status = work(open_run(reference, workspace), workspace, own_process=True)
    if status.state not in ("finished", "stopped"):
        raise typer.Exit(1)


def _show_event(event: "Event", display: ProgressDisplay, json: bool) -> None:
    from core.training.events import Progress, Step

    if isinstance(event, Progress):
        downloading = event.total is not None and event.total >= 1_000_000
        (display.show_bytes if downloading else display.show)(event.phase, event.done, event.total)
    elif isinstance(event, Step):
        note = f"loss {event.loss:.3f}  {event.images_per_second:.1f} images/s"
        display.show(f"epoch {event.epoch}", event.batch, event.batches, " batches", note)
    else:
        display.clear()
        # With --json, standard output holds only the JSON.
        (print_message if json else print_result)(event.sentence)


def _print_outcome(run: "RunFolder", status: "Status", json: bool) -> None:
    from core.runs.worker import UNEXPECTED

    reports = {split: run.report(split) for split in ("val", "test")} if run.finished else {}
    made = {split: report for split, report in reports.items() if report is not None}
    if json:
        summary: dict[str, Any] = {"run": str(run.path), "state": status.state, "message": status.message}
        for name in ("accuracy", "mean_iou"):
            found = {split: getattr(report, name) for split, report in made.items() if hasattr(report, name)}
            if found or name == "accuracy":
                summary[name] = {split: figure.model_dump() for split, figure in found.items()}
        print_json(summary)
    elif status.state in ("finished", "stopped"):
        print_result(f"{status.state}: {status.message}")
        for split, report in made.items():
            for name, figure in report.figures().items():
                print_result(f"{split} {name}: {figure}")
        print_result(f"run: {run.path}")
    if status.state == "failed":
        print_message(status.message)
        if status.message == UNEXPECTED:
            print_message(f"Log: {run.log_path}")
        raise typer.Exit(1 if status.message == UNEXPECTED else 2)
    if status.state not in ("finished", "stopped"):
        print_message(status.message)
        raise typer.Exit(1)

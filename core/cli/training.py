"""The commands that train: train and resume."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import Json, Meter, answer, answer_json, first_process, process_rank, remark, remark_problems
from core.cli.outputs import refuse_filled
from core.cli.recipe_options import said_settings, with_recipe_options
from core.errors import RunError

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
        help="A labels.csv: filename, label and, if you like, split. Or images packed as arrays: one or more .h5 or "
        ".npz files, such as train_signs.h5 test_signs.h5.",
    ),
]
Images = Annotated[
    Path | None, typer.Option(help="The folder that the file names start from. Left out: the folder of the labels.")
]
Task = Annotated[
    str,
    typer.Option(
        metavar="|".join(TASKS),
        help="What is learned. auto: localization, that is classes and boxes, where the labels have boxes; "
        "classification leaves them aside.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="The run folder to make.")]
Made = Annotated[
    str | None,
    typer.Option(
        "--run", help="Instead of all else: a run that a page has made, by id or folder. Its log says how it goes."
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
    """Fine-tune a network on labelled photos, then evaluate it on the validation and the test photos.

    Labels with boxes make a network that also says where the object is: one box an image, of several the largest.

    Ctrl-C ends the training and keeps the best model so far; a second one ends it at once, and it can be resumed.
    On several devices: accelerate launch -m core train ..., or torchrun -m core train ... with the same arguments.
    """
    from core.workspace import open_workspace

    if run is not None:
        _work(run)
        return
    if not labels or out is None:
        raise typer.BadParameter("name a labels.csv, or packed images, and, with --out, the run folder to make.")
    if task not in TASKS:
        raise typer.BadParameter(f"--task is {task!r}; allowed are {', '.join(TASKS)}.")
    from core.training.recipe import Recipe

    draft = Recipe.checked(**settings)  # what is wrong with the settings is said before the photos are read
    workspace = open_workspace()
    if first_process():
        refuse_filled(out, "the run")
    snapshot = _snapshot(labels, images, task, draft.seed, workspace)
    recipe = Recipe.for_task(snapshot.task, **said_settings(context, settings, snapshot.task))
    if not first_process():
        _compute_along(snapshot, recipe, out, workspace)
        return
    for sentence in recipe.remarks(snapshot.task):
        remark(sentence)
    _have_weights(recipe)
    from core.runs.folder import create_run

    title = labels[0].stem if _packed(labels) else labels[0].resolve().parent.name or labels[0].stem
    follow(create_run(out, snapshot, recipe, title=title), workspace, json)


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a run's id in the workspace.")],
    json: Json = False,
) -> None:
    """Go on with a run that was stopped, interrupted or has failed, after its last finished epoch."""
    from core.runs.folder import open_run
    from core.workspace import open_workspace

    workspace = open_workspace()
    found = open_run(run, workspace)
    if not first_process():
        _compute_along(found.snapshot(), found.recipe(), found.path, workspace, resume=found.begun)
        return
    if found.status().live:
        raise RunError(f"The run {found.id} is at work already. Wait for it, or stop it first.")
    follow(found, workspace, json)


def follow(run: "RunFolder", workspace: "Workspace", json: bool) -> None:
    """Trains in this process and shows how it goes; exits with 2 or 1 where it fails."""
    from core.runs.worker import train as events_of
    from core.training.device import keep_freed_memory

    keep_freed_memory()
    events = events_of(run, workspace)
    with Meter() as meter:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                status = end.value
                break
            _show(event, meter, json)
    _close(run, status, json)


def _compute_along(
    snapshot: "Snapshot", recipe: "Recipe", folder: Path, workspace: "Workspace", resume: bool = False
) -> None:
    """What every process but the first does under ``accelerate launch`` or ``torchrun``: its share, and no word."""
    import signal

    from core.training.device import keep_freed_memory
    from core.training.trainer import fit

    keep_freed_memory()
    # Ctrl-C reaches all processes. The first one decides what it means, and the others end when it has ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in fit(snapshot, recipe, folder, resume, cache=workspace.cache / "resized"):
            pass
    except RuntimeError as error:  # torch's, above all where the first process is gone
        remark(f"process {process_rank()}: {error}")
        raise typer.Exit(1) from error


def _packed(labels: list[Path]) -> bool:
    from core.data.importing.folder_layout import PACKED_SUFFIXES

    return all(path.suffix.lower() in PACKED_SUFFIXES for path in labels)


def _snapshot(labels: list[Path], images: Path | None, task: str, seed: int, workspace: "Workspace") -> "Snapshot":
    """The photos to train on, with what is to be said of them; raises TooLittleData."""
    from core.data.snapshot import check_trainable, snapshot_of_packed, snapshot_of_table

    packed = _packed(labels)
    if not packed and len(labels) > 1:
        raise typer.BadParameter("name one labels.csv, or files of packed images only.")
    if packed and images is not None:
        raise typer.BadParameter("files of packed images hold their images themselves; leave --images out.")
    if packed and task == "localization":
        raise typer.BadParameter("packed images have no boxes, so --task cannot be localization.")
    chosen = None if task == "auto" else task
    with Meter(quiet=not first_process()) as meter:
        progress = meter.counting("reading the photos")
        if packed:
            snapshot, problems = snapshot_of_packed(labels, workspace.unpacked, seed, progress)
        else:
            snapshot, problems = snapshot_of_table(labels[0], images or labels[0].parent, seed, progress, chosen)
    if first_process():
        remark_problems(problems)
    check_trainable(snapshot)
    return snapshot


def _have_weights(recipe: "Recipe") -> None:
    """Raises, before there is a run folder, where the weights to begin with cannot be had or do not fit."""
    from core.models.weights_table import available
    from core.training.choices import NAMED_WEIGHTS

    if recipe.weights == "none":
        return
    if recipe.weights in NAMED_WEIGHTS and available(recipe.arch, recipe.weights, recipe.source):
        return  # a training that has to wait for its device stays small
    from core.training.initial_model import fetch_pretrained

    with Meter() as meter:
        fetch_pretrained(recipe, meter.show_bytes)


def _work(reference: str) -> None:
    """The silent form, in which a run of the pages trains in the background."""
    from core.runs.folder import open_run
    from core.runs.worker import work
    from core.training.device import keep_freed_memory
    from core.workspace import open_workspace

    keep_freed_memory()
    workspace = open_workspace()
    status = work(open_run(reference, workspace), workspace)
    if status.state not in ("finished", "stopped"):
        raise typer.Exit(1)


def _show(event: "Event", meter: Meter, json: bool) -> None:
    from core.training.events import Progress, Step

    if isinstance(event, Progress):
        downloading = event.total is not None and event.total >= 1_000_000
        (meter.show_bytes if downloading else meter.show)(event.phase, event.done, event.total)
    elif isinstance(event, Step):
        note = f"loss {event.loss:.3f}  {event.images_per_second:.1f} images/s"
        meter.show(f"epoch {event.epoch}", event.batch, event.batches, " batches", note)
    else:
        meter.clear()
        # With --json, standard output holds the JSON alone.
        (remark if json else answer)(event.sentence)


def _close(run: "RunFolder", status: "Status", json: bool) -> None:
    from core.runs.worker import UNEXPECTED

    reports = {split: run.report(split) for split in ("val", "test")} if run.finished else {}
    made = {split: report for split, report in reports.items() if report is not None}
    if json:
        summary: dict[str, Any] = {"run": str(run.path), "state": status.state, "message": status.message}
        for name in ("accuracy", "mean_iou"):
            found = {split: getattr(report, name) for split, report in made.items() if hasattr(report, name)}
            if found or name == "accuracy":
                summary[name] = {split: figure.model_dump() for split, figure in found.items()}
        answer_json(summary)
    elif status.state in ("finished", "stopped"):
        answer(f"{status.state}: {status.message}")
        for split, report in made.items():
            for name, figure in report.figures().items():
                answer(f"{split} {name}: {figure}")
        answer(f"run: {run.path}")
    if status.state == "failed":
        remark(status.message)
        if status.message == UNEXPECTED:
            remark(f"The log: {run.log_path}")
        raise typer.Exit(1 if status.message == UNEXPECTED else 2)
    if status.state not in ("finished", "stopped"):
        remark(status.message)
        raise typer.Exit(1)

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
    print_message,
    process_rank,
)
from core.cli.data import Answers, GroupColumn
from core.cli.outputs import require_empty
from core.cli.recipe_options import chosen_settings, with_recipe_options
from core.cli.snapshot_to_train import is_packed, snapshot_to_train
from core.cli.sweeps import planned_runs, train_all
from core.cli.training_output import follow
from core.errors import RunError
from core.workspace import REPOSITORY

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.runs.folder import RunFolder
    from core.training.recipe import Recipe
    from core.workspace import Workspace

TASKS = ("auto", "classification", "localization")

Labels = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="LABELS",
        help="A labels.csv with the columns filename, label and, optionally, split and group (photos of one person or "
        "camera stay in one split). Or images packed as arrays: one or more .h5 or .npz files, such as train_signs.h5 "
        "test_signs.h5.",
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
Config = Annotated[
    Path | None,
    typer.Option(
        help="A YAML or JSON file of settings, such as the recipe.json of a run. Options given here come before it."
    ),
]
Seeds = Annotated[
    int,
    typer.Option(
        help="How many runs to train, with the random seeds SEED, SEED+1 and so on; the split stays the same. "
        "They become folders in the one of --out, and are compared on the validation photos."
    ),
]
Grid = Annotated[
    Path | None,
    typer.Option(
        help="A YAML or JSON file that maps settings to lists of values, such as train: [head, layer4]. Every "
        "combination is trained, with each seed, and compared on the validation photos."
    ),
]
Sweep = Annotated[
    str | None,
    typer.Option(hidden=True, help="Used instead of all other options: train the waiting runs of this sweep."),
]


@with_recipe_options
def train(
    context: typer.Context,
    labels: Labels = None,
    images: Images = None,
    out: Out = None,
    run: Made = None,
    sweep: Sweep = None,
    task: Task = "auto",
    group_column: GroupColumn = None,
    answer: Answers = None,
    config: Config = None,
    seeds: Seeds = 1,
    grid: Grid = None,
    json: Json = False,
    **settings: Any,
) -> None:
    """Fine-tune a network on labelled photos, then evaluate it on the validation photos.

    The test photos are kept back for the final exam: python -m core evaluate RUN --split test.

    With boxes in the labels, the model also predicts one box per image; of several boxes the largest is used.

    Ctrl-C stops the training and keeps the best model so far. Pressed twice, it ends immediately and can be resumed.

    On several devices: accelerate launch -m core train ..., or torchrun -m core train ... with the same arguments.
    The result is that of one device, except for rounding; on TPUs only with --train head. Not with --train automatic.
    """
    from core.workspace import open_workspace

    if run is not None:
        _train_in_background(run)
        return
    if sweep is not None:
        from core.runs.sweeps.work_through import work_through

        work_through(open_workspace(), sweep)
        return
    if not labels or out is None:
        raise typer.BadParameter("give a labels.csv or files of packed images, and the new run folder with --out.")
    if task not in TASKS:
        raise typer.BadParameter(f"--task is {task!r}, but must be one of {', '.join(TASKS)}.")
    several = seeds != 1 or grid is not None
    if several and "WORLD_SIZE" in os.environ:
        raise typer.BadParameter("--seeds and --grid train one run after the other; start them without torchrun.")
    from core.runs.folder import RunFolder
    from core.runs.sweeps.grid import read_grid
    from core.runs.sweeps.plan import seeds_remark
    from core.runs.sweeps.settings_file import read_recipe
    from core.training.advice import advice

    # All settings are checked before the photos are read.
    values = (read_recipe(config) if config else {}) | chosen_settings(context, settings)
    draft = _checked(values, config)
    cells = read_grid(grid) if grid else [{}]
    planned_runs(values, cells, seeds, None)
    _require_one_process(draft)
    workspace = open_workspace()
    if first_process():
        require_empty(out, "the sweep" if several else "the run")
    snapshot = snapshot_to_train(labels, images, task, draft.split_seed, workspace, group_column, answer)
    planned = planned_runs(values, cells, seeds, snapshot.task)
    recipe = planned[0].recipe
    if not first_process():
        _train_other_process(snapshot, recipe, RunFolder(out.resolve()), workspace)
        return
    recipes = [one.recipe for one in planned]
    counts = snapshot.counts()
    for sentence in dict.fromkeys(text for one in recipes for text in advice(one, counts, snapshot.task)):
        print_message(sentence)
    if remark := seeds_remark(planned, seeds, snapshot.task):
        print_message(remark)
    for one in {(one.arch, one.weights): one for one in recipes}.values():
        _check_weights(one)
    title = labels[0].stem if is_packed(labels) else labels[0].resolve().parent.name or labels[0].stem
    if several:
        from core.runs.sweeps.sweep_folder import create_sweep, runs_of

        folder = create_sweep(out, snapshot, planned, title)
        _shrink_to_wait(runs_of(folder)[0], workspace, json, folder)
        train_all(folder, workspace, json)
        return
    from core.runs.new_run import create_run

    made = create_run(out, snapshot, recipe, title=title)
    _shrink_to_wait(made, workspace, json, made.path)
    follow(made, workspace, json)


def _require_one_process(recipe: "Recipe") -> None:
    """Raise an error for an automatic training under ``torchrun``: its processes would have to decide together."""
    if recipe.train == "automatic" and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise typer.BadParameter(
            "--train automatic decides in a single process what to train next. Start it without torchrun, or choose "
            "another --train."
        )


def _checked(values: dict[str, Any], config: Path | None) -> "Recipe":
    """Return the recipe of these settings; problems name the file that some of them are from. Raises RecipeError."""
    from core.errors import RecipeError
    from core.training.recipe import Recipe

    try:
        return Recipe.checked(**values)
    except RecipeError as error:
        if config is None:
            raise
        raise RecipeError(f"{config}: {error}") from error


def resume(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run folder, a run id in the workspace, or the folder of a sweep.")
    ],
    json: Json = False,
) -> None:
    """Resume a run that was stopped, was interrupted or has failed, after its last finished epoch.

    For the folder of a sweep: train all its runs that have not finished.
    """
    from core.runs.folder import open_run
    from core.runs.sweeps.sweep_folder import is_sweep
    from core.workspace import open_workspace

    workspace = open_workspace()
    if is_sweep(Path(run)):
        train_all(Path(run).absolute(), workspace, json)
        return
    found = open_run(run, workspace)
    _require_one_process(found.recipe())
    if not first_process():
        _train_other_process(found.snapshot(), found.recipe(), found, workspace)
        return
    status = found.status()
    if status.live and status.pid != os.getpid():  # its own: see _shrink_to_wait
        raise RunError(f"The run {found.id} is already running. Wait for it, or stop it first.")
    follow(found, workspace, json)


def _shrink_to_wait(run: "RunFolder", workspace: "Workspace", json: bool, path: Path) -> None:
    """If the run must wait, continue as ``resume`` in the same process without what was loaded to read the labels.

    ``path`` is what to resume: the run, or the sweep that it is the first run of.

    pandas and its like take a hundred megabytes. Not on Windows, where a program cannot take another one's place.
    """
    from core.background_process import lock_is_held
    from core.runs.queueing.queue import device_lock, runs_ahead

    as_program = Path(sys.argv[0]) == REPOSITORY / "core" / "__main__.py" and "-m" in sys.orig_argv
    if os.name == "nt" or not as_program or "WORLD_SIZE" in os.environ:
        return
    if not runs_ahead(workspace, run) and not lock_is_held(device_lock(workspace, run)):
        return
    options = sys.orig_argv[1 : sys.orig_argv.index("-m")]
    sys.stdout.flush()
    sys.stderr.flush()
    answer = ["--json"] if json else []
    os.execv(sys.executable, [sys.executable, *options, "-m", "core", "resume", str(path), *answer])


def _train_other_process(snapshot: "Snapshot", recipe: "Recipe", run: "RunFolder", workspace: "Workspace") -> None:
    """Train silently in every process but the first, under ``accelerate launch`` or ``torchrun``."""
    import signal

    from core.runs.queueing.device_queue import wait_for_turn

    if recipe.solves_head(snapshot.task):
        return  # the first process does it alone, in seconds
    if not wait_for_turn(run.path):
        return
    from core.runs.worker import train_silently

    # Ctrl-C reaches all processes. The first one handles it, and the others end when it has ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        train_silently(snapshot, recipe, run, workspace)
    except RuntimeError as error:  # from torch, mostly because the first process has ended
        print_message(f"process {process_rank()}: {error}")
        raise typer.Exit(1) from error


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
        found = fetch_pretrained(recipe, display.show_bytes)
    for note in found.notes:
        print_message(note)


def _train_in_background(reference: str) -> None:
    """Train a run that a page has created, without output; pages come first."""
    from core.background_process import CLASS_STEPS, TRAINING_STEPS, lower_priority
    from core.people.mode import people_mode
    from core.runs.folder import open_run
    from core.runs.worker import work
    from core.workspace import open_workspace

    lower_priority(TRAINING_STEPS if people_mode() == "alone" else CLASS_STEPS)
    workspace = open_workspace()
    status = work(open_run(reference, workspace), workspace, own_process=True)
    if status.state not in ("finished", "stopped"):
        raise typer.Exit(1)

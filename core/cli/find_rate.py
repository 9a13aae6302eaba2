"""The command that finds a learning rate."""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_result
from core.cli.data import Answers, GroupColumn
from core.cli.recipe_options import chosen_settings, with_recipe_options
from core.cli.snapshot_to_train import snapshot_to_train
from core.cli.training import TASKS, Images, Task
from core.errors import DataError

Labels = Annotated[
    list[Path],
    typer.Argument(metavar="LABELS", help="A labels.csv or files of packed images, as for the command train."),
]


@with_recipe_options
def find_rate(
    context: typer.Context,
    labels: Labels,
    images: Images = None,
    task: Task = "auto",
    group_column: GroupColumn = None,
    answer: Answers = None,
    json: Json = False,
    **settings: Any,
) -> None:
    """Find a learning rate: a short training on a few photos, whose rate grows until the loss does.

    It trains a network of its own and writes nothing but the cache of resized photos. Takes the settings of train;
    the rate depends on the layers to train, the optimizer and the batch size. With --train automatic, it is the rate
    of the last stage, which is trained after the head. It is measured with a new head; automatic training begins with a
    trained one, for which half of this rate is usual.
    """
    from core.workspace import open_workspace

    if task not in TASKS:
        raise typer.BadParameter(f"--task is {task!r}, but must be one of {', '.join(TASKS)}.")
    from core.training.recipe import Recipe

    chosen = chosen_settings(context, settings)
    draft = Recipe.checked(**chosen)  # reports wrong settings before the photos are read
    workspace = open_workspace()
    snapshot = snapshot_to_train(labels, images, task, draft.split_seed, workspace, group_column, answer)
    recipe = Recipe.for_task(snapshot.task, **chosen)
    if recipe.train == "automatic":
        from core.runs.automatic.phase_recipe import phase_recipe
        from core.runs.automatic.phases import Phase

        last_stage = Phase(train="layer4", first_epoch=1, epochs=recipe.epochs, began=0.0, reason="")
        recipe = phase_recipe(recipe, last_stage, None)
    from core.training.techniques.rate_finder import as_json
    from core.training.techniques.rate_finder import find_rate as search_of

    search = search_of(snapshot, recipe, workspace.cache / "resized")
    with ProgressDisplay() as display:
        while True:
            try:
                progress = next(search)
            except StopIteration as end:
                found = end.value
                break
            downloading = progress.total is not None and progress.total >= 1_000_000
            (display.show_bytes if downloading else display.show)(progress.phase, progress.done, progress.total)
    if json:
        print_json(as_json(found))
    elif found.suggestion is None:
        raise DataError("The loss fell at no learning rate, so none can be suggested. Check the labels and weights.")
    else:
        usual = recipe.usual_learning_rate()
        print_result(f"learning rate {found.suggestion:g} (usual for {recipe.gradient_optimizer()}: {usual:g})")
        print_result(f"use it with: --learning-rate {found.suggestion:g}")

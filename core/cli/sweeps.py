"""Sweeps on the command line: train several seeds or recipes, resume them, and the command sweep that compares them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import Json, print_json, print_message, print_result, print_table
from core.cli.training_output import follow_events, print_failure

if TYPE_CHECKING:
    from core.runs.sweeps.plan import Cell, PlannedRun
    from core.runs.sweeps.results import Mean, SweepResult
    from core.training.recipe import Recipe
    from core.workspace import Workspace

_NAMES = {"accuracy": "accuracy", "mean_iou": "mean IoU"}
_KEPT_BACK = "The test photos were not used: they are for the final exam of the run that you choose."
OPTIMISTIC = "The best of several is chosen because it looks good on these photos, so expect a little less on new ones."


def sweep(
    sweep: Annotated[
        str | None,
        typer.Argument(metavar="[SWEEP]", help="The folder of a sweep, or the id of one in the workspace."),
    ] = None,
    json: Json = False,
) -> None:
    """Compare the runs of a sweep on the validation photos; without SWEEP, list the sweeps of the workspace."""
    from core.runs.sweeps.results import sweep_of, workspace_sweeps
    from core.runs.sweeps.sweep_folder import open_sweep
    from core.workspace import open_workspace

    workspace = open_workspace()
    if sweep is not None:
        show(open_sweep(sweep, workspace), json)
        return
    found = [sweep_of(name, runs) for name, runs in workspace_sweeps(workspace).items()]
    if json:
        print_json([as_json(one) for one in found])
    elif found:
        header = ("sweep", "name", "varied", "finished", "best mean", "95% interval")
        print_table(header, [_line(one) for one in found], texts=3)
    else:
        print_result("There are no sweeps in this workspace yet.")


def planned_runs(values: dict[str, Any], cells: "Sequence[Cell]", seeds: int, task: str | None) -> "list[PlannedRun]":
    """Return the runs of a sweep for these settings; before the task is known, with the fields' own defaults.

    Raises RecipeError.
    """
    from core.runs.sweeps.plan import plan_runs
    from core.training.recipe import Recipe

    def make(cell: "Cell") -> "Recipe":
        both = {**values, **cell}
        return Recipe.checked(**both) if task is None else Recipe.for_task(task, **both)

    return plan_runs(make, cells, seeds)


def train_all(folder: Path, workspace: "Workspace", json: bool) -> None:
    """Train the runs of a sweep's folder that have not finished, one after the other, then compare them.

    Ctrl-C ends the sweep; ``resume`` continues it. A run that fails does not: the next one may work.
    """
    from core.runs.sweeps.sweep_folder import open_sweep, runs_of

    runs = runs_of(folder)
    worst = 0
    for number, run in enumerate(runs, 1):
        status = run.status()
        if status.state == "finished":
            continue
        (print_message if json else print_result)(f"run {number} of {len(runs)}: {status.title}")
        status = follow_events(run, workspace, json)
        if status.state == "failed":
            worst = max(worst, print_failure(run, status))
        elif status.state != "finished":
            print_message(f"{status.message} Continue the sweep with python -m core resume {folder}.")
            worst = max(worst, 0 if status.state == "stopped" else 1)
            break
        else:
            (print_message if json else print_result)(f"finished: {status.message}")
    show(open_sweep(str(folder), workspace), json)
    if not json:
        print_result(f"sweep: {folder}")
    if worst:
        raise typer.Exit(worst)


def show(result: "SweepResult", json: bool) -> None:
    """Print the recipes of a sweep, the best first, and what the figures mean."""
    if json:
        print_json(as_json(result))
        return
    name = _NAMES[result.figure]
    if result.varied:
        header = [*(setting.replace("_", " ") for setting in result.varied), "finished", f"mean {name}", "95% interval"]
        print_table([*header, "lowest", "highest"], _recipe_lines(result), texts=len(result.varied))
    else:
        rows = [[str(run.seed), run.row.state, run.folder.id, _figure(result, run.row.value)] for run in result.runs]
        print_table(["seed", "state", "run", name], rows, texts=3)
    if result.best is None or result.best.mean is None:
        print_result("No run has finished yet.")
        return
    print_result(_sentence(result, result.best.mean))
    if len(result.cells) > 1:
        print_result(f"{OPTIMISTIC} {_KEPT_BACK}")
    else:
        print_result(f"The interval is over seeds, not over photos. {_KEPT_BACK}")


def as_json(result: "SweepResult") -> dict[str, Any]:
    """Return a sweep for programs; its recipes are in the order of their rank."""
    from dataclasses import asdict

    return {
        "sweep": result.id,
        "title": result.title,
        "figure": result.figure,
        "n": result.photos,
        "runs": len(result.runs),
        "finished": result.finished,
        "settings": list(result.varied),
        "recipes": [
            {
                "settings": cell.settings,
                "mean": None if cell.mean is None else asdict(cell.mean),
                "runs": [
                    {
                        **{"run": str(run.folder.path), "seed": run.seed, "state": run.row.state},
                        **{"value": run.row.value, "low": run.row.low, "high": run.row.high},
                        "message": run.row.message,
                    }
                    for run in cell.runs
                ],
            }
            for cell in result.ranked
        ],
    }


def _recipe_lines(result: "SweepResult") -> list[list[str]]:
    from core.runs.sweeps.plan import value_words

    lines = []
    for cell in result.ranked:
        mean = cell.mean
        settings = [value_words(value) for value in cell.settings.values()]
        figures = [
            _figure(result, mean.value if mean else None),
            _interval(result, mean),
            _figure(result, mean.lowest if mean else None),
            _figure(result, mean.highest if mean else None),
        ]
        lines.append([*settings, f"{mean.n if mean else 0} of {len(cell.runs)}", *figures])
    return lines


def _sentence(result: "SweepResult", mean: "Mean") -> str:
    from core.runs.sweeps.plan import words_of

    name, interval = _NAMES[result.figure], _interval(result, mean)
    interval = f", 95% confidence interval {interval}" if interval else ""
    over = f"over {result.photos} validation photos" if mean.over_photos else f"over {mean.n} seeds"
    figure = f"{_figure(result, mean.value)} {over}{interval}"
    if len(result.cells) > 1 and result.best is not None:
        return f"Best on the validation photos: {words_of(result.best.settings)}: mean {name} {figure}."
    return f"Mean validation {name}: {figure}."


def _line(result: "SweepResult") -> list[str]:
    mean = result.best.mean if result.best else None
    varied = ", ".join(name.replace("_", " ") for name in result.varied) or "seed"
    title = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(result.title.split()))
    figures = [_figure(result, mean.value if mean else None), _interval(result, mean)]
    return [result.id, title, varied, f"{result.finished} of {len(result.runs)}", *figures]


def _figure(result: "SweepResult", value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if result.figure == "mean_iou" else f"{value:.1%}"


def _interval(result: "SweepResult", mean: "Mean | None") -> str:
    if mean is None or mean.low is None or mean.high is None:
        return ""
    return f"{_figure(result, mean.low)} to {_figure(result, mean.high)}"

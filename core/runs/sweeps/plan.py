"""The plan of a sweep: which recipes it trains, each with how many seeds, checked before anything starts."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import RecipeError
from core.training.recipe import Recipe

MOST_RUNS = 200
_SHOWN_PROBLEMS = 10

Cell = Mapping[str, Any]
"""The settings in which a recipe of a grid differs from the common ones."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a sweep."""

    recipe: Recipe
    cell: Cell
    folder: str
    """Its folder within the sweep's, for a sweep from the command line: seed-0, recipe-01 or recipe-01-seed-0."""
    words: str
    """What tells it from the others: "train head, epochs 8, seed 0"."""

    def title(self, sweep: str) -> str:
        """Return the run's title in a sweep of that title."""
        return f"{sweep} · {self.words}" if self.words else sweep


def new_sweep_id() -> str:
    """Return an id that sorts by time, in the local time of the machine as the ids of runs: 20261121-143210-a3f01b."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def plan_runs(make: Callable[[Cell], Recipe], cells: Sequence[Cell] = ({},), seeds: int = 1) -> list[PlannedRun]:
    """Return the runs of a sweep: every cell with every seed, counted from its recipe's own seed.

    ``make`` returns the checked recipe for the changed settings of a cell. Several runs keep no epochs for the Explain
    page, which would fill the disk, unless the grid asks for them. Raises RecipeError for too many runs, and for all
    cells whose settings do not go together.
    """
    if seeds < 1:
        raise RecipeError(f"seeds is {seeds}, but must be at least 1.")
    check_number(len(cells), seeds)
    if seeds > 1 and any("seed" in cell for cell in cells):
        raise RecipeError("The grid already says which seeds to use. Leave them out there, or train one seed.")
    found, problems = [], []
    varied = varied_settings(cells)
    for place, cell in enumerate(cells, 1):
        own_words = words_of({name: cell[name] for name in varied if name in cell})
        try:
            first = make(cell)
            recipes = [first] + [make({**cell, "seed": first.seed + number}) for number in range(1, seeds)]
        except RecipeError as error:
            problems.append(f"{own_words}: {error}" if own_words else str(error))
            continue
        for recipe in recipes:
            several_seeds = seeds > 1 or not own_words
            folder = [f"recipe-{place:02d}"] if len(cells) > 1 else []
            folder += [f"seed-{recipe.seed}"] if several_seeds else []
            words = [own_words] if own_words else []
            words += [f"seed {recipe.seed}"] if several_seeds else []
            several = len(cells) * seeds > 1
            dropped = {"keep_epochs": False} if several and "keep_epochs" not in cell else {}
            found.append(PlannedRun(recipe.model_copy(update=dropped), cell, "-".join(folder), ", ".join(words)))
    if problems:
        raise RecipeError(_joined(problems, "recipe"))
    return found


def seeds_remark(planned: Sequence[PlannedRun], seeds: int, task: str) -> str:
    """Return a sentence where several seeds will tell little; empty otherwise."""
    if seeds < 2 or not all(one.recipe.solves_head(task) for one in planned):
        return ""
    return (
        "The head is solved to its optimum, so there is hardly any chance in it: the seed only divides the photos that "
        "choose its strength. Several seeds tell more with a learning rate or with more layers to train."
    )


def check_number(cells: int, seeds: int) -> None:
    """Raise RecipeError for a sweep with too many runs."""
    if cells * seeds > MOST_RUNS:
        times = f" ({cells:,} recipes with {seeds:,} seeds each)" if seeds > 1 and cells > 1 else ""
        many = f"These are {cells * seeds:,} runs{times}"
        raise RecipeError(f"{many}, but at most {MOST_RUNS} fit in one sweep. Vary less.")


def varied_settings(cells: Sequence[Cell]) -> list[str]:
    """Return the settings that differ between the cells, in the order of the grid."""
    names = dict.fromkeys(name for cell in cells for name in cell)
    return [name for name in names if len({repr(cell.get(name, _MISSING)) for cell in cells}) > 1]


_MISSING = object()


def words_of(settings: Mapping[str, Any]) -> str:
    """Return settings in words: "epochs 8, learning rate 0.001"."""
    return ", ".join(f"{name.replace('_', ' ')} {value_words(value)}" for name, value in settings.items())


def value_words(value: Any) -> str:
    """Return the value of a setting in words."""
    if value is None:
        return "automatic"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _joined(problems: Sequence[str], what: str) -> str:
    shown = list(problems[:_SHOWN_PROBLEMS])
    if len(problems) > len(shown):
        shown.append(f"And {len(problems) - len(shown)} more.")
    if len(shown) == 1:
        return shown[0]
    return f"{len(problems)} {what}s are not valid: " + " ".join(f"({n}) {text}" for n, text in enumerate(shown, 1))

"""A grid of recipes: a mapping of settings to lists of values, or a list of such mappings.

train: [head, layer4]          # four recipes: every value of the one with every value of the other
epochs: [4, 8]

- {train: [head], epochs: 8}   # two recipes, each written out
- {train: [layer4], epochs: 4}
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import RecipeError
from core.runs.sweeps.plan import MOST_RUNS, Cell
from core.runs.sweeps.settings_file import Value, read_settings
from core.training.recipe import Recipe

_SHOWN_PROBLEMS = 10
_FIXED = {"split_seed": "all runs are compared on the same photos", "source": "it does not change the result"}


def read_grid(path: Path) -> list[Cell]:
    """Return the cells of a grid file, each with the settings that it changes.

    Raises RecipeError with every problem and its line; which settings go together is checked when they are planned.
    """
    root = read_settings(path)
    parts = root.content if isinstance(root.content, list) else [root]
    problems: list[str] = []
    columns = [_columns(part, problems) for part in parts]
    if not problems and not any(columns):
        problems.append("it has no settings; write one a line, such as train: [head, layer4].")
    if problems:
        raise RecipeError(_joined(path, problems))
    cells: list[Cell] = []
    for part in columns:
        cells += itertools.islice(product_of(part), MOST_RUNS + 1 - len(cells))
    if len(cells) > MOST_RUNS:
        raise RecipeError(f"{path} stands for more than {MOST_RUNS} recipes. Vary less.")
    seen: list[Cell] = []
    for cell in cells:
        if cell in seen:
            raise RecipeError(f"{path} has the same recipe twice: {dict(cell)}. Delete one of the two.")
        seen.append(cell)
    return cells


def product_of(columns: dict[str, list[Any]]) -> Iterator[Cell]:
    """Yield every combination of the values, the last setting changing fastest."""
    for values in itertools.product(*columns.values()):
        yield dict(zip(columns, values, strict=True))


def _columns(part: Value, problems: list[str]) -> dict[str, list[Any]]:
    """Return the values of each setting of one mapping; adds a sentence for each that is wrong."""
    if not isinstance(part.content, dict):
        problems.append(f"line {part.line} is no mapping; write settings such as train: [head, layer4].")
        return {}
    found: dict[str, list[Any]] = {}
    for name, value in part.content.items():
        values = value.content if isinstance(value.content, list) else [value]
        if name in _FIXED:
            problems.append(f"line {value.line}: {name} cannot vary in a grid, because {_FIXED[name]}.")
        elif name not in Recipe.model_fields:
            known = ", ".join(Recipe.model_fields)
            problems.append(f"line {value.line}: {name[:60]} is not a setting; the settings are {known}.")
        elif not values:
            problems.append(f"line {value.line}: {name} has no values.")
        else:
            found[name] = [made for one in values if (made := _checked(name, one, problems)) is not _WRONG]
            twice = [value for place, value in enumerate(found[name]) if value in found[name][:place]]
            if twice:
                problems.append(f"line {value.line}: {name} has the value {twice[0]!r} twice.")
    return found


_WRONG = object()


def _checked(name: str, value: Value, problems: list[str]) -> Any:
    """Return a value as the recipe holds it, or _WRONG after adding a sentence about it."""
    if isinstance(value.content, (list, dict)):
        problems.append(f"line {value.line}: a value of {name} is a list or a mapping; write single values.")
        return _WRONG
    try:
        return Recipe.checked_value(name, value.content)
    except RecipeError as error:
        problems.append(f"line {value.line}: {error}")
        return _WRONG


def _joined(path: Path, problems: list[str]) -> str:
    shown = problems[:_SHOWN_PROBLEMS]
    if len(problems) > len(shown):
        shown = [*shown, f"and {len(problems) - len(shown)} more."]
    if len(shown) == 1:
        return f"{path}: {shown[0]}"
    return f"{path} has {len(problems)} problems: " + " ".join(f"({n}) {text}" for n, text in enumerate(shown, 1))

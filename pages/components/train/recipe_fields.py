"""The fields of the recipe form: how a setting is drawn, with its label, help, limits and remembered value."""

from collections.abc import Callable, Collection
from functools import cache
from typing import Any, Literal

import streamlit as st

from core.training.choices import CHOICES, NAMED_WEIGHTS
from core.training.recipe import TASK_DEFAULTS, Recipe
from pages.components.train.recipe_labels import CHOICE_NAMES, FIELD_LABELS

FIELDS = Recipe.model_fields
KEY = "recipe-"
TASK = "recipe-of-task"

_ONLY_CLASSES = ("cutmix", "test_time_views", "head_features", "head_size")
"""Settings that a localization has no use for: they keep their default there."""

_STEPS = {
    "learning_rate": 1e-4,
    "weight_decay": 1e-4,
    "label_smoothing": 0.05,
    "focal_gamma": 0.5,
    "mixup": 0.1,
    "cutmix": 0.1,
    "random_erasing": 0.05,
    "ema": 1e-3,
    "layer_decay": 0.05,
    "time_limit": 1.0,
}

# The nearest number to a limit that is itself not allowed, such as a learning rate of 0.
_BESIDE = 1e-9


def default_value(field: str) -> Any:
    """Return the default of a setting for the task of the project."""
    return TASK_DEFAULTS[st.session_state.get(TASK, "classification")].get(field, FIELDS[field].default)


def current_value(field: str) -> Any:
    """Return what a setting is set to in this tab, whether it is drawn or not."""
    return st.session_state.get(f"{KEY}{field}", default_value(field))


def value_in_use(field: str) -> Any:
    """Return the current value of a setting if it goes with the others, and its default if it does not."""
    return current_value(field) if follows(field) else default_value(field)


def choice_names(field: str) -> dict[str, str]:
    """Return the choices of a setting with their names on the page."""
    return {value: CHOICE_NAMES.get(value, value) for value in CHOICES[field]}


def field_arguments(field: str, allowed: Collection[str] | None = None) -> dict[str, Any]:
    """Return the arguments that all fields share. The value is put into the session before the field is drawn."""
    value = current_value(field)
    if allowed is not None and value not in allowed:
        value = default_value(field)
    st.session_state[f"{KEY}{field}"] = value
    return {"key": f"{KEY}{field}", "help": FIELDS[field].description, "persist_state": "session"}


def segments(
    field: str,
    names: dict[str, str],
    headed: bool = False,
    width: Literal["stretch", "content"] = "content",
    on_change: Callable[[], None] | None = None,
) -> str:
    """Draw one button per choice; return the selected value. With ``headed``, a heading above shows label and help."""
    shared = field_arguments(field, names)
    st.segmented_control(
        FIELD_LABELS[field],
        list(names),
        required=True,
        format_func=names.__getitem__,
        label_visibility="collapsed" if headed else "visible",
        width=width,
        on_change=on_change,
        **shared,
    )
    return str(st.session_state[f"{KEY}{field}"])


def select(field: str, names: dict[str, str]) -> str:
    """Draw a list to choose from; return the selected value."""
    shared = field_arguments(field, names)
    st.selectbox(FIELD_LABELS[field], list(names), format_func=lambda name: names.get(name, name), **shared)
    return str(st.session_state[f"{KEY}{field}"])


def number(field: str, empty: str | None = None) -> Any:
    """Draw a number field; return its value. With the placeholder ``empty`` it may be left blank (None)."""
    lowest, highest = limits(field)
    whole = isinstance(lowest, int)
    shared = field_arguments(field)
    if (value := st.session_state[f"{KEY}{field}"]) is not None:  # a recipe of the command line may be at the edge
        st.session_state[f"{KEY}{field}"] = min(max(value, lowest), highest)
    return st.number_input(
        FIELD_LABELS[field],
        lowest,
        highest,
        None if empty else "min",
        step=1 if whole else _STEPS[field],
        format=None if whole else "%g",
        placeholder=empty,
        **shared,
    )


def solves_head() -> bool:
    """Return whether what is set in this tab solves the head on kept vectors, without epochs and learning rates."""
    drawn = Recipe.model_construct(**{name: value_in_use(name) for name in FIELDS})
    return drawn.solves_head(st.session_state.get(TASK, "classification"))


def automatic() -> bool:
    """Return whether what is set in this tab is an automatic training."""
    return bool(current_value("train") == "automatic")


def follows(field: str) -> bool:
    """Return whether a setting goes with the task, and with the layers, weights and optimizer set in this tab."""
    train, weights = current_value("train"), current_value("weights")
    if field in _ONLY_CLASSES and st.session_state.get(TASK) == "localization":
        return False
    if field == "interpolate":
        if weights in NAMED_WEIGHTS:
            return bool(train in ("staged", "automatic") and weights != "none")
        return bool(train != "head" or current_value("optimizer") not in ("auto", "logistic"))
    if field == "head_features":
        solved = train == "head" and current_value("optimizer") in ("auto", "logistic")
        return bool(solved or automatic())
    if field == "optimizer" and current_value("optimizer") == "logistic":  # where it is not offered
        return not automatic() and st.session_state.get(TASK) != "localization"
    if field == "batch_norm":  # without pretrained or without trained layers there is nothing to choose
        return bool(train != "head" and weights != "none")
    if field == "head_size":
        return bool(train not in ("head", "automatic"))
    return True


@cache
def limits(field: str) -> tuple[float, float]:
    """Return the lowest and the highest number that the recipe allows in a field: what is drawn is never refused."""
    described = Recipe.model_json_schema()["properties"][field]
    numbers = next(kind for kind in described.get("anyOf", [described]) if kind["type"] != "null")
    whole = numbers["type"] == "integer"
    beside = 1 if whole else _BESIDE
    lowest = numbers["minimum"] if "minimum" in numbers else numbers["exclusiveMinimum"] + beside
    highest = numbers["maximum"] if "maximum" in numbers else numbers["exclusiveMaximum"] - beside
    return (int(lowest), int(highest)) if whole else (float(lowest), float(highest))

"""The form "Compare recipes": up to three settings with several values each; every combination is a recipe."""

from typing import Any

import streamlit as st

from core.errors import RecipeError
from core.models.zoo import ARCHITECTURES
from core.runs.sweeps.grid import product_of
from core.runs.sweeps.plan import Cell
from core.training.choices import CHOICES
from core.training.recipe import Recipe
from pages.components.shared.wording import plain
from pages.components.train.recipe_fields import current_value
from pages.components.train.recipe_labels import FIELD_LABELS, value_text

MOST_SETTINGS = 3
KEY = "compare"
# Those that do not change the model, that are the same for all runs of a sweep, or that Seeds is for.
_LEFT_OUT = {"seed", "split_seed", "source", "device", "workers", "processes", "deterministic"}


def draw(task: str) -> list[Cell] | None:
    """Draw the switch and the form; return the settings of each recipe, ``[{}]`` while it is off.

    None while the form is not complete.
    """
    on = st.toggle(
        "Compare recipes",
        key=f"{KEY}-on",
        persist_state="session",
        help="Choose settings and several values for each. Every combination is trained, one run after the other, and "
        "compared on the validation photos.",
    )
    if not on:
        return [{}]
    columns: dict[str, list[Any]] = {}
    complete = True
    with st.container(border=True, key=f"{KEY}-form"):
        for place in range(MOST_SETTINGS):
            with st.container(horizontal=True, vertical_alignment="bottom"):
                field = _setting(place, task, set(columns))
                values = _values(field, place) if field else []
            if field is None:
                complete = complete and place > 0
                break
            if len(values) < 2:
                complete = False
                st.caption(f"Choose at least two values of {FIELD_LABELS[field].lower()}.")
                break
            columns[field] = values
        if columns:
            parts = [f"{len(values)} values of {FIELD_LABELS[name].lower()}" for name, values in columns.items()]
            st.caption(f"{plain(' × '.join(parts))}. All other settings are those of the form below.")
    return list(product_of(columns)) if complete else None


def comparable_settings(task: str) -> list[str]:
    """Return the settings that can be compared, in the order of the recipe."""
    return [
        name
        for name in Recipe.model_fields
        if name in FIELD_LABELS and name not in _LEFT_OUT and (name != "box_loss" or task == "localization")
    ]


def _setting(place: int, task: str, taken: set[str]) -> str | None:
    names = [name for name in comparable_settings(task) if name not in taken]
    key = f"{KEY}-setting-{place}"
    if st.session_state.get(key) not in names:
        st.session_state[key] = None
    chosen: str | None = st.selectbox(
        "Setting to compare" if place == 0 else "And another setting (optional)",
        names,
        index=None,
        format_func=FIELD_LABELS.__getitem__,
        placeholder="Choose a setting",
        key=key,
        persist_state="session",
        width=280,
    )
    return chosen


def _values(field: str, place: int) -> list[Any]:
    choices = choices_of(field)
    now = current_value(field)
    key = f"{KEY}-values-{place}-{field}"
    if choices:
        usual = [now] if now in choices else []
        return list(
            st.multiselect(
                "Values",
                choices,
                default=None if key in st.session_state else usual,
                format_func=lambda value: value_text(field, value),
                key=key,
                persist_state="session",
                width="stretch",
            )
        )
    text = st.text_input(
        "Values, separated by commas",
        value=None if key in st.session_state else "" if now is None else f"{value_text(field, now)}, ",
        placeholder="such as 0.001, 0.003" if _is_float(field) else "such as 4, 8, 16",
        key=key,
        persist_state="session",
        width="stretch",
        max_chars=400,
    )
    try:
        return numbers(field, text or "")
    except RecipeError as error:
        st.error(plain(str(error)))
        return []


def choices_of(field: str) -> list[Any]:
    """Return the values of a setting that is chosen from a list; none for numbers."""
    if field == "arch":
        return list(ARCHITECTURES)
    if field in CHOICES:
        return list(CHOICES[field])
    return [False, True] if Recipe.model_fields[field].annotation is bool else []


def numbers(field: str, text: str) -> list[Any]:
    """Return the numbers in a line, each once; raises RecipeError for what the recipe does not allow."""
    found: list[Any] = []
    for part in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        value = Recipe.checked_value(field, part)
        if value not in found:
            found.append(value)
    return found


def _is_float(field: str) -> bool:
    return "float" in str(Recipe.model_fields[field].annotation)

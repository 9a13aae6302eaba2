"""The recipe form: every setting with a good default and a short help; its values become a Recipe."""

from collections.abc import Collection
from typing import Any, Literal

import streamlit as st

from core.errors import WeightsUnavailable
from core.models.weights_table import available, entries_for
from core.models.zoo import ARCHITECTURES
from core.runs.folder import RunFolder
from core.training.choices import CHOICES, NAMED_WEIGHTS
from core.training.recipe import TASK_DEFAULTS, Recipe
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.pickers import run_name
from pages.components.shared.wording import plain
from pages.components.train.block_diagram import diagram_html
from pages.components.train.recipe_labels import (
    ARCH_NAMES,
    CHOICE_NAMES,
    FIELD_LABELS,
    SHORT_TRAIN_NAMES,
    WEIGHT_NAMES,
)
from pages.components.train.time_estimate import recipe_or_none

FIELDS = Recipe.model_fields
OWN_FILE = "file"
KEY = "recipe-"
TASK = "recipe-of-task"
HIDDEN_AT_FIRST = (
    *("optimizer", "learning_rate", "schedule"),
    *("batch_size", "weight_decay", "label_smoothing", "class_weighting", "box_loss"),
    *("mode", "size", "patience", "seed", "device", "precision", "deterministic"),
)

# The nearest number to a limit that is itself not allowed, such as a learning rate of 0.
_BESIDE = 1e-9


def prepare(task: str) -> None:
    """Reset the settings whose defaults depend on the task when the task changes. Call it before drawing the form."""
    if st.session_state.setdefault(TASK, "classification") != task:
        st.session_state[TASK] = task
        for field in {name for defaults in TASK_DEFAULTS.values() for name in defaults}:
            st.session_state.pop(f"{KEY}{field}", None)


def default_value(field: str) -> Any:
    """Return the default of a setting for the task of the project."""
    return TASK_DEFAULTS[st.session_state.get(TASK, "classification")].get(field, FIELDS[field].default)


def layers_to_train() -> dict[str, Any]:
    """Draw the choice of the layers to train, with the block diagram."""
    with st.container(border=True):
        _heading("train")
        train = _segments("train", SHORT_TRAIN_NAMES, headed=True, width="stretch")
        # The diagram of staged training names its epochs, which are chosen further down.
        epochs = {"epochs": _current("epochs") or 1, "head_epochs": _current("head_epochs")}
        st.html(diagram_html(Recipe.model_construct(train=train, **epochs), palette(frame.is_dark())))
        st.caption(CHOICES["train"][train])
    return {"train": train}


def network(runs: list[RunFolder], more: bool) -> dict[str, Any]:
    """Draw the choice of the architecture and its starting weights."""
    values: dict[str, Any] = {}
    with st.container(border=True, height="stretch"):
        st.markdown("## Network")
        chosen = st.session_state.get(f"{KEY}arch")
        # The five common ones; "More settings" shows the rest of the family.
        common = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
        archs = [name for name in ARCHITECTURES if more or name in common or name == chosen]
        values["arch"] = _select("arch", {name: ARCH_NAMES[name] for name in archs})
        finished = [run for run in runs if run.finished]
        own = {str(run.best): f"Continue from: {run_name(run)}" for run in finished if _fits(run, values["arch"])}
        file = {OWN_FILE: "My own file"} if frame.offers_server_files() else {}
        wanted = _current("weights")
        if file and wanted not in (*WEIGHT_NAMES, OWN_FILE, *(str(run.best) for run in finished)):
            st.session_state[f"{KEY}weights"], st.session_state[f"{KEY}file"] = OWN_FILE, wanted
        values["weights"] = _select("weights", WEIGHT_NAMES | own | file)
        if values["weights"] == OWN_FILE:
            values["weights"] = st.text_input(
                "Path of the weight file or bundle folder",
                key=f"{KEY}file",
                placeholder="/home/me/model.safetensors",
                help=FIELDS["weights"].description,
                persist_state="session",
            )
        st.caption(CHOICES["weights"].get(values["weights"], "Training continues from these weights."))
        if values["weights"] in NAMED_WEIGHTS and values["weights"] != "none":
            _show_download_note(values["arch"], values["weights"])
    return values


def _fits(run: RunFolder, arch: str) -> bool:
    """Return whether a run's weights fit this architecture; v1 differs only in its strides."""
    recipe = recipe_or_none(run)
    return recipe is not None and recipe.arch.removesuffix("-v1") == arch.removesuffix("-v1")


def _show_download_note(arch: str, weights: str) -> None:
    """Say so if the weights must be downloaded first, or do not exist."""
    try:
        if available(arch, weights) is None:
            megabytes = entries_for(arch, weights)[0].megabytes
            st.caption(
                f":material/cloud_download: Not downloaded yet. The run downloads them once "
                f"before training, about {megabytes:.0f} MB."
            )
    except WeightsUnavailable as error:
        st.warning(plain(str(error)), icon=":material/info:")


def training_length(train: str) -> dict[str, Any]:
    """Draw the fields for the number of epochs."""
    values: dict[str, Any] = {}
    with st.container(border=True, height="stretch"):
        st.markdown("## Training length")
        values["epochs"] = _number("epochs")
        if train == "staged":
            values["head_epochs"] = _number("head_epochs", "automatic (a quarter)")
        st.caption("An epoch is one pass through all training photos. The model of the best epoch is kept.")
    return values


def augmentation() -> dict[str, Any]:
    """Draw the choice of the data augmentation; the page draws the preview below it."""
    _heading("augmentation")
    chosen = _segments("augmentation", _names("augmentation"), headed=True)
    st.caption(CHOICES["augmentation"][chosen])
    return {"augmentation": chosen}


def optimization() -> dict[str, Any]:
    """Draw the optimizer, the learning rate and its schedule."""
    values: dict[str, Any] = {}
    values["optimizer"] = _segments("optimizer", _names("optimizer"))
    st.caption(CHOICES["optimizer"][values["optimizer"]])
    values["learning_rate"] = _number("learning_rate", "automatic")
    values["schedule"] = _segments("schedule", _names("schedule"))
    st.caption(CHOICES["schedule"][values["schedule"]])
    return values


def regularization() -> dict[str, Any]:
    """Draw the batch size and the settings against overfitting and imbalance."""
    values: dict[str, Any] = {}
    values["batch_size"] = _number("batch_size")
    values["weight_decay"] = _number("weight_decay")
    values["label_smoothing"] = _number("label_smoothing")
    values["class_weighting"] = _segments("class_weighting", _names("class_weighting"))
    st.caption(CHOICES["class_weighting"][values["class_weighting"]])
    values["box_loss"] = _current("box_loss")
    if st.session_state.get(TASK) == "localization":
        values["box_loss"] = _segments("box_loss", _names("box_loss"))
        st.caption(CHOICES["box_loss"][values["box_loss"]])
    return values


def preprocessing() -> dict[str, Any]:
    """Draw the resize mode and the image size."""
    values: dict[str, Any] = {}
    values["mode"] = _segments("mode", _names("mode"))
    st.caption(CHOICES["mode"][values["mode"]])
    values["size"] = _number("size")
    return values


def stopping_and_device() -> dict[str, Any]:
    """Draw early stopping, the random seed, the device, the precision and whether the computation is repeatable."""
    values: dict[str, Any] = {}
    values["patience"] = _number("patience")
    values["seed"] = _number("seed")
    values["device"] = st.text_input(FIELD_LABELS["device"], **_field("device"))
    values["precision"] = _select("precision", _names("precision"))
    values["deterministic"] = st.toggle(FIELD_LABELS["deterministic"], **_field("deterministic"))
    return values


def hidden_values() -> dict[str, Any]:
    """Return the current values of the settings that "More settings" would show."""
    return {name: _current(name) for name in HIDDEN_AT_FIRST}


def changed_labels(values: dict[str, Any]) -> list[str]:
    """Return the labels of the hidden settings that differ from their defaults."""
    return [FIELD_LABELS[name].lower() for name in HIDDEN_AT_FIRST if values[name] != default_value(name)]


def fill(recipe: Recipe) -> None:
    """Put a recipe's values into the form. Call it before drawing the form, in a callback."""
    for name, value in recipe.model_dump().items():
        st.session_state[f"{KEY}{name}"] = value
    # The form is drawn for the open project; if it has not been yet, it would take the defaults of the task.
    if project := frame.project():
        st.session_state[TASK] = project.task


def _current(field: str) -> Any:
    return st.session_state.get(f"{KEY}{field}", default_value(field))


def _heading(field: str) -> None:
    """Draw the label of a setting as a heading with its help."""
    terms = f"\n\n{explained('stem', 'head')}" if field == "train" else ""  # the words of the diagram below it
    st.markdown(f"## {FIELD_LABELS[field]}", help=f"{FIELDS[field].description}{terms}")


def _names(field: str) -> dict[str, str]:
    return {value: CHOICE_NAMES.get(value, value) for value in CHOICES[field]}


def _field(field: str, allowed: Collection[str] | None = None) -> dict[str, Any]:
    """Return the arguments that all fields share. The value is put into the session before the field is drawn."""
    value = _current(field)
    if allowed is not None and value not in allowed:
        value = default_value(field)
    st.session_state[f"{KEY}{field}"] = value
    return {"key": f"{KEY}{field}", "help": FIELDS[field].description, "persist_state": "session"}


def _segments(
    field: str, names: dict[str, str], headed: bool = False, width: Literal["stretch", "content"] = "content"
) -> str:
    """Draw one button per choice; return the selected value. With ``headed``, a heading above shows label and help."""
    shared = _field(field, names)
    st.segmented_control(
        FIELD_LABELS[field],
        list(names),
        required=True,
        format_func=names.__getitem__,
        label_visibility="collapsed" if headed else "visible",
        width=width,
        **shared,
    )
    return str(st.session_state[f"{KEY}{field}"])


def _select(field: str, names: dict[str, str]) -> str:
    shared = _field(field, names)
    st.selectbox(FIELD_LABELS[field], list(names), format_func=lambda name: names.get(name, name), **shared)
    return str(st.session_state[f"{KEY}{field}"])


def _number(field: str, empty: str | None = None) -> Any:
    """Draw a number field; return its value. With the placeholder ``empty`` it may be left blank (None)."""
    lowest, highest = limits(field)
    whole = isinstance(lowest, int)
    steps = {"learning_rate": 1e-4, "weight_decay": 1e-4, "label_smoothing": 0.05}
    shared = _field(field)
    if (value := st.session_state[f"{KEY}{field}"]) is not None:  # a recipe of the command line may be at the edge
        st.session_state[f"{KEY}{field}"] = min(max(value, lowest), highest)
    return st.number_input(
        FIELD_LABELS[field],
        lowest,
        highest,
        None if empty else "min",
        step=1 if whole else steps[field],
        format=None if whole else "%g",
        placeholder=empty,
        **shared,
    )


def limits(field: str) -> tuple[float, float]:
    """Return the lowest and the highest number that the recipe allows in a field: what is drawn is never refused."""
    described = Recipe.model_json_schema()["properties"][field]
    numbers = next(kind for kind in described.get("anyOf", [described]) if kind["type"] != "null")
    whole = numbers["type"] == "integer"
    beside = 1 if whole else _BESIDE
    lowest = numbers["minimum"] if "minimum" in numbers else numbers["exclusiveMinimum"] + beside
    highest = numbers["maximum"] if "maximum" in numbers else numbers["exclusiveMaximum"] - beside
    return (int(lowest), int(highest)) if whole else (float(lowest), float(highest))

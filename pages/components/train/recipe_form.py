"""The form of a recipe: good choices from the start, each with what it does; its values become a Recipe."""

from collections.abc import Collection
from typing import Any

import streamlit as st

from core.errors import WeightsUnavailable
from core.models.weights_table import available, entries_for
from core.models.zoo import ARCHITECTURES
from core.runs.folder import RunFolder
from core.training.choices import CHOICES, NAMED_WEIGHTS
from core.training.recipe import TASK_DEFAULTS, Recipe
from pages.components.shared import frame
from pages.components.shared.charts import ink
from pages.components.shared.pickers import run_name
from pages.components.train.block_diagram import drawing
from pages.components.train.run_sentences import ARCH_NAMES, CHOICE_NAMES, TRAIN_NAMES, WEIGHT_NAMES
from pages.components.train.time_estimate import recipe_of

FIELDS = Recipe.model_fields
OWN_FILE = "file"
KEY = "recipe-"
TASK = "recipe-of-task"
MORE = (
    *("optimizer", "learning_rate", "schedule"),
    *("batch_size", "weight_decay", "label_smoothing", "class_weighting", "box_loss"),
    *("mode", "size", "patience", "seed", "device", "precision"),
)


def begin(task: str) -> None:
    """To be called before the form is drawn: in a project of another task its usual choices are begun with."""
    if st.session_state.setdefault(TASK, "classification") != task:
        st.session_state[TASK] = task
        for field in {name for defaults in TASK_DEFAULTS.values() for name in defaults}:
            st.session_state.pop(f"{KEY}{field}", None)


def usual(field: str) -> Any:
    """What a choice is where nobody has chosen, for the task of the project."""
    return TASK_DEFAULTS[st.session_state.get(TASK, "classification")].get(field, FIELDS[field].default)


def what_learns() -> dict[str, Any]:
    """Which part of the network is trained, with its drawing."""
    with st.container(border=True):
        st.markdown("##### What learns")
        train = _segments("train", "What learns", TRAIN_NAMES, hidden=True)
        # The epochs are chosen further down, and the drawing of a staged training names them.
        known = {"epochs": _kept("epochs") or 1, "head_epochs": _kept("head_epochs")}
        st.html(drawing(Recipe.model_construct(train=train, **known), ink(frame.is_dark())))
        st.caption(CHOICES["train"][train])
    return {"train": train}


def network(runs: list[RunFolder], more: bool) -> dict[str, Any]:
    """The architecture and where its weights come from."""
    values: dict[str, Any] = {}
    with st.container(border=True, height="stretch"):
        st.markdown("##### Network")
        chosen = st.session_state.get(f"{KEY}arch")
        # The five that every book names; the rest of the family stands behind "More choices".
        plain = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
        archs = [name for name in ARCHITECTURES if more or name in plain or name == chosen]
        values["arch"] = _select("arch", "Architecture", {name: ARCH_NAMES[name] for name in archs})
        finished = [run for run in runs if run.finished]
        own = {str(run.best): f"Go on from: {run_name(run)}" for run in finished if _fits(run, values["arch"])}
        file = {OWN_FILE: "A file of my own"} if frame.listens_on_localhost() else {}
        wanted = _kept("weights")
        if file and wanted not in (*WEIGHT_NAMES, OWN_FILE, *(str(run.best) for run in finished)):
            st.session_state[f"{KEY}weights"], st.session_state[f"{KEY}file"] = OWN_FILE, wanted
        values["weights"] = _select("weights", "Starting weights", WEIGHT_NAMES | own | file)
        if values["weights"] == OWN_FILE:
            values["weights"] = st.text_input(
                "Path of the file or bundle folder",
                key=f"{KEY}file",
                placeholder="/home/me/model.safetensors",
                help=FIELDS["weights"].description,
                persist_state="session",
            )
        st.caption(CHOICES["weights"].get(values["weights"], "The network goes on from these weights."))
        if values["weights"] in NAMED_WEIGHTS and values["weights"] != "none":
            _tell_whether_here(values["arch"], values["weights"])
    return values


def _fits(run: RunFolder, arch: str) -> bool:
    """Whether a run's network is of this architecture; v1 differs in its strides only."""
    recipe = recipe_of(run)
    return recipe is not None and recipe.arch.removesuffix("-v1") == arch.removesuffix("-v1")


def _tell_whether_here(arch: str, weights: str) -> None:
    """A line where the weights have to be fetched first, or cannot be had at all."""
    try:
        if available(arch, weights) is None:
            megabytes = entries_for(arch, weights)[0].megabytes
            st.caption(
                f":material/cloud_download: Not on this computer yet: the training fetches them first, "
                f"once, about {megabytes:.0f} MB."
            )
    except WeightsUnavailable as error:
        st.warning(str(error), icon=":material/info:")


def length(train: str) -> dict[str, Any]:
    """How long is trained, and in how big steps over the photos."""
    values: dict[str, Any] = {}
    with st.container(border=True, height="stretch"):
        st.markdown("##### How long")
        values["epochs"] = _number("epochs", "Epochs", 1, 500)
        if train == "staged":
            values["head_epochs"] = _number("head_epochs", "Of these, for the head alone", 1, 499, "a quarter of them")
        st.caption("An epoch is one pass through all training photos. The best epoch is the one that is kept.")
    return values


def variations() -> dict[str, Any]:
    """Augmentation; the page draws its preview below."""
    values = {
        "augmentation": _segments("augmentation", "Random changes to the training photos", _names("augmentation"))
    }
    st.caption(CHOICES["augmentation"][values["augmentation"]])
    return values


def steps() -> dict[str, Any]:
    """Optimizer, rate and schedule."""
    values: dict[str, Any] = {}
    values["optimizer"] = _segments("optimizer", "Optimizer", _names("optimizer"))
    st.caption(CHOICES["optimizer"][values["optimizer"]])
    values["learning_rate"] = _number("learning_rate", "Learning rate", 0.0, 10.0, "a good one")
    values["schedule"] = _segments("schedule", "Schedule", _names("schedule"))
    st.caption(CHOICES["schedule"][values["schedule"]])
    return values


def regularization() -> dict[str, Any]:
    """What holds the network back from learning by heart, and the batches."""
    values: dict[str, Any] = {}
    values["batch_size"] = _number("batch_size", "Batch size", 1, 4096)
    values["weight_decay"] = _number("weight_decay", "Weight decay", 0.0, 1.0)
    values["label_smoothing"] = _number("label_smoothing", "Label smoothing", 0.0, 0.9)
    values["class_weighting"] = _segments("class_weighting", "Class weighting", _names("class_weighting"))
    st.caption(CHOICES["class_weighting"][values["class_weighting"]])
    values["box_loss"] = _kept("box_loss")
    if st.session_state.get(TASK) == "localization":
        values["box_loss"] = _segments("box_loss", "Loss of the box", _names("box_loss"))
        st.caption(CHOICES["box_loss"][values["box_loss"]])
    return values


def square() -> dict[str, Any]:
    """How a photo becomes the square that the network sees."""
    values: dict[str, Any] = {}
    values["mode"] = _segments("mode", "How a photo becomes a square", _names("mode"))
    st.caption(CHOICES["mode"][values["mode"]])
    values["size"] = _number("size", "Side of the square in pixels", 32, 1024)
    return values


def machine() -> dict[str, Any]:
    """Early stopping, the seed, and where it is computed."""
    values: dict[str, Any] = {}
    values["patience"] = _number("patience", "Early stopping: epochs without progress", 0, 500)
    values["seed"] = _number("seed", "Seed", 0, 2**31 - 1)
    values["device"] = st.text_input("Device", **_start("device"))
    values["precision"] = _select("precision", "Precision", _names("precision"))
    return values


def behind() -> dict[str, Any]:
    """The choices behind "More choices" while they are not shown: as they were left."""
    return {name: _kept(name) for name in MORE}


def changed(values: dict[str, Any]) -> list[str]:
    """Which of the choices behind "More choices" differ from the usual ones, in words."""
    return [name.replace("_", " ") for name in MORE if values[name] != usual(name)]


def fill(recipe: Recipe) -> None:
    """Put a recipe's values into the form; to be called before it is drawn (in a callback)."""
    for name, value in recipe.model_dump().items():
        st.session_state[f"{KEY}{name}"] = value


def _kept(field: str) -> Any:
    return st.session_state.get(f"{KEY}{field}", usual(field))


def _names(field: str) -> dict[str, str]:
    return {value: CHOICE_NAMES.get(value, value) for value in CHOICES[field]}


def _start(field: str, allowed: Collection[str] | None = None) -> dict[str, Any]:
    """What every field of the form has in common; its value is in the session before it is drawn."""
    value = _kept(field)
    if allowed is not None and value not in allowed:
        value = usual(field)
    st.session_state[f"{KEY}{field}"] = value
    return {"key": f"{KEY}{field}", "help": FIELDS[field].description, "persist_state": "session"}


def _segments(field: str, label: str, names: dict[str, str], hidden: bool = False) -> str:
    shared = _start(field, names)
    visibility: Any = "collapsed" if hidden else "visible"
    st.segmented_control(
        label,
        list(names),
        required=True,
        format_func=names.__getitem__,
        label_visibility=visibility,
        width="stretch" if hidden else "content",
        **shared,
    )
    return str(st.session_state[f"{KEY}{field}"])


def _select(field: str, label: str, names: dict[str, str]) -> str:
    shared = _start(field, names)
    st.selectbox(label, list(names), format_func=lambda name: names.get(name, name), **shared)
    return str(st.session_state[f"{KEY}{field}"])


def _number(field: str, label: str, lowest: float, highest: float, empty: str | None = None) -> Any:
    """A number field; with ``empty`` it may be left blank, which means None."""
    whole = isinstance(lowest, int)
    steps = {"learning_rate": 1e-4, "weight_decay": 1e-4, "label_smoothing": 0.05}
    shared = _start(field)
    return st.number_input(
        label,
        lowest,
        highest,
        None if empty else "min",
        step=1 if whole else steps[field],
        format=None if whole else "%g",
        placeholder=f"blank: {empty}" if empty else None,
        **shared,
    )

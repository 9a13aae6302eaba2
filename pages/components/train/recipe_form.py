"""The recipe form: every setting with a good default and a short help; its values become a Recipe."""

from typing import Any

import streamlit as st

from core.errors import WeightsUnavailable
from core.models.weights_table import available, entries_for
from core.models.zoo import ARCHITECTURES
from core.runs.automatic.next_phase import USUAL_SECONDS
from core.runs.estimates.speed import recipe_or_none
from core.runs.folder import RunFolder
from core.training.choices import CHOICES, NAMED_WEIGHTS
from core.training.recipe import TASK_DEFAULTS, Recipe
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.pickers import run_name
from pages.components.shared.wording import plain
from pages.components.train.block_diagram import diagram_html
from pages.components.train.recipe_fields import (
    FIELDS,
    KEY,
    TASK,
    choice_names,
    current_value,
    default_value,
    number,
    segments,
    select,
    solves_head,
    value_in_use,
)
from pages.components.train.recipe_labels import ARCH_NAMES, FIELD_LABELS, SHORT_TRAIN_NAMES, WEIGHT_NAMES

OWN_FILE = "file"
HIDDEN_AT_FIRST = (
    *("optimizer", "learning_rate", "schedule", "layer_decay", "ema", "batch_size", "accumulation", "batch_norm"),
    *("weight_decay", "label_smoothing", "loss", "focal_gamma", "class_weighting", "balanced_sampling", "box_loss"),
    *("views", "mixup", "cutmix", "random_erasing", "mode", "size", "test_time_views"),
    *("head_features", "interpolate", "head_size"),
    *("patience", "seed", "device", "precision", "processes", "deterministic", "keep_epochs"),
)
_WAS_AUTOMATIC = "recipe-was-automatic"


def prepare(task: str) -> None:
    """Reset the settings whose defaults depend on the task when the task changes. Call it before drawing the form."""
    if st.session_state.setdefault(TASK, "classification") != task:
        st.session_state[TASK] = task
        for field in {name for defaults in TASK_DEFAULTS.values() for name in defaults}:
            st.session_state.pop(f"{KEY}{field}", None)


def layers_to_train() -> dict[str, Any]:
    """Draw the choice of the layers to train, with the block diagram."""
    with st.container(border=True):
        _heading("train")
        train = segments("train", _train_choices(), headed=True, width="stretch", on_change=_forget_automatic)
        # The diagram of staged training names its epochs, which are chosen further down.
        epochs = {"epochs": current_value("epochs") or 1, "head_epochs": current_value("head_epochs")}
        st.html(diagram_html(Recipe.model_construct(train=train, **epochs), palette(frame.is_dark())))
        st.caption(CHOICES["train"][train])
    return {"train": train}


def _train_choices() -> dict[str, str]:
    """Return the choices of layers: random weights have no frozen part, so automatic training needs others.

    Where it was chosen, all layers are trained instead, until pretrained weights are chosen again.
    """
    key = f"{KEY}train"
    if current_value("weights") == "none":
        if current_value("train") == "automatic":
            st.session_state[key], st.session_state[_WAS_AUTOMATIC] = "all", True
        return {name: words for name, words in SHORT_TRAIN_NAMES.items() if name != "automatic"}
    if st.session_state.pop(_WAS_AUTOMATIC, False) and st.session_state[key] == "all":
        st.session_state[key] = "automatic"
    return SHORT_TRAIN_NAMES


def _forget_automatic() -> None:
    """Forget that random weights have replaced automatic training: the layers were chosen since."""
    st.session_state.pop(_WAS_AUTOMATIC, None)


def network(runs: list[RunFolder], more: bool) -> dict[str, Any]:
    """Draw the choice of the architecture and its starting weights."""
    values: dict[str, Any] = {}
    with st.container(border=True, height="stretch"):
        st.markdown("## Network")
        chosen = st.session_state.get(f"{KEY}arch")
        # The five common ones; "More settings" shows the rest of the family.
        common = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
        archs = [name for name in ARCHITECTURES if more or name in common or name == chosen]
        values["arch"] = select("arch", {name: ARCH_NAMES[name] for name in archs})
        finished = [run for run in runs if run.finished]
        own = {str(run.best): f"Continue from: {run_name(run)}" for run in finished if _fits(run, values["arch"])}
        file = {OWN_FILE: "My own file"} if frame.offers_server_files() else {}
        wanted = current_value("weights")
        if file and wanted not in (*WEIGHT_NAMES, OWN_FILE, *(str(run.best) for run in finished)):
            st.session_state[f"{KEY}weights"], st.session_state[f"{KEY}file"] = OWN_FILE, wanted
        values["weights"] = select("weights", WEIGHT_NAMES | own | file)
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
    """Draw the fields for the number of epochs, or for the time limit of automatic training."""
    values: dict[str, Any] = {"time_limit": None}
    with st.container(border=True, height="stretch"):
        st.markdown("## Training length")
        if train == "automatic":
            values["epochs"] = default_value("epochs")
            limit = number("time_limit", f"{USUAL_SECONDS / 60:.0f} (automatic)")
            values["time_limit"] = limit if limit is None else round(limit, 3) or limit
            st.caption(
                "You have a first model as soon as the head is trained, and can use it while the training goes on. "
                "There are no epochs to choose: more layers are trained for as long as the time limit allows, and "
                "kept only if the validation photos show a gain."
            )
            return values
        if solves_head():
            values["epochs"] = current_value("epochs")
            st.markdown(
                "The frozen layers are computed once for each photo. On that, the head is solved exactly, in seconds."
            )
            st.caption(
                "So there are no epochs, and the learning rate and batch size have no effect. To train step by step, "
                "choose an optimizer under *More settings*."
            )
            return values
        values["epochs"] = number("epochs")
        if train == "staged":
            values["head_epochs"] = number("head_epochs", "automatic (a quarter)")
        st.caption("An epoch is one pass through all training photos. The model of the best epoch is kept.")
    return values


def augmentation() -> dict[str, Any]:
    """Draw the choice of the data augmentation; the page draws the preview below it."""
    _heading("augmentation")
    chosen = segments("augmentation", choice_names("augmentation"), headed=True)
    st.caption(CHOICES["augmentation"][chosen])
    return {"augmentation": chosen}


def hidden_values() -> dict[str, Any]:
    """Return the current values of the settings that "More settings" would show."""
    return {name: value_in_use(name) for name in HIDDEN_AT_FIRST}


def changed_labels(values: dict[str, Any]) -> list[str]:
    """Return the labels of the hidden settings that differ from their defaults."""
    return [FIELD_LABELS[name].lower() for name in HIDDEN_AT_FIRST if values[name] != default_value(name)]


def fill(recipe: Recipe) -> None:
    """Put a recipe's values into the form. Call it before drawing the form, in a callback."""
    _forget_automatic()
    for name, value in recipe.model_dump().items():
        st.session_state[f"{KEY}{name}"] = value
    # The form is drawn for the open project; if it has not been yet, it would take the defaults of the task.
    if project := frame.project():
        st.session_state[TASK] = project.task


def _heading(field: str) -> None:
    """Draw the label of a setting as a heading with its help."""
    terms = f"\n\n{explained('stem', 'head')}" if field == "train" else ""  # the words of the diagram below it
    st.markdown(f"## {FIELD_LABELS[field]}", help=f"{FIELDS[field].description}{terms}")

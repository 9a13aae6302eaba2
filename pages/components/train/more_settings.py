"""The settings behind "More settings" on the Train page, in small groups."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.snapshot import Snapshot
from core.data.store.store import Project
from core.runs.cluster.setting import ray_address
from core.training.choices import CHOICES
from core.training.recipe import Recipe
from pages.components.train.photo_preview import Placeholders, draw_previews
from pages.components.train.rate_search import draw_rate_search
from pages.components.train.recipe_fields import (
    TASK,
    automatic,
    choice_names,
    current_value,
    default_value,
    field_arguments,
    follows,
    number,
    segments,
    select,
    solves_head,
)
from pages.components.train.recipe_labels import FIELD_LABELS

AUTOMATIC_RATE = (
    "The head is solved, without a learning rate. The optimizer, the learning rate, its schedule and the batch size "
    "are for the layers trained after it. If you leave the learning rate empty, these layers use half the usual rate, "
    "because the head is already trained."
)
AUTOMATIC_RATE_BOXES = (
    "If you leave the learning rate empty, the layers trained after the head use half the usual rate, because the head "
    "is already trained. The schedule is that of one phase."
)


def more_settings(augmented: DeltaGenerator) -> tuple[dict[str, Any], Placeholders]:
    """Draw all groups; return their values and the placeholders for the previews. ``augmented`` is one of those."""
    values: dict[str, Any] = {}
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown("## Optimizer")
        optimization, rate, schedule = _optimization()
        values |= optimization
    with right.container(border=True, height="stretch"):
        st.markdown("## Batches and regularisation")
        values |= _regularization()
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown("## Augmentation")
        values |= _augmentation()
    with right.container(border=True, height="stretch"):
        st.markdown("## Preprocessing")
        values |= _preprocessing()
        resized = st.container()
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown("## Prediction")
        values |= _prediction()
        values |= _after_training()
    with right.container(border=True, height="stretch"):
        st.markdown("## Early stopping, seed and device")
        values |= _stopping_and_device()
    return values, Placeholders(augmented, resized, schedule, rate)


def draw_later(project: Project, snapshot: Snapshot, recipe: Recipe, placeholders: Placeholders) -> None:
    """Fill the placeholders, also those that take a while; call it after everything else on the page is drawn."""
    draw_previews(project, recipe, placeholders)
    if placeholders.rate is not None:
        draw_rate_search(snapshot, recipe, placeholders.rate)


def _optimization() -> tuple[dict[str, Any], DeltaGenerator | None, DeltaGenerator | None]:
    """Draw what decides the steps: optimizer, learning rates and the average of the weights.

    Returns the values, and the places of the learning-rate finder and the schedule; None where no rate matters.
    """
    values: dict[str, Any] = {"optimizer": _explained_segments("optimizer")}
    values["head_features"] = default_value("head_features")
    if follows("head_features"):
        values["head_features"] = _explained_segments("head_features")
    if solves_head():
        st.caption("The learning rate, its schedule and the batch size have no effect on a head that is solved.")
        values |= {name: current_value(name) for name in ("learning_rate", "schedule")}
        values |= {name: number(name) for name in ("layer_decay", "ema")}
        return values, None, None
    values["learning_rate"] = number("learning_rate", "automatic")
    rate = None
    if automatic():
        st.caption(AUTOMATIC_RATE_BOXES if _boxes() else AUTOMATIC_RATE)
    else:
        rate = st.container()
    values["schedule"] = _explained_segments("schedule")
    schedule = st.container()
    for name in ("layer_decay", "ema"):
        values[name] = number(name)
    return values, rate, schedule


def _regularization() -> dict[str, Any]:
    """Draw the batches, the loss, and the settings against overfitting and imbalance."""
    values: dict[str, Any] = {name: current_value(name) for name in ("batch_size", "weight_decay")}
    if not solves_head():
        values["batch_size"] = number("batch_size")
    values["accumulation"] = number("accumulation")
    if not solves_head():  # its penalty is chosen by cross-validation
        values["weight_decay"] = number("weight_decay")
    values["batch_norm"] = default_value("batch_norm")
    if follows("batch_norm"):
        values["batch_norm"] = _explained_segments("batch_norm")
    values["label_smoothing"] = number("label_smoothing")
    values["loss"] = _explained_segments("loss")
    if values["loss"] == "focal":
        values["focal_gamma"] = number("focal_gamma")
    values["class_weighting"] = _explained_segments("class_weighting")
    values["balanced_sampling"] = _toggle("balanced_sampling")
    if _boxes():
        values["box_loss"] = _explained_segments("box_loss")
    return values


def _augmentation() -> dict[str, Any]:
    """Draw how many views of a photo are kept, and how training photos are mixed and erased."""
    return {name: number(name) for name in ("views", "mixup", "cutmix", "random_erasing") if follows(name)}


def _preprocessing() -> dict[str, Any]:
    """Draw the resize mode and the image size."""
    return {"mode": _explained_segments("mode"), "size": number("size")}


def _prediction() -> dict[str, Any]:
    """Draw how the finished model predicts."""
    if _boxes():
        st.caption("A model with boxes predicts from a single view of each photo: boxes are not averaged.")
        return {}
    values = {"test_time_views": number("test_time_views")}
    st.caption("Used when the finished model is evaluated and when it predicts, not during training.")
    return values


def _after_training() -> dict[str, Any]:
    """Draw what may improve the model after the last epoch, where it goes with the layers and the starting weights."""
    values = {name: default_value(name) for name in ("interpolate", "head_size")}
    if follows("interpolate"):
        values["interpolate"] = _toggle("interpolate")
    if follows("head_size"):
        values["head_size"] = number("head_size", "off")
    if any(map(follows, values)):
        st.caption("Done after the last epoch, and kept only if it is better on the validation photos.")
    return values


def _stopping_and_device() -> dict[str, Any]:
    """Draw early stopping, the seed, the device and the precision, whether it is repeatable, and what is kept."""
    values: dict[str, Any] = {"patience": current_value("patience")}
    if not solves_head():
        values["patience"] = number("patience")
    values["seed"] = number("seed")
    values["device"] = st.text_input(FIELD_LABELS["device"], **field_arguments("device"))
    values["precision"] = select("precision", choice_names("precision"))
    values["processes"] = default_value("processes")
    if ray_address() is not None and not solves_head() and not automatic():
        values["processes"] = number("processes")
    values["deterministic"] = _toggle("deterministic")
    values["keep_epochs"] = _toggle("keep_epochs")
    return values


def _boxes() -> bool:
    return bool(st.session_state.get(TASK) == "localization")


def _explained_segments(field: str) -> str:
    """Draw one button per choice with the explanation of the selected one below; return the selected value."""
    names = choice_names(field)
    if field == "optimizer" and (_boxes() or automatic()):
        del names["logistic"]  # it finds no boxes, and trains no other layers
    chosen = segments(field, names)
    st.caption(CHOICES[field][chosen])
    return chosen


def _toggle(field: str) -> bool:
    return st.toggle(FIELD_LABELS[field], **field_arguments(field))

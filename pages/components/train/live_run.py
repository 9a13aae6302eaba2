"""One run as it goes: its state, bars, curves and log, read from its folder once a second."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.models.weights_table import available
from core.runs import jobs
from core.runs.folder import RunFolder
from core.runs.status import Status
from core.training.choices import NAMED_WEIGHTS
from pages.components.shared import charts, frame
from pages.components.shared.wording import counted, plain
from pages.components.train import recipe_form
from pages.components.train.run_list import look_at
from pages.components.train.run_sentences import STATE_WORDS, ago, facts_of, phase_of, progress_of, recipe_rows
from pages.components.train.split_counts import counts_of
from pages.components.train.time_estimate import recipe_of

SECONDS_BETWEEN_LOOKS = 1.0
VIEWS = ("Curves", "Log", "Recipe")


def show(run: RunFolder) -> None:
    """The run's page: live while a process is at work, at rest after."""
    status = run.status()
    if status.live:
        _watch(run)
    else:
        _head(run, status)
        _ending(run, status)
    view = st.segmented_control(
        "View", VIEWS, default="Log" if status.state == "failed" else "Curves", required=True,
        key=f"view-{run.id}-{status.state}", label_visibility="collapsed",
    )  # fmt: skip
    if view == "Curves":
        (_growing_curves if status.live else _curves)(run)
    elif view == "Log":
        (_growing_log if status.live else _log)(run)
    else:
        _recipe(run)


@frame.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _watch(run: RunFolder) -> None:
    status = run.status()
    if not status.live:
        st.rerun()
    _head(run, status)
    share, words = progress_of(status)
    place = jobs.queue_place(frame.workspace(), run)
    if place:
        others = "One other training is" if place == 1 else f"{place} other trainings are"
        st.info(
            f"{others} before this one. It starts by itself; you can leave this page.",
            icon=":material/hourglass_empty:",
        )
    else:
        st.progress(share, text=words)
        st.progress(*phase_of(status))
    with st.container(horizontal=True, vertical_alignment="center"):
        _stop_button(run, status)
        st.caption("It trains in a process of its own: you can leave this page, and come back.", width="stretch")


def _stop_button(run: RunFolder, status: Status) -> None:
    st.button(
        "Stopping …" if status.stop_requested else "Stop",
        icon=":material/stop:",
        disabled=status.stop_requested,
        on_click=_stop,
        args=(run,),
        key=f"stop-{run.id}",
        help="Ends the training within a batch. The best network so far is kept, and you can resume later.",
    )


def _stop(run: RunFolder) -> None:
    with frame.plain_errors():
        jobs.stop(run)


@frame.fragment(run_every=SECONDS_BETWEEN_LOOKS * 2)
def _growing_curves(run: RunFolder) -> None:
    _curves(run)


@frame.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _growing_log(run: RunFolder) -> None:
    _log(run)


def _head(run: RunFolder, status: Status) -> None:
    words, color = STATE_WORDS[status.state]
    st.subheader(f"{plain(status.title or run.id)} :{color}-badge[{words}]", anchor=False)
    st.caption(f"{counted(status.epochs, 'epoch')} · {ago(status.created)} · {facts_of(status)}".strip(" ·"))


def _ending(run: RunFolder, status: Status) -> None:
    """How a run ended, and what can be done next."""
    draw = {"finished": st.success, "failed": st.error}.get(status.state, st.warning)
    draw(status.message or f"This run is {STATE_WORDS[status.state][0]}.")
    with st.container(horizontal=True):
        if status.resumable:
            resume = st.button("Resume", type="primary", icon=":material/play_arrow:", key=f"resume-{run.id}")
            if resume:
                jobs.resume(frame.workspace(), run)
                st.rerun()
        if run.finished:
            kind = "primary" if status.state == "finished" else "secondary"
            for page, label in (
                ("Evaluate", "How good is it?"),
                ("Explain", "Where does it look?"),
                ("Export", "Export"),
            ):
                icon = frame.PAGES[page].icon
                pressed = st.button(
                    label, icon=icon, type="primary" if page == "Evaluate" and kind == "primary" else "secondary",
                    key=f"to-{page}",
                )  # fmt: skip
                if pressed:
                    frame.go(page, **({"model": run.id} if page == "Explain" else {"run": run.id}))
        if recipe_of(run):
            st.button("Train again with these choices", on_click=_again, args=(run,), key="again")
    if _weights_are_missing(run, status):
        st.button(
            "Train from scratch instead", on_click=_again, args=(run,), kwargs={"scratch": True}, key="from-scratch"
        )


def _again(run: RunFolder, scratch: bool = False) -> None:
    recipe = run.recipe()
    if scratch:
        recipe = recipe.model_copy(update={"weights": "none", "train": "all", "epochs": max(recipe.epochs, 30)})
    recipe_form.fill(recipe)
    look_at(None)


def _weights_are_missing(run: RunFolder, status: Status) -> bool:
    """Whether a run failed before its first epoch for want of pretrained weights."""
    if status.state != "failed" or run.finished:
        return False
    recipe = recipe_of(run)
    if recipe is None or recipe.weights not in NAMED_WEIGHTS or recipe.weights == "none":
        return False
    return available(recipe.arch, recipe.weights, recipe.source) is None


def _curves(run: RunFolder) -> None:
    epochs, steps = run.epochs(), run.steps()
    if not len(steps) and not len(epochs):
        st.caption("The curves begin with the first steps.")
        return
    colors, planned = charts.ink(frame.is_dark()), run.recipe().epochs
    left, right = st.columns(2)
    if "val_iou" in epochs:
        second = ("mean IoU", iou_curves(epochs, colors))
    else:
        chance = 1 / len(counts_of(run))
        second = ("accuracy", charts.accuracy_curves(epochs, steps, colors, chance, planned))
    figures = (("loss", charts.loss_curves(epochs, steps, colors, planned)), second)
    for place, (name, figure) in zip((left, right), figures, strict=True):
        place.plotly_chart(figure, key=f"{name}-{run.id}", config={"displayModeBar": False}, alt=f"The {name} by epoch")
    if len(steps):
        figure = charts.learning_rate_of(steps, colors, planned)
        st.plotly_chart(
            figure, key=f"rate-{run.id}", config={"displayModeBar": False}, alt="The learning rate by epoch"
        )


def iou_curves(epochs: pd.DataFrame, colors: charts.Ink) -> go.Figure:
    """The mean IoU of training and validation over the epochs of a localization."""
    parts = {"training": "train_iou", "validation": "val_iou"}
    tables = {name: epochs[["epoch"]].assign(iou=epochs[column]) for name, column in parts.items()}
    title = "Mean IoU: how much the predicted and the true boxes share"
    return charts.compared_curves(tables, "iou", title, colors).update_yaxes(range=[0, 1.03])


def _log(run: RunFolder) -> None:
    st.code(run.log() or "Nothing has been written yet.", language=None, wrap_lines=True, height=360)


def _recipe(run: RunFolder) -> None:
    """Every choice of the run beside the usual one."""
    task = "localization" if "val_iou" in run.epochs() else "classification"
    st.dataframe(recipe_rows(run.recipe(), task), hide_index=True, height="content")

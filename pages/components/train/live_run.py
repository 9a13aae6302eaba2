"""One run: its state, progress bars, curves and log, read from its folder once a second while it is live."""

import streamlit as st

from core.errors import RunError
from core.inspection.measuring.report import Report
from core.models.weights_table import available
from core.runs import jobs, metrics
from core.runs.estimates.speed import recipe_or_none
from core.runs.folder import RunFolder
from core.runs.status import Status
from core.training.choices import NAMED_WEIGHTS
from pages.components.glossary.terms import explained
from pages.components.shared import charts, frame
from pages.components.shared.errors import lately
from pages.components.shared.wording import counted, plain
from pages.components.train import recipe_form, verdict_view
from pages.components.train.automatic import phase_words, phases_view
from pages.components.train.automatic.phase_marks import mark_phases
from pages.components.train.recipe_labels import recipe_table
from pages.components.train.run_list import open_run
from pages.components.train.split_counts import counts_of, is_boxed
from pages.components.train.status_text import (
    STATE_BADGES,
    STATE_SENTENCES,
    device_summary,
    epochs_words,
    format_age,
    phase_progress,
    queue_sentence,
)

REFRESH_SECONDS = 1.0
VIEWS = ("Curves", "Log", "Recipe")
BEST_OF_SOLVER = (
    "The head was solved exactly: each point is an iteration of the solver over all training photos, and the last one "
    "is kept. With very few labels there is one step: nearest class means. The log says which, and how the penalty "
    "against overfitting was chosen."
)
BEST_BY_ACCURACY = (
    "The model of the best epoch is kept: the highest validation accuracy, at a tie the lower validation loss. "
    "Step-by-step figures are smoothed."
)
BEST_BY_BOXES = (
    "The model of the best epoch is kept: the highest validation IoU, counting 0 where the predicted class is wrong "
    "(the dashed line, where it differs), at a tie the lower validation loss. Step-by-step figures are smoothed."
)

BEST_OF_PHASES = (
    "Epochs are numbered through all phases. The best epoch of each phase, by validation accuracy, is compared with "
    "the model before; the winner is kept. Step-by-step figures are smoothed."
)
BEST_OF_BOX_PHASES = (
    "Epochs are numbered through all phases. The best epoch of each phase, by validation IoU counting 0 where the "
    "predicted class is wrong (the dashed line, where it differs), is compared with the model before; the winner is "
    "kept. Step-by-step figures are smoothed."
)
HEAD_WITHOUT_CURVES = (
    "The head is solved directly, without epochs, so it has no curves. Curves appear when more layers are trained."
)
STOP = "Stops after the current batch. The best model so far is kept, and you can resume later."
STOP_PHASE = (
    "Stops after the current batch. This phase's best epoch is compared with the model so far, and the better one is "
    "kept. You can resume later."
)


def show(run: RunFolder) -> None:
    """Draw the run: refreshed while it is live, static afterwards."""
    status = run.status()
    if status.live:
        _live_progress(run)
        _live_phases(run)
    else:
        _header(run, status)
        _outcome(run, status)
        phases_view.show(run, boxes=is_boxed(run))
    view = st.segmented_control(
        "View", VIEWS, default="Log" if status.state == "failed" else "Curves", required=True,
        key=f"view-{run.id}-{status.state}", label_visibility="collapsed",
    )  # fmt: skip
    if view == "Curves":
        (_live_curves if status.live else _curves)(run)
    elif view == "Log":
        (_live_log if status.live else _log)(run)
    else:
        _recipe(run)


@frame.fragment(run_every=REFRESH_SECONDS)
def _live_progress(run: RunFolder) -> None:
    status = run.status()
    if not status.live:
        st.rerun()
    _header(run, status)
    if status.state == "queued":
        st.info(
            plain(queue_sentence(len(jobs.runs_ahead(frame.workspace(), run, lately())), status)),
            icon=":material/hourglass_empty:",
        )
    else:
        share, text = phase_words.progress(status, phase_words.phases_or_none(run))
        st.progress(share, text=text)
        if status.phase:  # before it is known, the bar above already says "starting"
            share, text = phase_progress(status)
            st.progress(share, text=plain(text))
    with st.container(horizontal=True, vertical_alignment="center"):
        _stop_button(run, status)
        st.caption("Training runs in its own process. You can leave this page and come back.", width="stretch")


def _stop_button(run: RunFolder, status: Status) -> None:
    phases = phase_words.phases_or_none(run)
    st.button(
        "Stopping…" if status.stop_requested else "Stop",
        icon=":material/stop:",
        disabled=status.stop_requested,
        on_click=_stop,
        args=(run,),
        key=f"stop-{run.id}",
        help=STOP_PHASE if phases and len(phases.phases) > 1 else STOP,
    )


def _stop(run: RunFolder) -> None:
    with frame.plain_errors():
        jobs.stop(run)


@frame.fragment(run_every=REFRESH_SECONDS * 2)
def _live_phases(run: RunFolder) -> None:
    phases_view.show(run, boxes=is_boxed(run))


@frame.fragment(run_every=REFRESH_SECONDS * 2)
def _live_curves(run: RunFolder) -> None:
    _curves(run)


@frame.fragment(run_every=REFRESH_SECONDS)
def _live_log(run: RunFolder) -> None:
    _log(run)


def _header(run: RunFolder, status: Status) -> None:
    word, color = STATE_BADGES[status.state]
    st.header(f"{plain(status.title or run.id)} :{color}-badge[{word}]", anchor=False)
    done = max((record["epoch"] for record in metrics.records(run.metrics_path, "epoch")), default=0)
    phases = phase_words.phases_or_none(run)
    parts = (
        phase_words.in_short(phases, live=status.live)
        if phases
        else epochs_words(done, status.epochs, status.live, status.solved),
        format_age(status.created),
        plain(device_summary(status)),
    )
    st.caption(" · ".join(part for part in parts if part))


def _outcome(run: RunFolder, status: Status) -> None:
    """Show how the run ended, and draw buttons for the next step."""
    message = plain(status.message) or STATE_SENTENCES[status.state]
    report = _report(run) if status.state in ("finished", "stopped") else None
    if report is not None:
        verdict_view.show(run, report, before=message)
    else:
        draw = {"finished": st.info, "failed": st.error}.get(status.state, st.warning)
        draw(message)
    with st.container(horizontal=True):
        if status.resumable:
            resume = st.button("Resume", type="primary", icon=":material/play_arrow:", key=f"resume-{run.id}")
            if resume:
                jobs.resume(frame.workspace(), run)
                st.rerun()
        if run.finished:
            kind = "primary" if status.state == "finished" else "secondary"
            for page, label in (
                ("Evaluate", "Evaluate the model"),
                ("Explain", "Explain predictions"),
                ("Export", "Export the model"),
            ):
                icon = frame.PAGES[page].icon
                pressed = st.button(
                    label, icon=icon, type="primary" if page == "Evaluate" and kind == "primary" else "secondary",
                    key=f"to-{page}",
                )  # fmt: skip
                if pressed:
                    frame.go(page, **({"model": run.id} if page == "Explain" else {"run": run.id}))
        if recipe_or_none(run):
            st.button("Reuse these settings", on_click=_reuse_recipe, args=(run,), key="again")
        if _weights_missing(run, status):
            st.button(
                "Train from scratch instead",
                on_click=_reuse_recipe,
                args=(run,),
                kwargs={"scratch": True},
                key="from-scratch",
            )


def _report(run: RunFolder) -> Report | None:
    """Return the report on the validation photos; None for a damaged one, which the Evaluate page reports."""
    try:
        return run.report("val")
    except RunError:
        return None


def _reuse_recipe(run: RunFolder, scratch: bool = False) -> None:
    recipe = run.recipe()
    if scratch:
        recipe = recipe.model_copy(update={"weights": "none", "train": "all", "epochs": max(recipe.epochs, 30)})
    recipe_form.fill(recipe)
    open_run(None)


def _weights_missing(run: RunFolder, status: Status) -> bool:
    """Return whether a run failed before its first epoch because its pretrained weights are missing."""
    if status.state != "failed" or run.finished:
        return False
    recipe = recipe_or_none(run)
    if recipe is None or recipe.weights not in NAMED_WEIGHTS or recipe.weights == "none":
        return False
    return available(recipe.arch, recipe.weights, recipe.source) is None


def _curves(run: RunFolder) -> None:
    epochs, steps = run.epochs(), run.steps()
    phases = phase_words.phases_or_none(run)
    if phases and not len(steps) and len(epochs) < 2 and not is_boxed(run):
        st.caption(HEAD_WITHOUT_CURVES)
        return
    if not len(steps) and not len(epochs):
        st.caption("Curves appear after the first training steps.")
        return
    if damaged := metrics.damaged_lines(run.metrics_path):
        st.caption(f"{counted(damaged, 'damaged line')} of metrics.jsonl left out.")
    colors, planned = charts.palette(frame.is_dark()), run.status().epochs
    left, right = st.columns(2)
    if "val_iou" in epochs:
        second = ("mean IoU", charts.iou_curves(epochs, colors, planned))
    else:
        chance = 1 / len(counts_of(run))
        second = ("accuracy", charts.accuracy_curves(epochs, steps, colors, chance, planned))
    figures = (("loss", charts.loss_curves(epochs, steps, colors, planned)), second)
    solved = run.status().solved
    for place, (name, figure) in zip((left, right), figures, strict=True):
        if phases:
            mark_phases(figure, phases, colors)
        if solved:
            figure.update_xaxes(title_text="iteration")
        place.plotly_chart(
            figure,
            key=f"{name}-{run.id}",
            config={"displayModeBar": False},
            alt=f"{name[0].upper()}{name[1:]} per {'iteration' if solved else 'epoch'}",
        )
    if solved:
        st.caption(BEST_OF_SOLVER)
    if len(steps):
        boxed = "val_iou" in epochs
        best = (BEST_BY_ACCURACY, BEST_BY_BOXES) if not phases else (BEST_OF_PHASES, BEST_OF_BOX_PHASES)
        st.caption(best[boxed], help=explained("IoU") if boxed else None)
        figure = charts.recorded_learning_rate(steps, colors, planned)
        if phases:
            mark_phases(figure, phases, colors)
        st.plotly_chart(figure, key=f"rate-{run.id}", config={"displayModeBar": False}, alt="Learning rate per epoch")


def _log(run: RunFolder) -> None:
    st.code(run.log() or "The log is empty so far.", language=None, wrap_lines=True, height=360)


def _recipe(run: RunFolder) -> None:
    """Show every setting of the run beside its default."""
    task = "localization" if "val_iou" in run.epochs() else "classification"
    columns = {"setting": "Setting", "value": "Value", "default": "Default"}
    st.dataframe(recipe_table(run.recipe(), task), hide_index=True, height="content", column_config=columns)
    st.download_button(
        "Download recipe",
        run.recipe().model_dump_json(indent=2),
        file_name="recipe.json",
        mime="application/json",
        icon=":material/download:",
        key=f"recipe-file-{run.id}",
        help="All settings as a file: python -m core train labels.csv --out RUN --config recipe.json repeats the run.",
    )

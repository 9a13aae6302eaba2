"""The phases of an automatic run: the first model as soon as it is there, the chart, and why each phase was kept."""

import streamlit as st

from core.errors import RunError
from core.runs.automatic.phases import Phase, Phases, read_phases
from core.runs.folder import RunFolder
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import counted, plain
from pages.components.train.automatic.phases_chart import NAMES, phases_figure
from pages.components.train.status_text import format_duration

LAYERS = {"head": "The head", "layer4": "The last stage", "layer3": "The last two stages", "all": "All layers"}


def show(run: RunFolder, *, boxes: bool) -> None:
    """Draw the phases so far; nothing for a run that is not automatic."""
    try:
        found = read_phases(run.path)
    except RunError as error:
        st.warning(plain(str(error)))
        return
    if found is None or not found.phases:
        return
    if sentence := usable_sentence(found, live=run.status().live, boxes=boxes):
        st.success(sentence, icon=":material/check_circle:")
    st.plotly_chart(
        phases_figure(found, palette(frame.is_dark()), boxes=boxes),
        key=f"phases-{run.id}",
        config={"displayModeBar": False},
        alt=summary(found, boxes=boxes),
    )
    for phase in found.phases:
        st.markdown(phase_line(phase, boxes=boxes))
    if found.end:
        st.caption(found.end)


def usable_sentence(found: Phases, *, live: bool, boxes: bool) -> str:
    """Return a sentence once there is a model while the training goes on; otherwise nothing."""
    kept = found.kept
    if not live or kept is None:
        return ""
    first = "A first model" if len([one for one in found.phases if one.kept]) == 1 else "A better model"
    return (
        f"{first} is ready: {_figure(kept, boxes)} on {counted(kept.n, 'validation photo')}. You can use it on every "
        "page while the training goes on."
    )


def phase_line(phase: Phase, *, boxes: bool) -> str:
    """Return what a phase did, as a line of Markdown."""
    layers, epochs = LAYERS[phase.train], counted(phase.epochs, "epoch")
    if phase.ended is None:
        return f"- **{layers}**: in training. {plain(phase.reason)}"
    took = format_duration(phase.ended - phase.began)
    length = "" if phase.train == "head" and phase.epochs == 1 else f", {epochs}"
    kept = "kept" if phase.kept else "not kept"
    return f"- **{layers}** ({took}{length}): {_figure(phase, boxes)}, {kept}. {plain(phase.verdict)}"


def summary(found: Phases, *, boxes: bool) -> str:
    """Return the chart in words, for screen readers."""
    parts = [
        f"{NAMES[one.train]}: {_figure(one, boxes)} after {format_duration(one.ended)}, "
        f"{'kept' if one.kept else 'not kept'}"
        for one in found.phases
        if one.ended is not None
    ]
    return "Results of the phases on the validation photos. " + ("; ".join(parts) or "No phase is over yet") + "."


def _figure(phase: Phase, boxes: bool) -> str:
    if phase.value is None:
        return "no result"
    if boxes:
        return f"mean IoU {phase.value:.2f}"
    interval = "" if phase.low is None or phase.high is None else f" ({phase.low:.0%} to {phase.high:.0%})"
    return f"{phase.value:.1%}{interval}"

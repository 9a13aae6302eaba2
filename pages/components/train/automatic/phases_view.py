"""The phases of an automatic run: its model so far, the chart, and why each phase was kept."""

from functools import lru_cache

import plotly.graph_objects as go
import streamlit as st

from core.errors import RunError
from core.runs.automatic.phases import Phases
from core.runs.folder import RunFolder
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import plain
from pages.components.train.automatic import first_model
from pages.components.train.automatic.phase_words import phase_line, phases_of, summary, usable_sentence
from pages.components.train.automatic.phases_chart import phases_figure


def show(run: RunFolder, *, boxes: bool, links: bool = True) -> None:
    """Draw the phases so far; of a run that is not automatic, only its early model while it trains.

    ``links`` are those to the pages that use its model while it trains.
    """
    status = run.status()
    live = status.live
    early = first_model.early_sentence(run, live=live) if links else ""
    if early:
        first_model.show(run, early)
    try:
        found = phases_of(run)
    except RunError as error:
        st.warning(plain(str(error)))
        return
    if found is None:
        return
    sentence = usable_sentence(found, live=live, boxes=boxes)
    if sentence and links and not early:
        first_model.show(run, sentence)
    if found.early or any(phase.points or phase.value is not None for phase in found.phases):
        _chart(run, found, boxes)
    else:
        _heading()
    st.markdown("\n".join(phase_line(phase, boxes=boxes, live=live) for phase in found.phases))
    if found.end and not (links and found.end in status.message):  # the Train page shows the message above
        st.caption(plain(found.end))


def _heading() -> None:
    st.markdown("**Phases**", help=explained("automatic training", "phase", "confidence interval"))


def _chart(run: RunFolder, found: Phases, boxes: bool) -> None:
    _heading()
    st.plotly_chart(
        _figure(found, frame.is_dark(), boxes),
        key=f"phases-{run.id}",
        config={"displayModeBar": False},
        alt=summary(found, boxes=boxes),
    )


# A live run is drawn every two seconds, and its phases change once an epoch. Nobody changes the figure.
@lru_cache(maxsize=16)
def _figure(found: Phases, dark: bool, boxes: bool) -> go.Figure:
    return phases_figure(found, palette(dark), boxes=boxes)

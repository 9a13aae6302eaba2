"""The learning-rate finder on the Train page: a button, the progress, the curve and a button to use the result."""

from functools import partial
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.snapshot import Snapshot
from core.training.recipe import Recipe
from core.workers.input_files import request_with_files
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.shared import frame
from pages.components.shared.charts import Palette, palette, styled
from pages.components.train.recipe_fields import KEY

_ANSWER = "rate-search-answer"
_UNTOUCHED = (
    *("learning_rate", "schedule", "patience", "ema", "accumulation"),
    *("interpolate", "head_size", "test_time_views"),
)
"""Settings that the search does not depend on."""


def draw_rate_search(snapshot: Snapshot, recipe: Recipe, place: DeltaGenerator) -> None:
    """Fill the place below the learning rate."""
    with place:
        searched = recipe.model_copy(update={name: Recipe.model_fields[name].default for name in _UNTOUCHED})
        key = f"find-rate {snapshot.digest} {searched.model_dump_json()}"
        computation = Computation("find-rate", key)
        st.button(
            "Find a learning rate",
            icon=":material/search:",
            key="find-rate",
            on_click=computation.start,
            disabled=computation.started,
            help="Trains a copy of the network for some steps, while the learning rate grows until the loss does. "
            "Your project and your runs stay as they are.",
        )
        if computation.started:
            with frame.plain_errors():
                st.session_state[_ANSWER] = (key, computation.result(partial(_request, snapshot, searched)))
                st.rerun()  # the button can be pressed again
        answer = st.session_state.get(_ANSWER)
        if answer and answer[0] == key:
            _show(answer[1])


def rate_figure(found: dict[str, Any], colors: Palette) -> go.Figure:
    """Plot the smoothed loss of a search by rate, with the suggestion."""
    figure = go.Figure(
        go.Scatter(
            x=found["rates"],
            y=found["losses"],
            mode="lines",
            line={"color": colors.accent, "width": 2},
            hovertemplate="rate %{x:.2g}: loss %{y:.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(type="log", dtick=1, exponentformat="power")
    # The end, where the loss explodes, would flatten the rest.
    level, lowest = found["losses"][0], min(found["losses"])
    figure.update_yaxes(range=[lowest - 0.1 * (level - lowest), level + 0.6 * (level - lowest)], nticks=4)
    if found["suggestion"] is not None:
        figure.add_vline(found["suggestion"], line={"color": colors.quiet, "width": 1, "dash": "dash"})
    return styled(figure, colors, "Loss by learning rate", height=190, legend=False, x_title="learning rate")


def _show(found: dict[str, Any]) -> None:
    suggestion = found["suggestion"]
    if suggestion is None:
        st.warning("The loss fell at no learning rate. Check the labels, or train more layers.", icon=":material/info:")
        return
    st.plotly_chart(
        rate_figure(found, palette(frame.is_dark())),
        key="rate-curve",
        config={"displayModeBar": False},
        alt=f"Loss by learning rate; it falls fastest at {suggestion:g}",
    )
    st.caption(f"The loss falls fastest at a learning rate of {suggestion:g}, the dashed line.")
    st.button(f"Use {suggestion:g}", icon=":material/check:", key="use-rate", on_click=_use, args=(suggestion,))


def _use(rate: float) -> None:
    st.session_state[f"{KEY}learning_rate"] = rate


def _request(snapshot: Snapshot, recipe: Recipe) -> Request:
    def write(folder: Path) -> None:
        snapshot.write(folder / "snapshot.csv")
        (folder / "recipe.json").write_text(recipe.model_dump_json(), encoding="utf-8")

    return request_with_files("find-rate", {"cache": str(frame.workspace().cache / "resized")}, write)

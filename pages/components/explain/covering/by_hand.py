"""Drag a patch over the photo and see the answer change at once."""

import time
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from core.inspection.covering.answers import Answer, answers, kept_overlap
from core.inspection.covering.patch import FILLS, GREY, Patch, covered, filling, mean_color
from pages.components.explain.covering import region_canvas
from pages.components.explain.covering.cover_photo import CoverPhoto
from pages.components.shared import charts, frame
from pages.components.shared.charts import Palette
from pages.components.shared.wording import chart_text, disambiguate, plain

CANVAS = "cover-canvas"
ACROSS, DOWN, SIZE, FILL = "cover-across", "cover-down", "cover-size", "cover-fill"
USUAL = {ACROSS: 50, DOWN: 50, SIZE: 25, FILL: "grey"}
SIZES = (10, 60)
ROWS = 3
"""Likeliest classes before and after the patch that are shown."""
HELP = (
    "Drag the patch over the photo, or click a place. With the keyboard: the sliders, or the arrow keys on the photo."
)


@frame.fragment()
def show(shown: CoverPhoto) -> None:
    """Draw the photo with the patch and its sliders, and the answer before and after; a move reruns only this."""
    for key, value in USUAL.items():
        st.session_state.setdefault(key, value)
    st.caption(HELP)
    left, right = st.columns([1, 1], gap="medium")
    # Below both: on a phone, the answer follows the photo at once.
    st.segmented_control("Patch", list(FILLS), format_func=FILLS.__getitem__, required=True, key=FILL)
    with st.grid(3, min_column_width=200):
        st.slider("Size", *SIZES, step=1, format="%d%%", key=SIZE)
        st.slider("From left to right", 0, 100, step=1, format="%d%%", key=ACROSS)
        st.slider("From top to bottom", 0, 100, step=1, format="%d%%", key=DOWN)
    patch, fill = chosen_patch(), str(st.session_state[FILL])
    with left:
        region_canvas.draw(
            CANVAS,
            shown.id,
            shown.picture(),
            patch,
            alt=shown.alt,
            mode="move",
            fill=css_fill(fill, shown),
            on_report=partial(take_report, shown.id),
        )
    began = time.perf_counter()
    view = shown.view()
    after = answers(shown.predictor, [covered(view, patch, filling(view, fill))])[0]
    seconds = time.perf_counter() - began
    with right:
        _show_answers(shown, shown.before(), after)
        st.caption(f"One forward pass of the model, {1000 * seconds:.0f} ms.")


def chosen_patch() -> Patch:
    """Return the patch that the sliders describe: where it is counts in the room that its size leaves."""
    side = st.session_state[SIZE] / 100
    room = 1 - side
    return Patch(room * st.session_state[ACROSS] / 100, room * st.session_state[DOWN] / 100, side, side)


def take_report(photo: str) -> None:
    """Move the sliders to where the patch was dragged; a callback, so before they are drawn."""
    report = region_canvas.new_report(CANVAS, photo)
    if report is None:
        return
    room = 1 - st.session_state.get(SIZE, USUAL[SIZE]) / 100
    for key, low in ((ACROSS, report.patch.left), (DOWN, report.patch.top)):
        st.session_state[key] = min(100, max(0, round(100 * low / room)))


def css_fill(fill: str, shown: CoverPhoto) -> str:
    """Return what the browser paints the patch with, while the server makes the same."""
    if fill == "blur":
        return fill
    red, green, blue = mean_color(shown.view()) if fill == "mean" else GREY
    return f"rgb({red} {green} {blue})"


def _show_answers(shown: CoverPhoto, before: Answer, after: Answer) -> None:
    names = disambiguate(shown.predictor.classes)
    colors = charts.palette(frame.is_dark())
    places = compared_classes(before, after)
    st.plotly_chart(
        before_after_bars(
            [(names[one], float(before.probabilities[one]), float(after.probabilities[one])) for one in places], colors
        ),
        key="cover-bars",
        config={"displayModeBar": False},
        alt="Probabilities without and with the patch: "
        + ", ".join(f"{names[one]} {_change(before, after, one)}" for one in places),
    )
    st.markdown(plain(answer_sentence(names, before, after)))
    if (overlap := kept_overlap(before, after)) is not None:
        st.markdown(f"The predicted box keeps an IoU of **{overlap:.2f}** with the box without the patch.")


def compared_classes(before: Answer, after: Answer) -> list[int]:
    """Return the likeliest classes of both answers, the most likely without the patch first."""
    likeliest = {
        int(place) for one in (before, after) for place in (-one.probabilities).argsort(kind="stable")[:ROWS]
    } | {before.index, after.index}
    return sorted(likeliest, key=lambda place: -float(before.probabilities[place]))


def answer_sentence(names: list[str], before: Answer, after: Answer) -> str:
    """Say in words how the answer changed."""
    name, change = names[before.index], _change(before, after, before.index)
    if after.index != before.index:
        share = charts.percent(float(after.probabilities[after.index]))
        return f"With the patch, the model predicts {names[after.index]} ({share}) instead of {name}: {change}."
    return f"The model still predicts {name}: {change}."


def _change(before: Answer, after: Answer, place: int) -> str:
    shares = [charts.percent(float(one.probabilities[place])) for one in (before, after)]
    return f"{shares[0]} without the patch, {shares[1]} with it"


def before_after_bars(rows: list[tuple[str, float, float]], colors: Palette) -> go.Figure:
    """Plot class, probability without and probability with the patch, the first row on top."""
    names = [chart_text(name if len(name) <= 24 else f"{name[:23]}…") for name, _, _ in rows][::-1]
    figure = go.Figure()
    # Drawn from below, so that "without" stands above "with" in each row.
    for title, place, color in (("with the patch", 2, colors.accent), ("without", 1, charts.rgba(colors.quiet, 0.55))):
        shares = [row[place] for row in rows][::-1]
        figure.add_bar(
            y=list(range(len(rows))),
            x=shares,
            name=title,
            orientation="h",
            marker={"color": color},
            text=[charts.percent(float(share)) for share in shares],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x:.2%}",
        )
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_xaxes(range=[0, 1.18], visible=False)
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=names, showgrid=False, ticksuffix="  ")
    figure = charts.styled(figure, colors, None, height=54 * len(rows) + 60, x_title=None)
    figure.update_layout(hovermode="closest", legend_traceorder="reversed", margin_t=36)
    return figure

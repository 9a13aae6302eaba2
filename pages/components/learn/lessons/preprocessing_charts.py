"""The figures of the preprocessing lesson: accuracies with their intervals, and the histogram of an input."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go

from pages.components.shared.charts import Ink, dressed, faint

NAMES = {"crop": "center crop", "squash": "squash", "letterbox": "letterbox"}
# As the network numbers its channels: drawn in the color that each should be.
CHANNELS = (("first", "#dc2626"), ("second", "#16a34a"), ("third", "#2563eb"))


def accuracy_by_shape(table: pd.DataFrame, colors: Ink) -> go.Figure:
    """A line a mode over the shapes of the photos, with 95 % intervals; modes stand a little beside each other."""
    shapes = sorted(table["shape"].unique())
    figure = go.Figure()
    for place, (mode, rows) in enumerate(table.groupby("mode", sort=False)):
        color = colors.lines[place]
        figure.add_scatter(
            x=[shapes.index(shape) + 0.08 * (place - 1) for shape in rows["shape"]],
            y=rows["accuracy"],
            name=NAMES[str(mode)],
            mode="lines+markers",
            line={"color": color, "width": 2},
            marker={"size": 9},
            error_y=_intervals(rows, color),
            customdata=rows[["correct", "n"]],
            hovertemplate="%{y:.1%} (%{customdata[0]} of %{customdata[1]})",
        )
    figure.update_xaxes(
        tickvals=list(range(len(shapes))),
        ticktext=[f"{shape:g} : 1" if shape != 1.5 else "3 : 2" for shape in shapes],
        range=[-0.3, len(shapes) - 0.7],
    )
    floor = max(0.0, math.floor(10 * table["low"].min() - 0.5) / 10)
    figure.update_yaxes(tickformat=".0%", range=[floor, 1.005])
    return dressed(figure, colors, "Accuracy on photos left out", height=340, x_title="width to height of the photos")


def accuracy_of_modes(table: pd.DataFrame, colors: Ink) -> go.Figure:
    """A dot a mode, with its 95 % interval."""
    return _dots([NAMES[mode] for mode in table["mode"]], table, colors.lines[: len(table)], colors)


def accuracy_of_mysteries(table: pd.DataFrame, letters: Sequence[str], classes: int, colors: Ink) -> go.Figure:
    """A dot a row, with its 95 % interval, under the letters of the game, and where guessing would be."""
    figure = _dots(letters, table, [colors.accent] * len(table), colors)
    figure.add_vline(
        x=1 / classes,
        line={"color": colors.quiet, "width": 1, "dash": "dot"},
        annotation={"text": "guessing", "font": {"size": 11, "color": colors.quiet}},
        annotation_position="bottom left",
    )
    return figure


def histogram(counts: Sequence[Sequence[float]], edges: Sequence[float], colors: Ink) -> go.Figure:
    """How often each value stands in the three channels of a network's input."""
    figure = go.Figure()
    middles = [(left + right) / 2 for left, right in pairwise(edges)]
    for (name, color), channel in zip(CHANNELS, counts, strict=True):
        figure.add_scatter(
            x=middles,
            y=channel,
            name=name,
            mode="lines",
            line={"color": color, "width": 2, "shape": "hvh"},
            fill="tozeroy",
            fillcolor=faint(color, 0.12),
            hoverinfo="skip",
        )
    figure.update_yaxes(visible=False, rangemode="tozero")
    return dressed(figure, colors, "The numbers it is given, by channel", height=260, x_title="value")


def _dots(names: Sequence[str], table: pd.DataFrame, inks: Sequence[str], colors: Ink) -> go.Figure:
    figure = go.Figure()
    for place, (name, color) in enumerate(zip(names, inks, strict=True)):
        row = table.iloc[[place]]
        figure.add_scatter(
            x=row["accuracy"],
            y=[name],
            mode="markers",
            marker={"color": color, "size": 13},
            error_x=_intervals(row, color),
            customdata=row[["correct", "n"]],
            hovertemplate="%{x:.1%} (%{customdata[0]} of %{customdata[1]})<extra></extra>",
        )
    height = 34 * len(names) + 60
    dressed(figure, colors, None, height=height, legend=False, x_title="accuracy on photos left out")
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02], showgrid=True, gridcolor=colors.grid)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ")
    return figure


def _intervals(rows: pd.DataFrame, color: str) -> Mapping[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": (rows["high"] - rows["accuracy"]).tolist(),
        "arrayminus": (rows["accuracy"] - rows["low"]).tolist(),
        "color": faint(color, 0.6),
        "thickness": 2,
        "width": 4,
    }

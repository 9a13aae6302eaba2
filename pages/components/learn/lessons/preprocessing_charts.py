"""Figures of the preprocessing lesson: accuracies with their intervals, and the histogram of an input."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go

from pages.components.shared.charts import Palette, rgba, styled

NAMES = {"crop": "centre crop", "squash": "squash", "letterbox": "letterbox"}
# In the order of the network's channels, each drawn in the colour it should hold.
CHANNELS = (("first", "#dc2626"), ("second", "#16a34a"), ("third", "#2563eb"))


def accuracy_by_shape(table: pd.DataFrame, colors: Palette) -> go.Figure:
    """Plot accuracy over the shapes of the photos: a line per mode, slightly shifted, with 95% intervals."""
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
    return styled(figure, colors, "Cross-validated accuracy", height=340, x_title="width : height of the photos")


def accuracy_of_modes(table: pd.DataFrame, colors: Palette) -> go.Figure:
    """Plot a dot per mode, with its 95% interval."""
    return _dots([NAMES[mode] for mode in table["mode"]], table, colors.lines[: len(table)], colors)


def accuracy_of_mysteries(table: pd.DataFrame, letters: Sequence[str], classes: int, colors: Palette) -> go.Figure:
    """Plot a dot per row with its 95% interval, labelled with the letters of the game, and a line at chance level."""
    figure = _dots(letters, table, [colors.accent] * len(table), colors)
    figure.add_vline(
        x=1 / classes,
        line={"color": colors.quiet, "width": 1, "dash": "dot"},
        annotation={"text": "guessing", "font": {"size": 11, "color": colors.quiet}},
        annotation_position="bottom left",
    )
    return figure


def histogram(counts: Sequence[Sequence[float]], edges: Sequence[float], colors: Palette) -> go.Figure:
    """Plot a histogram of the values in each of the three channels of a network's input."""
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
            fillcolor=rgba(color, 0.12),
            hoverinfo="skip",
        )
    figure.update_yaxes(visible=False, rangemode="tozero")
    return styled(figure, colors, "Input values by channel", height=260, x_title="value")


def _dots(names: Sequence[str], table: pd.DataFrame, inks: Sequence[str], colors: Palette) -> go.Figure:
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
    styled(figure, colors, None, height=height, legend=False, x_title="cross-validated accuracy")
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02], showgrid=True, gridcolor=colors.grid)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ")
    return figure


def _intervals(rows: pd.DataFrame, color: str) -> Mapping[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": (rows["high"] - rows["accuracy"]).tolist(),
        "arrayminus": (rows["accuracy"] - rows["low"]).tolist(),
        "color": rgba(color, 0.6),
        "thickness": 2,
        "width": 4,
    }

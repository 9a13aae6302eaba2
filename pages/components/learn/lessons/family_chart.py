"""Plot published accuracy against the cost of each network, with one comparison highlighted."""

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.models.zoo import network_name
from pages.components.shared.charts import Palette, rgba, styled

NetworkKey = tuple[str, str]
"""An architecture and whose weights."""

AXES = {
    "multiply_adds": ("Multiply-adds", "billion multiply-adds per image", 1e-9),
    "parameters": ("Parameters", "million parameters", 1e-6),
    "images_per_second": ("Speed", "images per second, measured", 1.0),
}


def scatter(table: pd.DataFrame, axis: str, chains: Sequence[Sequence[NetworkKey]], colors: Palette) -> go.Figure:
    """Plot each published accuracy as a point with area by parameters; ``chains`` are coloured and joined by lines."""
    _, title, unit = AXES[axis]
    known = table.dropna(subset=["top1", axis])
    places = {(row["arch"], row["weights"]): row for row in known.assign(x=known[axis] * unit).to_dict("records")}
    inside = {key for chain in chains for key in chain}
    figure = go.Figure()
    _points(figure, [row for key, row in places.items() if key not in inside], colors)
    for chain in chains:
        rows = [places[key] for key in chain if key in places]
        figure.add_scatter(
            x=[row["x"] for row in rows],
            y=[row["top1"] for row in rows],
            mode="lines",
            line={"color": rgba(colors.accent, 0.6), "width": 2},
            hoverinfo="skip",
        )
    # The second of a pair is nearly always higher, so the labels do not overlap.
    below = {chain[0] for chain in chains if len(chain) == 2}
    for where in ("bottom center", "top center"):
        own = [row for key, row in places.items() if key in inside and (key in below) == where.startswith("bottom")]
        _points(figure, own, colors, names=where)
    styled(figure, colors, None, height=460, legend=False, x_title=title)
    figure.update_yaxes(
        title={"text": "published top-1 accuracy (%)", "font": {"size": 12}},
        range=[known["top1"].min() - 1.5, known["top1"].max() + 1.5],
    )
    lowest, highest = known[axis].min() * unit, known[axis].max() * unit
    beside = 0.14 * (highest - lowest) or 1  # room for the labels
    figure.update_xaxes(range=[lowest - beside, highest + beside])
    return figure


def title_of(arch: str, weights: str) -> str:
    """Return the usual name of an architecture and whose weights, like ``ResNet-50, V2 weights``."""
    return f"{network_name(arch)}, {WEIGHTS.get(weights, weights)}"


WEIGHTS = {"V1": "V1 weights", "V2": "V2 weights", "Keras": "Keras weights", "authors": "the authors' weights"}


def _points(figure: go.Figure, rows: Sequence[dict[Hashable, Any]], colors: Palette, names: str | None = None) -> None:
    """Add a group of points; with ``names``, a text position, coloured and labelled."""
    figure.add_scatter(
        x=[row["x"] for row in rows],
        y=[row["top1"] for row in rows],
        mode="markers+text" if names else "markers",
        text=[network_name(row["arch"]) + " V2" * (row["weights"] == "V2") for row in rows] if names else None,
        textposition=names,
        textfont={"size": 11, "color": colors.text},
        marker={
            "size": [row["parameters"] for row in rows],
            "sizemode": "area",
            "sizeref": 90e6 / 28**2,  # the largest network has a diameter of 28 pixels
            "sizemin": 4,
            "color": rgba(colors.accent, 0.75) if names else rgba(colors.quiet, 0.3),
            "line": {"color": colors.paper, "width": 1},
            "opacity": 1,
        },
        customdata=[
            [title_of(row["arch"], row["weights"]), row["parameters"] / 1e6, row["multiply_adds"] / 1e9, row["source"]]
            for row in rows
        ],
        hovertemplate="<b>%{customdata[0]}</b><br>top-1 %{y:.2f}%<br>%{customdata[1]:.1f} million parameters<br>"
        "%{customdata[2]:.2f} billion multiply-adds<br>%{customdata[3]}<extra></extra>",
    )

"""The charts of a cross-validation: the accuracy in each fold, and a random split beside whole groups."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.inspection.cross_validation.result import Estimate
from core.inspection.cross_validation.words import share
from core.inspection.measuring.report import Rate
from pages.components.shared.charts import Palette, rgba, styled

RANDOM, GROUPED = "random split", "whole groups"
_ROW_PIXELS = 34


def rate_rows(rates: Sequence[tuple[str, Rate]], colors: Palette, mean: float | None = None) -> go.Figure:
    """Plot one line for each named rate, first on top: a dot with its 95% interval; ``mean`` is a dashed line."""
    figure = go.Figure()
    for place, (_, rate) in enumerate(rates):
        if rate.low is not None and rate.high is not None:
            _bar(figure, rate.low, rate.high, place, rgba(colors.accent, 0.35))
    figure.add_scatter(
        x=[rate.value for _, rate in rates],
        y=list(range(len(rates))),
        mode="markers",
        marker={"color": colors.accent, "size": 13, "line": {"color": colors.paper, "width": 2}},
        customdata=[[name, str(rate)] for name, rate in rates],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
    )
    if mean is not None:
        figure.add_vline(mean, line={"color": colors.quiet, "width": 1.5, "dash": "dash"})
    names = [f"{name} <span style='color:{colors.quiet}'>({rate.n:,})</span>" for name, rate in rates]
    return _axes(figure, names, colors)


def comparison_strip(random: Estimate, grouped: Estimate, colors: Palette) -> go.Figure:
    """Plot what a random split would have claimed above what holds for new groups, each with its interval."""
    figure = go.Figure()
    over = grouped.over_groups
    rows = (
        (random.accuracy.value, random.accuracy.low, random.accuracy.high, colors.second, "over photos"),
        (
            grouped.accuracy.value,
            grouped.accuracy.low if over is None else over.low,
            grouped.accuracy.high if over is None else over.high,
            colors.accent,
            "over photos" if over is None else "over groups",
        ),
    )
    for place, (value, low, high, color, unit) in enumerate(rows):
        if value is None:
            continue
        between = ""
        if low is not None and high is not None:  # else there are too few groups
            _bar(figure, low, high, place, rgba(color, 0.35))
            between = f", 95% interval {unit} {low:.1%} to {high:.1%}"
        figure.add_scatter(
            x=[value],
            y=[place],
            mode="markers+text",
            marker={"color": color, "size": 17, "line": {"color": colors.paper, "width": 2}},
            text=[share(value)],
            textposition="bottom center",
            textfont={"color": colors.text, "size": 13},
            cliponaxis=False,
            hovertemplate=f"{value:.1%}{between}<extra></extra>",
        )
    _axes(figure, [RANDOM, GROUPED], colors)
    figure.update_layout(height=150)
    figure.update_yaxes(range=[1.7, -0.6])
    return figure


def _bar(figure: go.Figure, low: float, high: float, place: int, color: str) -> None:
    figure.add_shape(type="line", x0=low, x1=high, y0=place, y1=place, line={"color": color, "width": 7}, layer="below")


def _axes(figure: go.Figure, names: Sequence[str], colors: Palette) -> go.Figure:
    styled(figure, colors, None, height=48 + _ROW_PIXELS * len(names), legend=False, x_title=None)
    figure.update_xaxes(
        range=[-0.02, 1.02], tickformat=".0%", gridcolor=colors.grid, zeroline=False, side="top", showgrid=True
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        automargin=True,
        ticksuffix="  ",
    )
    return figure

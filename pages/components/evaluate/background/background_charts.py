"""The charts of the view Background: the accuracy of each variant, and of each tag, group or class."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.inspection.background import figures
from core.inspection.background.result import Background
from core.inspection.background.slices import Slices
from core.inspection.background.variants import BACKGROUND, ORIGINAL, OTHER, VARIANTS
from core.inspection.measuring.report import Rate
from pages.components.shared.charts import Palette, rgba, styled
from pages.components.shared.wording import chart_text

MOST_ROWS = 20
_ROW_PIXELS = 34
_LONGEST = 34


def variant_rows(found: Background, colors: Palette) -> go.Figure:
    """Plot a line for each variant: the accuracy with its interval, and what guessing reaches."""
    rates = figures.accuracies(found)
    shades = {ORIGINAL: colors.quiet, OTHER: colors.second, BACKGROUND: colors.second}
    rows = [(VARIANTS[name], rate, shades.get(name, colors.accent)) for name, rate in rates.items()]
    figure = _rows(rows, colors)
    guessing = figures.guessing(found)
    figure.add_vline(guessing, line={"color": colors.quiet, "width": 1.5, "dash": "dot"})
    figure.add_annotation(
        x=guessing,
        y=0,
        yref="paper",
        yanchor="top",
        xanchor="center" if 0.08 < guessing < 0.92 else "left" if guessing < 0.5 else "right",
        text="guessing",
        showarrow=False,
        font={"size": 11, "color": colors.quiet},
    )
    figure.update_layout(margin={"b": 24}, height=figure.layout.height + 16)
    return figure


def slice_rows(slices: Slices, colors: Palette, mean: float | None) -> go.Figure:
    """Plot the slices, the worst first and in a colour of its own; those with too few photos are faint."""
    worst = slices.worst
    rows = [
        (
            one.name,
            one.rate,
            rgba(colors.quiet, 0.3) if one.few else colors.second if one is worst else colors.accent,
        )
        for one in slices.rows[:MOST_ROWS]
    ]
    figure = _rows(rows, colors)
    if mean is not None:
        figure.add_vline(mean, line={"color": colors.quiet, "width": 1.5, "dash": "dash"})
    return figure


def _rows(rows: Sequence[tuple[str, Rate, str]], colors: Palette) -> go.Figure:
    """Plot named rates in their colours, the first on top: a dot with its interval."""
    figure = go.Figure()
    for place, (_, rate, color) in enumerate(rows):
        if rate.low is not None and rate.high is not None:
            # A colour with an opacity is faint already.
            line = {"color": color if color.startswith("rgba") else rgba(color, 0.35), "width": 7}
            figure.add_shape(type="line", x0=rate.low, x1=rate.high, y0=place, y1=place, line=line, layer="below")
    known = [(place, name, rate, color) for place, (name, rate, color) in enumerate(rows) if rate.value is not None]
    figure.add_scatter(
        x=[rate.value for _, _, rate, _ in known],
        y=[place for place, *_ in known],
        mode="markers",
        marker={
            "color": [color for *_, color in known],
            "size": 13,
            "line": {"color": colors.paper, "width": 2},
        },
        customdata=[[chart_text(name), str(rate)] for _, name, rate, _ in known],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
    )
    names = [
        f"{chart_text(_short(name))} <span style='color:{colors.quiet}'>{rate.n:,}</span>" for name, rate, _ in rows
    ]
    styled(figure, colors, None, height=48 + _ROW_PIXELS * len(rows), legend=False, x_title=None)
    figure.update_xaxes(
        range=[-0.02, 1.02], tickformat=".0%", gridcolor=colors.grid, zeroline=False, side="top", showgrid=True
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=names,
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        automargin=True,
        ticksuffix="  ",
    )
    return figure


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1].rstrip() + "…"

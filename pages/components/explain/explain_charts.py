"""The charts of the Explain page: deletion and insertion curves, and the areas of all methods."""

from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go

from core.inspection.explaining.deletion_insertion import DeletionInsertion
from core.inspection.explaining.method_figures import MethodComparison, MethodFigures
from core.inspection.measuring.report import Mean
from pages.components.shared.charts import Palette, rgba, styled
from pages.components.shared.wording import chart_text

Kind = Literal["deletion", "insertion"]
TITLES: dict[Kind, str] = {
    "deletion": "Deletion: places turn grey (lower is better)",
    "insertion": "Insertion: places turn sharp (higher is better)",
}
_NAMES = {"heatmap": "hottest first", "random": "random order", "centre": "centre first"}


def order_curves(curves: DeletionInsertion, kind: Kind, colors: Palette) -> go.Figure:
    """Plot the score by the share of the photo that is changed, one line for each order, with its area."""
    figure = go.Figure()
    looks = {
        "random": {"color": colors.quiet, "width": 2, "dash": "dot"},
        "centre": {"color": colors.second, "width": 2, "dash": "dash"},
        "heatmap": {"color": colors.accent, "width": 3},
    }
    for name, line in looks.items():
        order = getattr(curves, name)
        scores: Sequence[float] = getattr(order, kind)
        area: float = getattr(order, f"{kind}_area")
        figure.add_scatter(
            x=[place / (len(scores) - 1) for place in range(len(scores))],
            y=list(scores),
            name=f"{_NAMES[name]} {area:.0%}",
            mode="lines",
            line=line,
            hovertemplate="%{y:.1%}",
        )
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return styled(figure, colors, TITLES[kind], height=270, x_title="share of the photo")


def curves_text(curves: DeletionInsertion, kind: Kind) -> str:
    """Return what the chart shows, for screen readers."""
    areas = [f"{words} {getattr(getattr(curves, name), f'{kind}_area'):.0%}" for name, words in _NAMES.items()]
    return f"{TITLES[kind]}. Mean score on the way: {', '.join(areas)}."


def method_dots(comparison: MethodComparison, colors: Palette) -> go.Figure:
    """Plot the gain of each method, and of both baselines, as a dot with its interval; the best on top."""
    rows = shown_rows(comparison)[::-1]
    figure = go.Figure()
    for place, one in enumerate(rows):
        low, high = one.gain.low, one.gain.high
        if low is not None and high is not None:
            color = rgba(_color(one, colors), 0.35)
            figure.add_shape(
                type="line", x0=low, x1=high, y0=place, y1=place, line={"color": color, "width": 7}, layer="below"
            )
    figure.add_scatter(
        x=[one.gain.value for one in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={
            "color": [_color(one, colors) for one in rows],
            "size": 13,
            "line": {"color": colors.paper, "width": 2},
        },
        customdata=[chart_text(f"{one.label}: {area_text(one.gain)}") for one in rows],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[chart_text(one.label) for one in rows],
        range=[-0.6, len(rows) - 0.4],
        showgrid=False,
        ticksuffix="  ",
    )
    figure.update_xaxes(tickformat=".2f", gridcolor=colors.grid, showgrid=True)
    height = 80 + 32 * len(rows)
    return styled(figure, colors, None, height=height, legend=False, x_title="insertion minus deletion")


def shown_rows(comparison: MethodComparison) -> list[MethodFigures]:
    """Return the methods with maps of their own and the baselines, the largest gain first."""
    own = [one for one in comparison.figures if one.same_as is None]
    return sorted(own, key=lambda one: -(one.gain.value or 0))


def area_text(mean: Mean) -> str:
    """Format a mean with its 95% confidence interval: "0.31 (0.25 to 0.37)"."""
    if mean.value is None:
        return "–"
    return f"{mean.value:.2f}" + ("" if mean.low is None else f" ({mean.low:.2f} to {mean.high:.2f})")


def _color(one: MethodFigures, colors: Palette) -> str:
    return colors.quiet if one.is_baseline else colors.accent

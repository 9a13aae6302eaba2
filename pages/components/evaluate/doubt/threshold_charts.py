"""The charts of thresholds: ROC, precision and recall, and what each threshold costs."""

import numpy as np
import plotly.graph_objects as go

from core.inspection.doubt.costs import CostCurve
from core.inspection.doubt.curves import ClassCurves
from pages.components.evaluate.doubt.doubt_charts import spread
from pages.components.shared.charts import Palette, rgba, styled


def roc_chart(curves: ClassCurves, threshold: float | None, colors: Palette) -> go.Figure:
    """Plot the share of found photos against the share of false alarms, with the chosen threshold as a dot."""
    figure = _curve(
        np.concatenate([[0.0], curves.false_positive_rate]),
        np.concatenate([[0.0], curves.recall]),
        np.concatenate([[np.inf], curves.thresholds]),
        colors,
        "%{x:.1%} false alarms, %{y:.1%} found",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": colors.quiet, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    if threshold is not None:
        hits, alarms = at_threshold(curves, threshold)
        _dot(figure, alarms / curves.negatives, hits / curves.positives, threshold, colors)
    styled(figure, colors, "ROC curve", height=330, legend=False, x_title="false alarms: share of the other photos")
    return _squared(figure, "found: share of the class")


def precision_recall_chart(curves: ClassCurves, threshold: float | None, colors: Palette) -> go.Figure:
    """Plot precision against recall, the share of the class as a dotted line, the chosen threshold as a dot."""
    figure = _curve(curves.recall, curves.precision, curves.thresholds, colors, "recall %{x:.1%}, precision %{y:.1%}")
    share = curves.positives / (curves.positives + curves.negatives)
    figure.add_scatter(
        x=[0, 1],
        y=[share, share],
        mode="lines",
        line={"color": colors.quiet, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    if threshold is not None:
        hits, alarms = at_threshold(curves, threshold)
        if hits + alarms:
            _dot(figure, hits / curves.positives, hits / (hits + alarms), threshold, colors)
    styled(figure, colors, "Precision and recall", height=330, legend=False, x_title="recall")
    return _squared(figure, "precision")


def cost_chart(curve: CostCurve, threshold: float, now: float, colors: Palette) -> go.Figure:
    """Plot the cost of every threshold, the chosen one as a dot, and the cost of the most likely class as a line."""
    figure = go.Figure()
    some = spread(len(curve.cost))
    figure.add_scatter(
        x=np.append(curve.edges[some], 1.0),
        y=np.append(curve.cost[some], curve.cost[-1]),
        mode="lines",
        name="this threshold",
        line={"color": colors.accent, "width": 2.5, "shape": "hv"},
        hovertemplate="threshold %{x:.1%}: cost %{y:,.0f}<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[now, now],
        mode="lines",
        name="most likely class",
        line={"color": colors.quiet, "width": 1.5, "dash": "dot"},
        hovertemplate="most likely class: cost %{y:,.0f}<extra></extra>",
    )
    at = int(np.clip(np.searchsorted(curve.edges, threshold, side="left") - 1, 0, len(curve.cost) - 1))
    figure.add_scatter(
        x=[threshold],
        y=[curve.cost[at]],
        mode="markers",
        name="chosen",
        marker={"color": colors.second, "size": 13, "line": {"color": colors.paper, "width": 2}},
        hovertemplate="chosen: %{x:.1%}, cost %{y:,.0f}<extra></extra>",
    )
    styled(figure, colors, "Cost of the mistakes", height=300, x_title="threshold")
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(range=[-0.01, 1.01], tickformat=".0%", fixedrange=True)
    figure.update_yaxes(rangemode="tozero", fixedrange=True)
    return figure


def at_threshold(curves: ClassCurves, threshold: float) -> tuple[int, int]:
    """Return how many photos of the class, and how many others, are called the class at a threshold."""
    called = int((curves.thresholds >= threshold).sum())
    return (int(curves.hits[called - 1]), int(curves.false_alarms[called - 1])) if called else (0, 0)


def _curve(x: np.ndarray, y: np.ndarray, thresholds: np.ndarray, colors: Palette, hover: str) -> go.Figure:
    some = spread(len(x))
    return go.Figure(
        go.Scatter(
            x=x[some],
            y=y[some],
            mode="lines+markers" if len(some) < 3 else "lines",
            line={"color": colors.accent, "width": 2.5},
            fill="tozeroy",
            fillcolor=rgba(colors.accent, 0.1),
            customdata=["above all" if np.isinf(one) else f"{one:.1%}" for one in thresholds[some]],
            hovertemplate=hover + " (threshold %{customdata})<extra></extra>",
        )
    )


def _dot(figure: go.Figure, x: float, y: float, threshold: float, colors: Palette) -> None:
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"color": colors.second, "size": 13, "line": {"color": colors.paper, "width": 2}},
        hovertemplate=f"threshold {threshold:.1%}<extra></extra>",
    )


def _squared(figure: go.Figure, y_title: str) -> go.Figure:
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%", dtick=0.25, fixedrange=True)
    figure.update_yaxes(
        range=[-0.02, 1.05],
        tickformat=".0%",
        dtick=0.25,
        fixedrange=True,
        title={"text": y_title, "font": {"size": 12}},
    )
    return figure

"""The charts of doubt: calibration, the risk of what is answered, and distances from the training photos."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.inspection.doubt.reliability import Reliability
from core.inspection.doubt.selective import Answered, RiskCoverage
from core.inspection.measuring.report import Rate
from pages.components.shared.charts import Palette, rgba, styled

MOST_POINTS = 200
"""Of a curve: more cannot be told apart on a screen."""
HISTOGRAM_BINS = 30


def reliability_diagram(
    shown: Reliability, other: Reliability | None, colors: Palette, names: Sequence[str]
) -> go.Figure:
    """Plot accuracy against confidence by bin with 95% intervals, and the number of photos of each bin below.

    ``shown`` is drawn in the accent colour, ``other`` in grey without intervals. ``names`` are those of both.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.06)
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="perfectly calibrated",
        line={"color": colors.quiet, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    if other is not None:
        filled = [one for one in other.bins if one.n]
        figure.add_scatter(
            x=[one.confidence for one in filled],
            y=[one.accuracy for one in filled],
            mode="lines+markers",
            name=names[1],
            line={"color": rgba(colors.quiet, 0.7), "width": 1.5},
            marker={"size": 6, "color": colors.quiet},
            hoverinfo="skip",
        )
    filled = [one for one in shown.bins if one.n]
    rates = [Rate.of(one.correct, one.n) for one in filled]
    figure.add_scatter(
        x=[one.confidence for one in filled],
        y=[rate.value for rate in rates],
        mode="lines+markers",
        name=names[0],
        line={"color": colors.accent, "width": 2},
        marker={"size": 9, "color": colors.accent, "line": {"color": colors.paper, "width": 1.5}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(rate.high or 0) - (rate.value or 0) for rate in rates],
            "arrayminus": [(rate.value or 0) - (rate.low or 0) for rate in rates],
            "color": rgba(colors.accent, 0.45),
            "thickness": 2,
            "width": 0,
        },
        customdata=[[one.correct, one.n] for one in filled],
        hovertemplate="confidence %{x:.0%}: %{customdata[0]} of %{customdata[1]} correct (%{y:.0%})<extra></extra>",
    )
    figure.add_bar(
        x=[(one.low + one.high) / 2 for one in shown.bins],
        y=[one.n for one in shown.bins],
        width=[(one.high - one.low) * 0.94 for one in shown.bins],
        marker={"color": rgba(colors.accent, 0.45)},
        text=[str(one.n) if one.n else "" for one in shown.bins],
        textposition="outside",
        cliponaxis=False,
        textfont={"size": 10, "color": colors.quiet},
        showlegend=False,
        customdata=[[one.low, one.high] for one in shown.bins],
        hovertemplate="%{y} photos with a confidence of %{customdata[0]:.0%} to %{customdata[1]:.0%}<extra></extra>",
        row=2,
        col=1,
    )
    styled(figure, colors, "Accuracy by confidence", height=430, x_title=None)
    figure.update_layout(hovermode="closest", bargap=0)
    figure.update_xaxes(range=[-0.01, 1.02], tickformat=".0%", dtick=0.25, fixedrange=True)
    figure.update_xaxes(title={"text": "confidence", "font": {"size": 12}}, row=2, col=1)
    figure.update_yaxes(range=[-0.02, 1.05], tickformat=".0%", dtick=0.25, fixedrange=True, row=1, col=1)
    figure.update_yaxes(title={"text": "accuracy", "font": {"size": 12}}, row=1, col=1)
    most = max((one.n for one in shown.bins), default=1)
    figure.update_yaxes(
        title={"text": "photos", "font": {"size": 12}}, range=[0, most * 1.35], nticks=3, fixedrange=True, row=2, col=1
    )
    return figure


def risk_chart(curve: RiskCoverage, chosen: Answered | None, colors: Palette) -> go.Figure:
    """Plot the share of wrong answers against the share of answered photos, with its 95% interval, and the choice."""
    some = spread(len(curve.answered))
    rates = [Rate.of(int(curve.wrong[at]), int(curve.answered[at])) for at in some]
    shares = curve.coverage[some]
    figure = go.Figure()
    figure.add_scatter(
        x=np.concatenate([shares, shares[::-1]]),
        y=[rate.high for rate in rates] + [rate.low for rate in rates][::-1],
        mode="lines",
        name="95% confidence interval",
        line={"width": 0},
        fill="toself",
        fillcolor=rgba(colors.accent, 0.16),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=shares,
        y=[rate.value for rate in rates],
        mode="lines+markers" if len(some) == 1 else "lines",
        name="wrong answers",
        line={"color": colors.accent, "width": 2.5},
        customdata=curve.leave_below[some],
        hovertemplate="%{x:.0%} answered, %{y:.1%} of them wrong (limit %{customdata:.1%})<extra></extra>",
    )
    if chosen is not None and chosen.answered:
        figure.add_scatter(
            x=[chosen.share],
            y=[1 - chosen.correct / chosen.answered],
            mode="markers",
            name="your limit",
            marker={"color": colors.second, "size": 13, "line": {"color": colors.paper, "width": 2}},
            hovertemplate="your limit: %{x:.0%} answered, %{y:.1%} of them wrong<extra></extra>",
        )
    styled(figure, colors, "Wrong answers among the answered photos", height=330, x_title="share of photos answered")
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", fixedrange=True)
    top = max((rate.high or 0 for rate, share in zip(rates, shares, strict=True) if share >= 0.1), default=1.0)
    figure.update_yaxes(range=[0, min(1.02, top * 1.1 + 0.01)], tickformat=".0%", fixedrange=True)
    return figure


def distance_histogram(
    own: np.ndarray, foreign: np.ndarray, limit: float | None, colors: Palette, names: Sequence[str]
) -> go.Figure:
    """Plot the shares of own and foreign photos by their distance, and the limit as a dashed line."""
    everything = np.concatenate([own, foreign])
    edges = np.histogram_bin_edges(everything, bins=HISTOGRAM_BINS)
    middles, width = (edges[:-1] + edges[1:]) / 2, float(edges[1] - edges[0])
    figure = go.Figure()
    for values, name, color in ((own, names[0], colors.accent), (foreign, names[1], colors.second)):
        if not len(values):
            continue
        counts = np.histogram(values, bins=edges)[0]
        figure.add_bar(
            x=middles,
            y=counts / len(values),
            width=width,
            name=name,
            marker={"color": rgba(color, 0.6)},
            customdata=counts,
            hovertemplate="distance %{x:.3g}: %{customdata} photos (%{y:.0%})<extra>" + name + "</extra>",
        )
    if limit is not None:
        figure.add_vline(
            x=limit,
            line={"color": colors.text, "width": 1.5, "dash": "dash"},
            annotation={"text": "limit", "font": {"size": 12, "color": colors.text}},
            annotation_position="top right",
        )
    styled(figure, colors, "Distance from the training photos", height=330, x_title="distance")
    figure.update_layout(barmode="overlay", bargap=0, hovermode="closest")
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(tickformat=".0%", fixedrange=True, title={"text": "share of photos", "font": {"size": 12}})
    return figure


def spread(count: int, most: int = MOST_POINTS) -> np.ndarray:
    """Return at most ``most`` places of ``count``, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def set_sizes(sizes: np.ndarray, colors: Palette) -> go.Figure:
    """Plot how many photos have a set of each size; ``sizes`` [most + 1] counts them, from size 0."""
    places = np.arange(1, len(sizes))
    figure = go.Figure(
        go.Bar(
            x=places,
            y=sizes[1:],
            marker={"color": [rgba(colors.accent, 0.75 if place == 1 else 0.4) for place in places]},
            text=[str(number) if number else "" for number in sizes[1:]],
            textposition="outside",
            cliponaxis=False,
            textfont={"color": colors.text},
            width=0.62,
            hovertemplate="%{y} photos with %{x} classes<extra></extra>",
        )
    )
    styled(figure, colors, "Size of the sets", height=260, legend=False, x_title="classes in the set")
    figure.update_xaxes(dtick=max(1, len(places) // 10), fixedrange=True, range=[0.4, len(places) + 0.6])
    figure.update_yaxes(fixedrange=True, nticks=4, range=[0, max(1, sizes.max()) * 1.2])
    return figure

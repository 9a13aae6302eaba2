"""Figures of the transfer lesson: training curves, differences between arms, accuracy by number of photos."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from core.lessons.transfer import ARMS, ArmComparison
from pages.components.shared.charts import Palette, rgba, styled

NAMES = {"scratch": "from scratch", "frozen": "frozen", "fine-tuned": "fine-tuned"}


def curves(runs: pd.DataFrame, against: str, colors: Palette) -> go.Figure:
    """Plot validation accuracy over the epochs or the training seconds (``against``), a line per arm."""
    figure = go.Figure()
    for arm, color in _colors(colors).items():
        run = runs[runs["arm"] == arm]
        if len(run):
            figure.add_scatter(
                x=run[against],
                y=run["val_accuracy"],
                name=NAMES[arm],
                mode="lines+markers",
                line={"color": color, "width": 2.5},
                marker={"size": 6},
                hovertemplate="%{y:.0%}",
            )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    figure.update_xaxes(rangemode="tozero")
    title = "Validation accuracy"
    return styled(figure, colors, title, height=300, x_title="epoch" if against == "epoch" else "training seconds")


def differences(pairs: Sequence[ArmComparison], colors: Palette) -> go.Figure:
    """Plot a row per pair of arms: the difference of their accuracies with its 95% interval, and zero."""
    middle = [100 * pair.compared.difference for pair in pairs]
    ends = [(100 * pair.compared.low, 100 * pair.compared.high) for pair in pairs]
    figure = go.Figure(
        go.Scatter(
            x=middle,
            y=[f"{NAMES[pair.second]}<br>minus {NAMES[pair.first]}" for pair in pairs],
            mode="markers",
            marker={"size": 11, "color": [colors.accent if pair.clear else colors.quiet for pair in pairs]},
            error_x={
                "array": [high - x for x, (_, high) in zip(middle, ends, strict=True)],
                "arrayminus": [x - low for x, (low, _) in zip(middle, ends, strict=True)],
                "color": colors.quiet,
                "thickness": 2,
                "width": 6,
            },
            customdata=ends,
            hovertemplate="%{x:+.0f} points, interval %{customdata[0]:+.0f} to %{customdata[1]:+.0f}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": colors.text, "width": 1})
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=True, gridcolor=colors.grid)
    title = "Difference in accuracy, 95% interval"
    return styled(figure, colors, title, height=300, legend=False, x_title="percentage points")


def learning_curve(ends: pd.DataFrame, names: Mapping[int, str], colors: Palette) -> go.Figure:
    """Plot validation accuracy by training photos per class, with 95% intervals; ``names`` labels the axis."""
    figure = go.Figure()
    for place, (arm, color) in enumerate(_colors(colors).items()):
        of_arm = ends[ends["arm"] == arm].sort_values("size")
        if len(of_arm):
            figure.add_scatter(
                # Shifted slightly, so that no interval hides another; the axis is logarithmic.
                x=of_arm["size"] * (1 + 0.03 * (place - 1)),
                y=of_arm["val_accuracy"],
                name=NAMES[arm],
                mode="lines+markers",
                line={"color": color, "width": 2.5},
                marker={"size": 8},
                error_y={
                    "array": of_arm["high"] - of_arm["val_accuracy"],
                    "arrayminus": of_arm["val_accuracy"] - of_arm["low"],
                    "color": rgba(color, 0.5),
                    "thickness": 1.5,
                    "width": 4,
                },
                hovertemplate="%{y:.0%}",
            )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    figure.update_xaxes(type="log", tickvals=list(names), ticktext=list(names.values()), hoverformat=".0f")
    title = "Learning curve, 95% intervals"
    return styled(figure, colors, title, height=330, x_title="training photos per class")


def _colors(colors: Palette) -> dict[str, str]:
    return dict(zip(ARMS, (colors.second, colors.lines[2], colors.accent), strict=True))

"""Plot training and validation curves of runs with one augmentation level, and the gap between them."""

import pandas as pd
import plotly.graph_objects as go

from core.training.recipe import Recipe
from pages.components.shared.charts import Palette, rgba, styled

MEASURES = ("accuracy", "loss")
TITLES = {"none": "No augmentation", "light": "Light", "standard": "Standard"}
# All panels share the axis; a higher loss only means that the network is confidently wrong.
MAX_LOSS = 3.0


def panel(runs: pd.DataFrame, measure: str, colors: Palette) -> go.Figure:
    """Plot the runs of one level: thin lines for runs, thick ones for their means, the gap between the means shaded."""
    train, val = f"train_{measure}", f"val_{measure}"
    means = runs.groupby("epoch")[[train, val]].mean()
    number = ".0%" if measure == "accuracy" else ".2f"
    figure = go.Figure()
    figure.add_scatter(
        x=[*means.index, *means.index[::-1]],
        y=[*means[train], *means[val][::-1]],
        fill="toself",
        fillcolor=rgba(colors.second, 0.16),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    for column, name, color in ((train, "training", colors.quiet), (val, "validation", colors.accent)):
        for _, run in runs.groupby("seed"):
            figure.add_scatter(
                x=run["epoch"],
                y=run[column],
                mode="lines",
                line={"color": rgba(color, 0.45), "width": 1},
                hoverinfo="skip",
                showlegend=False,
            )
        figure.add_scatter(
            x=means.index,
            y=means[column],
            name=name,
            mode="lines",
            line={"color": color, "width": 2.5},
            hovertemplate=f"%{{y:{number}}}",
        )
    gap = abs(means[train].iloc[-1] - means[val].iloc[-1])
    figure.add_annotation(
        x=means.index[-1],
        y=(means[train].iloc[-1] + means[val].iloc[-1]) / 2,
        text=f"gap {100 * gap:.0f} points" if measure == "accuracy" else f"gap {gap:.2f}",
        xanchor="right",
        showarrow=False,
        font={"size": 12, "color": colors.text},
    )
    figure.update_yaxes(
        **{"tickformat": ".0%", "range": [0, 1.03]} if measure == "accuracy" else {"range": [0, MAX_LOSS]}
    )
    figure.update_xaxes(range=[1, int(runs["epochs"].iloc[0])], dtick=3, tick0=1)
    level = str(runs["level"].iloc[0])
    return styled(figure, colors, TITLES[level], height=270)


def description(recipe: Recipe, train: int, val: int, runs: int) -> str:
    """Describe what the runs share, in a few sentences."""
    times = "once" if runs == 1 else f"{runs} times, with different random seeds"
    start = "ImageNet weights" if recipe.weights == "imagenet" else "random weights"
    return (
        f"ResNet-18 starts from {start} and trains all layers for {recipe.epochs} epochs on {train} bird photos of "
        f"five classes, {recipe.size} pixels wide. After each epoch it is evaluated on {val} validation photos. Each "
        f"level is trained {times}; photos, batch size and epochs are the same for all levels."
    )

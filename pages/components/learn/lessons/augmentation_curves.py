"""The curves of trainings with one level of augmentation: training against validation, and the gap between them."""

import pandas as pd
import plotly.graph_objects as go

from core.training.recipe import Recipe
from pages.components.shared.charts import Ink, dressed, faint

MEASURES = ("accuracy", "loss")
TITLES = {"none": "No augmentation", "light": "Light", "standard": "Standard"}
# The same height of the axis in all panels; a loss above it says only that the network is confidently wrong.
MOST_LOSS = 3.0


def panel(runs: pd.DataFrame, measure: str, colors: Ink) -> go.Figure:
    """The runs of one level: each as a thin line, their mean as a thick one, the gap between the means shaded."""
    train, val = f"train_{measure}", f"val_{measure}"
    means = runs.groupby("epoch")[[train, val]].mean()
    number = ".0%" if measure == "accuracy" else ".2f"
    figure = go.Figure()
    figure.add_scatter(
        x=[*means.index, *means.index[::-1]],
        y=[*means[train], *means[val][::-1]],
        fill="toself",
        fillcolor=faint(colors.second, 0.16),
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
                line={"color": faint(color, 0.45), "width": 1},
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
        **{"tickformat": ".0%", "range": [0, 1.03]} if measure == "accuracy" else {"range": [0, MOST_LOSS]}
    )
    figure.update_xaxes(range=[1, int(runs["epochs"].iloc[0])], dtick=3, tick0=1)
    level = str(runs["level"].iloc[0])
    return dressed(figure, colors, TITLES[level], height=270)


def told(recipe: Recipe, train: int, val: int, runs: int) -> str:
    """What the trainings share, in a sentence or two."""
    often = "once; photos" if runs == 1 else f"{runs} times, with other random numbers; photos"
    start = "weights trained on ImageNet" if recipe.weights == "imagenet" else "random numbers"
    return (
        f"ResNet-18 begins from {start} and trains all its layers for {recipe.epochs} epochs on {train} bird photos of "
        f"five classes, {recipe.size} pixels wide. {val} other photos are checked on after each epoch. Each level is "
        f"trained {often}, batches and epochs are the same for all levels."
    )

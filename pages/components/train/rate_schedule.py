"""The learning rate that a recipe plans, as a little curve."""

import plotly.graph_objects as go

from core.training.recipe import Recipe
from core.training.schedule import factor
from pages.components.shared.charts import Ink, rate_curve

POINTS = 48
"""Points of each phase's curve."""


def planned_rates(recipe: Recipe) -> tuple[list[float], list[float]]:
    """Places on the axis of epochs, and the head's rate there; a staged training goes through its schedule twice."""
    from core.training.network import phases  # here, because it loads torch

    places, rates = [], []
    for phase in phases(recipe):
        top = recipe.resolved_learning_rate() * phase.rates["head"]
        for point in range(POINTS):
            places.append(phase.first - 1 + phase.epochs * point / (POINTS - 1))
            rates.append(top * factor(recipe.schedule, point, POINTS))
    return places, rates


def planned(recipe: Recipe, colors: Ink) -> go.Figure:
    """The figure of it."""
    return rate_curve(*planned_rates(recipe), colors, recipe.epochs)

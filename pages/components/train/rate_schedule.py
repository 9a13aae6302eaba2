"""The planned learning rate of a recipe as a small chart."""

import plotly.graph_objects as go

from core.training.recipe import Recipe
from core.training.schedule import factor
from pages.components.shared.charts import Palette, rate_curve
from pages.components.train.automatic.deeper_phase import deeper_phase

POINTS = 48
"""Number of points per phase."""


def planned_rates(recipe: Recipe) -> tuple[list[float], list[float]]:
    """Return positions in epochs and the head's learning rate there. Staged training uses its schedule twice.

    Of automatic training, it is the phase after the head, which is solved without a learning rate.
    """
    from core.training.network import phases  # here, because it loads torch

    positions, rates = [], []
    recipe = deeper_phase(recipe)
    for phase in phases(recipe):
        top = recipe.resolved_learning_rate() * phase.rates["head"]
        for point in range(POINTS):
            positions.append(phase.first - 1 + phase.epochs * point / (POINTS - 1))
            rates.append(top * factor(recipe.schedule, point, POINTS))
    return positions, rates


def schedule_figure(recipe: Recipe, colors: Palette) -> go.Figure:
    """Plot ``planned_rates``."""
    return rate_curve(*planned_rates(recipe), colors, deeper_phase(recipe).epochs)

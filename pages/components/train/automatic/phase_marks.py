"""The phases of an automatic run as bands behind its charts: over epochs, which count through all phases, or time."""

import plotly.graph_objects as go

from core.runs.automatic.phases import Phase, Phases
from pages.components.shared.charts import Palette, rgba
from pages.components.train.automatic.phase_words import NAMES, epochs_of

_NARROW = 0.1
"""Of the axis: a band with less has no room for its name."""


def mark_phases(figure: go.Figure, found: Phases, colors: Palette) -> None:
    """Draw a band for each phase that has epochs, from its first to its last, with the name of its layers."""
    last = found.phases[-1]
    width = max(1, last.first_epoch - 1 + epochs_of(last))
    for place, phase in enumerate(found.phases):
        begin, end = phase.first_epoch - 1, phase.first_epoch - 1 + epochs_of(phase)
        if begin == end:
            continue
        draw_band(figure, phase, place, (begin, end), colors, named=end - begin >= _NARROW * width)


def draw_band(
    figure: go.Figure, phase: Phase, place: int, ends: tuple[float, float], colors: Palette, *, named: bool
) -> None:
    """Draw a phase as a band between two places of the axis, every second one paler, ``named`` with its layers."""
    begin, end = ends
    figure.add_vrect(
        x0=begin,
        x1=end,
        fillcolor=rgba(colors.quiet, 0.10 if place % 2 == 0 else 0.04),
        line_width=0,
        layer="below",
    )
    if named:
        figure.add_annotation(
            x=(begin + end) / 2,
            y=0,
            yref="paper",
            yanchor="bottom",
            text=NAMES[phase.train],
            showarrow=False,
            font={"size": 11, "color": colors.quiet},
        )

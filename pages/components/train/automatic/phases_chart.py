"""The phases of an automatic training on one time axis: validation accuracy, with its interval, against seconds."""

import math

import plotly.graph_objects as go

from core.runs.automatic.phases import EarlyResult, Phase, Phases
from pages.components.shared.charts import Palette, rgba, styled
from pages.components.train.automatic.phase_marks import draw_band
from pages.components.train.automatic.phase_words import EARLY, NAMES

HEIGHT = 320
_ROOM = 0.04
_AT_WORK = 0.15
"""Of the time axis: room for the phase that is in training."""
_MINUTES_FROM = 180.0
_NARROW = 0.12
_STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


def phases_figure(found: Phases, colors: Palette, *, boxes: bool) -> go.Figure:
    """Plot every phase as a line of its epochs, and its result with the 95% interval; phases not kept are grey."""
    figure = go.Figure()
    end = max(found.seconds, 1.0)
    if found.phases and not found.phases[-1].over:
        end *= 1 + _AT_WORK  # its first result comes only after a while
    unit, scale = ("minutes", 60.0) if end > _MINUTES_FROM else ("seconds", 1.0)
    number = ".3f" if boxes else ".1%"
    lows: list[float] = []
    _line_of_the_model(figure, found, end / scale, scale, colors)
    for place, phase in enumerate(found.phases):
        color = colors.accent if phase.kept or not phase.over else colors.quiet
        ends = (phase.began / scale, (end if phase.ended is None else phase.ended) / scale)
        draw_band(figure, phase, place, ends, colors, named=not _is_narrow(phase, end))
        name = NAMES[phase.train]
        if len(phase.points) > 1 or (phase.points and not phase.over):  # the result says the same as a single epoch
            figure.add_scatter(
                x=[point.seconds / scale for point in phase.points],
                y=[point.score for point in phase.points],
                name=f"{name}, each epoch",
                mode="lines+markers",
                line={"color": rgba(color, 0.6), "width": 1.5},
                marker={"size": 4},
                hovertemplate=f"%{{y:{number}}} after %{{x:.3g}} {unit}<extra>{name}</extra>",
            )
            lows += [point.score for point in phase.points]
        if phase.ended is None or phase.value is None:
            continue
        low, high = (phase.value if one is None else one for one in (phase.low, phase.high))
        lows.append(low)
        state = "kept" if phase.kept else "not kept"
        figure.add_scatter(
            x=[phase.ended / scale],
            y=[phase.value],
            error_y={
                "type": "data",
                "array": [high - phase.value],
                "arrayminus": [phase.value - low],
                "color": color,
                "thickness": 2,
                "width": 6,
            },
            name=f"{name}, {state}",
            mode="markers+text",
            text=[name if _is_narrow(phase, end) else ""],
            textposition="bottom right",
            textfont={"size": 11, "color": colors.quiet},
            marker={
                "size": 11,
                "color": color if phase.kept else colors.paper,
                "line": {"color": color, "width": 2},
            },
            hovertemplate=f"%{{y:{number}}} after %{{x:.3g}} {unit}<extra>{name}, {state}</extra>",
        )
    if found.early is not None:
        _early_model(figure, found.early, scale, unit, colors)
        lows.append(found.early.low)
    lowest = max(0.0, math.floor(10 * (min(lows, default=0.0) - _ROOM / 2)) / 10)
    figure.update_yaxes(range=[lowest, 1 + _ROOM * (1 - lowest)], tickformat="" if boxes else ".0%")
    step = next((one for one in _STEPS if end / one <= 8), _STEPS[-1]) / scale
    figure.update_xaxes(range=[0, end / scale * (1 + _ROOM)], dtick=step, tick0=0)
    title = "Validation mean IoU" if boxes else "Validation accuracy"  # with the interval, it fits a phone
    if found.early or any(phase.low is not None and phase.high is not None for phase in found.phases):
        title += ", with 95% confidence interval"
    return styled(figure, colors, title, height=HEIGHT, legend=False, x_title=f"{unit} of training")


def _early_model(figure: go.Figure, early: EarlyResult, scale: float, unit: str, colors: Palette) -> None:
    """Draw the result of the early model: a small diamond, since it is from a part of the photos."""
    figure.add_scatter(
        x=[early.seconds / scale],
        y=[early.value],
        error_y={
            "type": "data",
            "array": [early.high - early.value],
            "arrayminus": [early.value - early.low],
            "color": rgba(colors.accent, 0.6),
            "thickness": 1.5,
            "width": 4,
        },
        name=EARLY,
        mode="markers",
        marker={
            "size": 9,
            "symbol": "diamond",
            "color": colors.paper,
            "line": {"color": colors.accent, "width": 2},
        },
        hovertemplate=f"%{{y:.1%}} after %{{x:.3g}} {unit}<extra>first model, from {early.photos:,} of {early.of:,} "
        "photos</extra>",
    )


def _line_of_the_model(figure: go.Figure, found: Phases, end: float, scale: float, colors: Palette) -> None:
    """Draw which result the run's model has at each time: it is used from the end of its phase on."""
    kept = [(one.ended / scale, one.value) for one in found.phases if one.kept and one.ended is not None]
    if found.early is not None:
        kept = [(found.early.seconds / scale, found.early.value), *kept]
    if kept:
        figure.add_scatter(
            x=[*(seconds for seconds, _ in kept), end],
            y=[*(value for _, value in kept), kept[-1][1]],
            mode="lines",
            line={"color": rgba(colors.accent, 0.35), "width": 4, "shape": "hv"},
            hoverinfo="skip",
        )


def _is_narrow(phase: Phase, end: float) -> bool:
    """Return whether a phase's band has no room for its name."""
    return (end if phase.ended is None else phase.ended) - phase.began < _NARROW * end

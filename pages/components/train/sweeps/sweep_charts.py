"""Charts of a sweep: the curves of its seeds, and its recipes in parallel coordinates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from pages.components.shared.charts import Palette, rgba, styled
from pages.components.shared.wording import chart_text

_LONGEST_VALUE, _LONGEST_WORD = 14, 11
LEAST_RANGE = 0.05
"""Of the axis of the means: a difference of one photo in a hundred is not to look like the whole height."""
_LABEL_HEIGHT = 0.07
"""How far apart labels must be, as a share of an axis."""


def seed_curves(
    runs: Mapping[str, pd.DataFrame],
    column: str,
    title: str,
    colors: Palette,
    percent: bool = True,
    unit: str = "epoch",
) -> go.Figure:
    """Plot one column of each run's epochs as a thin line, and their mean as a thick one.

    The mean ends where the first run ends, so that it is always over all of them.
    """
    figure = go.Figure()
    number = ".1%" if percent else ".3f"
    for place, (name, epochs) in enumerate(runs.items()):
        figure.add_scatter(
            x=epochs["epoch"],
            y=epochs[column],
            name="each seed" if len(runs) > 1 else chart_text(name),
            legendgroup="seeds",
            showlegend=place == 0,
            mode="lines+markers" if len(epochs) == 1 or len(runs) == 1 else "lines",
            line={"color": rgba(colors.quiet, 0.75), "width": 1}
            if len(runs) > 1
            else {"color": colors.accent, "width": 2},
            marker={"size": 4},
            hovertemplate=f"{chart_text(name)}: %{{y:{number}}}<extra></extra>",
        )
    if len(runs) > 1:
        mean = mean_curve(list(runs.values()), column)
        figure.add_scatter(
            x=mean.index,
            y=mean,
            name=f"mean of {len(runs)} seeds",
            mode="lines+markers",
            line={"color": colors.accent, "width": 3},
            marker={"size": 6},
            hovertemplate=f"mean: %{{y:{number}}}<extra></extra>",
        )
    if percent:
        figure.update_yaxes(tickformat=".0%")
    last = max((int(epochs["epoch"].max()) for epochs in runs.values() if len(epochs)), default=0)
    if last:
        figure.update_xaxes(range=[0, last * 1.02], dtick=max(1, round(last / 10)), tick0=0)
    return styled(figure, colors, title, height=300, x_title=unit)


def mean_curve(runs: Sequence[pd.DataFrame], column: str) -> pd.Series:
    """Return the mean over the runs for each epoch that all of them have."""
    table = pd.concat([epochs.set_index("epoch")[column] for epochs in runs], axis=1, join="inner")
    return table.mean(axis=1)


@dataclass(frozen=True)
class Line:
    """One recipe in parallel coordinates."""

    name: str
    values: tuple[int, ...]
    """For each axis, the place of its value."""
    mean: float
    low: float | None
    high: float | None
    text: str
    """Its mean and interval in words."""


@dataclass(frozen=True)
class Axis:
    """A setting with the names of its values, from the bottom to the top."""

    name: str
    values: tuple[str, ...]


def parallel_coordinates(
    axes: Sequence[Axis],
    lines: Sequence[Line],
    figure_name: str,
    tick_text: Callable[[float], str],
    colors: Palette,
    best: int = 0,
    chosen: int | None = None,
) -> go.Figure:
    """Plot each recipe as a line across the settings to its mean; the best one is thick, the chosen one dashed.

    ``tick_text`` writes a value of the last axis. Settings have their values at equal distances, so that learning
    rates of several magnitudes are told apart.
    """
    figure = go.Figure()
    lows = [line.mean if line.low is None else line.low for line in lines]
    highs = [line.mean if line.high is None else line.high for line in lines]
    marked = [place for place in (best, chosen) if place is not None]
    shown = [line.mean for line in lines] + [lows[place] for place in marked] + [highs[place] for place in marked]
    bottom, top = mean_range(shown)

    def height(value: float) -> float:
        return (value - bottom) / (top - bottom)

    order = [place for place in range(len(lines)) if place not in marked]
    order += dict.fromkeys((*([] if chosen is None else [chosen]), best))
    for place in order:
        line = lines[place]
        # The better, the stronger: so that lines that cross can be followed.
        color, width, dash = rgba(colors.accent, 0.2 + 0.5 * height(line.mean)), 1.5, "solid"
        if place == chosen:
            color, width, dash = colors.second, 3, "dash"
        if place == best:
            color, width, dash = colors.accent, 4, "solid"
        low, high = lows[place], highs[place]
        spread = [0.0] * len(axes)
        figure.add_scatter(
            x=list(range(len(axes) + 1)),
            y=[_place(value, len(axis.values)) for value, axis in zip(line.values, axes, strict=True)]
            + [height(line.mean)],
            mode="lines+markers",
            name=("best" if place == best else "selected") if place in marked else chart_text(line.name),
            showlegend=place in marked,
            line={"color": color, "width": width, "dash": dash},
            marker={"size": 7 if place in marked else 5, "color": color},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [*spread, height(high) - height(line.mean)],
                "arrayminus": [*spread, height(line.mean) - height(low)],
                "color": color,
                "thickness": 2,
                "width": 5,
                "visible": place in marked and high > low,
            },
            hovertemplate=f"{chart_text(line.name)}<br>{chart_text(line.text)}<extra></extra>",
        )
    for place in range(len(axes) + 1):
        figure.add_vline(x=place, line={"color": rgba(colors.quiet, 0.5), "width": 1}, layer="below")
    for place, axis in enumerate(axes):
        _label(figure, colors, place, 1.0, _broken(axis.name), above=True)
        for number, value in enumerate(axis.values):
            _label(figure, colors, place, _place(number, len(axis.values)), _short(value))
    _label(figure, colors, len(axes), 1.0, _broken(f"Mean {figure_name}"), above=True)
    worst = min(line.mean for line in lines)
    labelled: list[float] = []
    for mean in (lines[best].mean, worst, bottom, top):
        if all(abs(height(mean) - other) >= _LABEL_HEIGHT for other in labelled):
            labelled.append(height(mean))
            _label(figure, colors, len(axes), height(mean), tick_text(mean))
    styled(figure, colors, None, height=360, x_title=None)
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 78, "b": 8}, hovermode="closest", legend={"y": -0.02, "yanchor": "top", "x": 0}
    )
    figure.update_xaxes(range=[-0.08, len(axes) + 0.62], visible=False)
    figure.update_yaxes(range=[-0.08, 1.1], visible=False)
    return figure


def mean_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis for these shares: at least `LEAST_RANGE` apart, and within 0 and 1."""
    bottom, top = min(values), max(values)
    if top - bottom >= LEAST_RANGE:
        return bottom, top
    bottom = min(max(0.0, (bottom + top - LEAST_RANGE) / 2), 1.0 - LEAST_RANGE)
    return bottom, bottom + LEAST_RANGE


def _place(number: int, count: int) -> float:
    return 0.5 if count < 2 else number / (count - 1)


def _label(figure: go.Figure, colors: Palette, x: float, y: float, text: str, above: bool = False) -> None:
    figure.add_annotation(
        x=x,
        y=y,
        text=f"<b>{text}</b>" if above else text,
        showarrow=False,
        xanchor="left",
        yanchor="bottom" if above else "middle",
        align="left",
        xshift=0 if above else 7,
        yshift=22 if above else 0,
        font={"size": 12, "color": colors.text},
        bgcolor=None if above else rgba(colors.paper, 0.85),
        borderpad=1,
    )


def _short(name: str) -> str:
    return chart_text(name if len(name) <= _LONGEST_VALUE else name[: _LONGEST_VALUE - 1].rstrip() + "…")


def _broken(name: str) -> str:
    """Return a name on several lines, since the axes are close to each other on a phone."""
    lines: list[str] = []
    for word in name.split():
        if lines and len(lines[-1]) + 1 + len(word) <= _LONGEST_WORD:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "<br>".join(chart_text(line) for line in lines[:4])

"""The charts of the page as plotly figures in JSON: figures with intervals, confusion matrix, classes, curves."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from core.export.report_page.html_parts import Chart, chart_text, counted
from core.inspection.doubt.reliability import Reliability
from core.inspection.measuring.report import Rate, Report

MOST_CELLS = 100
"""Most classes of a confusion matrix that is drawn; more would make the page slow, and none could be read."""

MOST_NUMBERED = 16
MOST_NAMED = 40
"""Most classes whose names stand at the columns too, and most whose names stand at the rows."""

MOST_CLASSES = 60
"""Most classes with a dot; of more, those with the lowest recall."""

MOST_POINTS = 400
_LONGEST = 18
_CLEAR = "rgba(0,0,0,0)"


def accuracy_chart(rates: Sequence[tuple[str, Rate]], baseline: float | None) -> Chart | None:
    """Plot accuracies (name, rate) with their 95 % intervals, and a line at what guessing reaches."""
    known = [(name, one) for name, one in rates if one.value is not None]
    if not known:
        return None
    data = [
        {
            "type": "scatter",
            "x": [one.value],
            "y": [name],
            "mode": "markers",
            "marker": {"color": "@accent", "size": 13},
            "error_x": _interval(one, 8),
            "hovertemplate": f"{chart_text(one)}<extra></extra>",
        }
        for name, one in known
    ]
    layout = _layout(70 + 42 * len(known), below=34)
    layout["xaxis"] |= {"range": [-0.01, 1.02], "tickformat": ".0%"}
    layout["yaxis"] |= {"autorange": "reversed", "type": "category", "showgrid": False, "ticksuffix": "  "}
    if baseline is not None:
        layout["shapes"] = [_line(x=baseline)]
        layout["annotations"] = [_remark("guessing", x=baseline, y=1, yref="paper", yanchor="bottom")]
        layout["margin"]["t"] = 26
    text = "Accuracy. " + "; ".join(f"{name}: {one}" for name, one in known) + "."
    return Chart("chart-accuracy", data, layout, text)


def confusion_chart(report: Report) -> Chart | None:
    """Plot the confusion matrix: rows are the labels, and the shade of a cell is its share of the row."""
    size = len(report.classes)
    if not 2 <= size <= MOST_CELLS or not report.n:
        return None
    counts = [list(row) for row in report.confusion]
    names = [chart_text(name) for name in report.classes]
    shares = [[round(cell / sum(row), 4) if sum(row) else 0.0 for cell in row] for row in counts]
    heat: dict[str, Any] = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": shares,
        "customdata": counts,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "@shade"], [1, "@accent"]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "label %{y}, predicted %{x}: %{customdata}<extra></extra>",
    }
    if size <= MOST_NUMBERED:
        heat |= {"text": [[str(cell or "") for cell in row] for row in counts], "texttemplate": "%{text}"}
    layout = _layout(110 + max(6, min(46, 520 // size)) * size)
    short = [chart_text(_short(name)) for name in report.classes]
    layout["xaxis"] |= {
        **{"type": "category", "side": "top", "tickvals": names, "ticktext": short, "showgrid": False},
        **{"showticklabels": size <= MOST_NUMBERED, "title": {"text": "predicted class", "font": {"size": 12}}},
    }
    layout["yaxis"] |= {
        **{"type": "category", "autorange": "reversed", "tickvals": names, "ticktext": short, "showgrid": False},
        **{"showticklabels": size <= MOST_NAMED, "title": {"text": "label", "standoff": 14}},
    }
    text = f"Confusion matrix of {counted(size, 'class', 'classes')}; the most frequent confusions are listed below."
    return Chart("chart-confusion", [heat], layout, text)


def recall_chart(report: Report) -> Chart | None:
    """Plot the recall of each class with its 95 % interval, the lowest on top."""
    rated = sorted(
        (one for one in report.per_class if one.recall.value is not None), key=lambda one: one.recall.value or 0
    )[:MOST_CLASSES]
    if len(rated) < 2:
        return None
    data = [
        {
            "type": "scatter",
            "x": [one.recall.value for one in rated],
            "y": [chart_text(one.name) for one in rated],
            "customdata": [chart_text(one.recall) for one in rated],
            "mode": "markers",
            "marker": {"color": "@accent", "size": 11},
            "error_x": _intervals([one.recall for one in rated], 5),
            "hovertemplate": "%{y}: %{customdata}<extra></extra>",
        }
    ]
    layout = _layout(60 + 24 * len(rated))
    layout["xaxis"] |= {"range": [-0.01, 1.02], "tickformat": ".0%", "side": "top"}
    layout["yaxis"] |= {
        **{"type": "category", "autorange": "reversed", "showgrid": False, "ticksuffix": "  "},
        **{"tickvals": [chart_text(one.name) for one in rated]},
        **{"ticktext": [chart_text(_short(one.name)) for one in rated]},
    }
    return Chart(
        "chart-recall", data, layout, "Recall of each class with its interval; the table has the same figures."
    )


def curve_charts(epochs: pd.DataFrame, *, iterations: bool) -> list[Chart]:
    """Plot loss and accuracy (or mean IoU) by epoch, or by iteration of a solver; nothing for a single one."""
    if len(epochs) < 2:
        return []
    rows = _thinned(epochs)
    second = ("iou", "Mean IoU") if "val_iou" in rows and rows["val_iou"].notna().any() else ("accuracy", "Accuracy")
    return [
        found
        for column, title in (("loss", "Loss"), second)
        if (found := _curves(rows, column, title, "iteration" if iterations else "epoch")) is not None
    ]


def reliability_chart(found: Sequence[tuple[str, Reliability]]) -> Chart:
    """Plot the accuracy of the answers by their confidence, for each of the named kinds of probabilities."""
    colors = ("@second", "@accent")
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "x": [0, 1],
            "y": [0, 1],
            "mode": "lines",
            "line": {"color": "@quiet", "dash": "dot", "width": 1},
            "name": "confidence = accuracy",
            "hoverinfo": "skip",
        }
    ]
    for (name, one), color in zip(found, colors, strict=False):
        filled = [part for part in one.bins if part.n]
        data.append(
            {
                "type": "scatter",
                "x": [part.confidence for part in filled],
                "y": [part.accuracy for part in filled],
                "customdata": [part.n for part in filled],
                "mode": "lines+markers",
                "name": name,
                "line": {"color": color, "width": 2},
                "marker": {"color": color, "size": 9},
                "hovertemplate": "confidence %{x:.0%}, accuracy %{y:.0%}, %{customdata} photos<extra></extra>",
            }
        )
    layout = _layout(340, legend=True, below=44)
    layout["xaxis"] |= {"range": [0, 1.02], "tickformat": ".0%", "title": {"text": "confidence"}}
    layout["yaxis"] |= {"range": [0, 1.03], "tickformat": ".0%", "title": {"text": "accuracy"}}
    text = "Reliability diagram. " + "; ".join(
        f"{name}: expected calibration error {one.error:.3f}" for name, one in found
    )
    return Chart("chart-reliability", data, layout, f"{text}.")


def _curves(rows: pd.DataFrame, column: str, title: str, unit: str) -> Chart | None:
    shares = column == "accuracy"
    data: list[dict[str, Any]] = []
    for name, color in (("train", "@quiet"), ("val", "@accent")):
        values = _numbers(rows.get(f"{name}_{column}"))
        if any(value is not None for value in values):
            data.append(
                {
                    "type": "scatter",
                    "x": [int(epoch) for epoch in rows["epoch"]],
                    "y": values,
                    "mode": "lines+markers" if len(rows) <= 40 else "lines",
                    "name": {"train": "training", "val": "validation"}[name],
                    "line": {"color": color, "width": 2},
                    "marker": {"size": 5},
                    "hovertemplate": "%{y:.1%}" if shares else "%{y:.3f}",
                }
            )
    if not data:
        return None
    layout = _layout(290, legend=True, below=40)
    layout |= {"hovermode": "x unified", "title": {"text": title, "font": {"size": 14}, "x": 0, "xref": "paper"}}
    layout["margin"]["t"] = 60
    # Ticks at whole epochs.
    layout["xaxis"] |= {"title": {"text": unit, "font": {"size": 12}}, "showgrid": False, "tick0": 0}
    layout["xaxis"]["dtick"] = max(1, round(int(rows["epoch"].max()) / 10))
    layout["yaxis"] |= {"tickformat": ".0%"} if shares else {"rangemode": "tozero"}
    best = rows[rows["best"].fillna(False).astype(bool)] if "best" in rows else rows[:0]
    if len(best):
        place = int(best.iloc[-1]["epoch"])
        layout["shapes"] = [_line(x=place)]
        layout["annotations"] = [_remark("kept", x=place, y=1, yref="paper", yanchor="bottom")]
    last = [f"{one['name']} {one['y'][-1]:.3f}" for one in data if one["y"][-1] is not None]
    text = f"{title} by {unit}. At the last {unit}: {', '.join(last) or 'not a number'}."
    return Chart(f"chart-{column}-curve", data, layout, text)


def _layout(height: int, *, legend: bool = False, below: int = 8) -> dict[str, Any]:
    axis = {"gridcolor": "@grid", "zeroline": False, "automargin": True, "fixedrange": True, "linecolor": "@grid"}
    return {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 10 if not legend else 34, "b": below},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": {"color": "@text", "family": "system-ui, sans-serif", "size": 12},
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "bgcolor": _CLEAR},
        "hoverlabel": {"bgcolor": "@paper", "bordercolor": "@grid", "font": {"color": "@text"}},
        "hovermode": "closest",
        "dragmode": False,
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }


def _interval(one: Rate, width: int) -> dict[str, Any]:
    return _intervals([one], width)


def _intervals(rates: Sequence[Rate], width: int) -> dict[str, Any]:
    """Return the intervals of rates as plotly's error bars, which are distances."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [(one.high or 0) - (one.value or 0) for one in rates],
        "arrayminus": [(one.value or 0) - (one.low or 0) for one in rates],
        "color": "@accent/0.4",
        "thickness": width,
        "width": 0,
    }


def _line(x: float) -> dict[str, Any]:
    line = {"color": "@second", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _remark(text: str, **place: Any) -> dict[str, Any]:
    return {"text": text, "showarrow": False, "font": {"size": 11, "color": "@second"}, **place}


def _thinned(epochs: pd.DataFrame) -> pd.DataFrame:
    if len(epochs) <= MOST_POINTS:
        return epochs
    places = sorted({round(place * (len(epochs) - 1) / (MOST_POINTS - 1)) for place in range(MOST_POINTS)})
    return epochs.iloc[places]


def _numbers(column: pd.Series | None) -> list[float | None]:
    if column is None:
        return []
    return [round(float(value), 6) if math.isfinite(float(value)) else None for value in column]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1].rstrip() + "…"

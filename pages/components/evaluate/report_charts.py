"""The charts of an evaluation: the accuracy with its interval, the classes, the confusion matrix."""

from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go

from core.inspection.measuring.report import ClassReport, Rate, Report
from pages.components.shared.charts import Palette, rgba
from pages.components.shared.wording import chart_text

Measure = Literal["recall", "precision", "f1"]

MEASURES: dict[str, str] = {"recall": "Recall", "precision": "Precision", "f1": "F1"}
MEANING: dict[str, str] = {
    "recall": "Of the photos labelled as this class, how many did the model find?",
    "precision": "Of the photos predicted as this class, how many are correct?",
    "f1": "The harmonic mean of recall and precision: high only where both are high.",
}

MAX_NUMBERED = 16
"""Most classes with which each cell of the confusion matrix shows its count."""

MAX_COLUMN_NAMES = 24
"""Most classes with which the columns show their names. More do not fit on a small screen; the rows name them too."""

MAX_MARKED = 40
"""Most classes with which empty cells can be clicked too. More markers would make the page slow."""


def accuracy_strip(accuracy: Rate, baseline: float, colors: Palette) -> go.Figure:
    """Plot the accuracy as a dot with its 95% interval on a line from 0 to 100%, and the baseline.

    The baseline is what guessing reaches, or always predicting the most frequent class.
    """
    figure = go.Figure()
    figure.add_shape(type="line", x0=0, x1=1, y0=0, y1=0, line={"color": colors.grid, "width": 8}, layer="below")
    if accuracy.value is not None and accuracy.low is not None and accuracy.high is not None:
        figure.add_scatter(
            x=[accuracy.low, accuracy.high],
            y=[0, 0],
            mode="lines",
            line={"color": rgba(colors.accent, 0.45), "width": 8},
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=[accuracy.value],
            y=[0],
            mode="markers",
            marker={"color": colors.accent, "size": 17, "line": {"color": colors.paper, "width": 2}},
            hovertemplate=f"{accuracy}<extra></extra>",
        )
    figure.add_shape(type="line", x0=baseline, x1=baseline, y0=-0.5, y1=0.5, line={"color": colors.quiet, "width": 1.5})
    figure.add_annotation(
        x=baseline,
        y=0.55,
        text="guessing",
        showarrow=False,
        yanchor="bottom",
        xanchor="center" if baseline > 0.08 else "left",
        font={"size": 11, "color": colors.quiet},
    )
    figure.update_xaxes(
        range=[-0.02, 1.02], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1], showgrid=False, zeroline=False
    )
    figure.update_yaxes(range=[-0.7, 1.6], visible=False)
    return _styled(figure, height=92, below=26)


def class_dots(per_class: Sequence[ClassReport], measure: Measure, colors: Palette) -> go.Figure:
    """Plot one line per class, best on top: the rate as a dot, its 95% interval as a bar."""
    rated = sorted(per_class, key=lambda entry: _value(getattr(entry, measure)))
    rates: list[Rate] = [getattr(entry, measure) for entry in rated]
    figure = go.Figure()
    for place, rate in enumerate(rates):
        if rate.low is not None and rate.high is not None:
            figure.add_shape(
                type="line",
                x0=rate.low,
                x1=rate.high,
                y0=place,
                y1=place,
                line={"color": rgba(colors.accent, 0.35), "width": 6},
                layer="below",
            )
    known = [(place, rate) for place, rate in enumerate(rates) if rate.value is not None]
    figure.add_scatter(
        x=[rate.value for _, rate in known],
        y=[place for place, _ in known],
        mode="markers",
        marker={"color": colors.accent, "size": 13, "line": {"color": colors.paper, "width": 2}},
        customdata=[[chart_text(rated[place].name), str(rate)] for place, rate in known],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
    )
    for place, rate in enumerate(rates):
        if rate.value is None:
            figure.add_annotation(
                x=0, y=place, text="no photos", showarrow=False, xanchor="left", font={"color": colors.quiet}
            )
    # The denominator: for precision the photos predicted as the class, else the photos labelled as it.
    numbers = [entry.precision.n if measure == "precision" else entry.n for entry in rated]
    names = [
        f"{chart_text(_short(entry.name))} <span style='color:{colors.quiet}'>{number}</span>"
        for entry, number in zip(rated, numbers, strict=True)
    ]
    figure.update_xaxes(
        range=[-0.02, 1.02], tickformat=".0%", gridcolor=colors.grid, zeroline=False, side="top", showgrid=True
    )
    figure.update_yaxes(
        tickvals=list(range(len(rated))),
        ticktext=names,
        range=[-0.6, len(rated) - 0.4],
        showgrid=False,
        zeroline=False,
        automargin=True,
        ticksuffix="  ",
    )
    return _styled(figure, height=48 + 34 * len(rated))


def confusion_matrix(report: Report, colors: Palette, chosen: tuple[int, int] | None = None) -> go.Figure:
    """Rows are the labels, columns the predicted classes; the shade of a cell is its share of the row.

    Every cell (in a big matrix: every cell with photos) has an invisible marker with ``customdata`` (label, predicted),
    because plotly reports clicks on markers to Streamlit but none on a heatmap.
    """
    counts = report.confusion
    names = [chart_text(_short(name)) for name in report.classes]
    shares = [[cell / sum(row) if sum(row) else 0.0 for cell in row] for row in counts]
    size = len(names)
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(range(size)),
            y=list(range(size)),
            zmin=0,
            zmax=1,
            colorscale=[list(stop) for stop in colors.shades],
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    every = size <= MAX_MARKED
    marked = [(row, column) for row in range(size) for column in range(size) if every or counts[row][column]]
    cell = _cell_pixels(size)
    figure.add_scatter(
        x=[column for _, column in marked],
        y=[row for row, _ in marked],
        mode="markers+text" if size <= MAX_NUMBERED else "markers",
        # Smaller than a cell on the smallest screen: plotly cannot tell overlapping markers apart.
        marker={"symbol": "square", "size": max(4, cell // 2), "opacity": 0},
        text=[str(counts[row][column] or "") for row, column in marked],
        textfont={"size": 14, "color": [_readable(shares[row][column], colors) for row, column in marked]},
        customdata=[[row, column] for row, column in marked],
        hovertext=[_cell_text(report, row, column) for row, column in marked],
        hovertemplate="%{hovertext}<extra></extra>",
        # Selecting a cell must not fade the others; the frame marks the selected one.
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}, "textfont": {"color": None}},
    )
    if chosen is not None:
        row, column = chosen
        figure.add_shape(
            type="rect",
            x0=column - 0.5,
            x1=column + 0.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": colors.second, "width": 3},
        )
    axis = {"tickvals": list(range(size)), "showgrid": False, "zeroline": False, "automargin": True, "fixedrange": True}
    named = size <= MAX_COLUMN_NAMES
    figure.update_xaxes(
        **axis,
        ticktext=[name.replace(" ", "<br>") for name in names] if size <= MAX_NUMBERED else names,
        showticklabels=named,
        title={"text": f"predicted class{'' if named else ' (same order as the rows)'}", "font": {"size": 12}},
        side="top",
        range=[-0.5, size - 0.5],
        autotickangles=[0, 90],
    )
    figure.update_yaxes(**axis, ticktext=names, title={"text": "label", "font": {"size": 12}}, range=[size - 0.5, -0.5])
    figure = _styled(figure, height=110 + cell * size)
    # Without a limit the nearest marker counts, which on a grid is the cell under the pointer.
    figure.update_layout(clickmode="event+select", hoverdistance=-1 if every else cell)
    return figure


def _cell_pixels(size: int) -> int:
    return max(12, min(64, 520 // max(1, size)))


def _readable(share: float, colors: Palette) -> str:
    """Dark text on light cells, light text on dark ones."""
    return colors.paper if share > 0.45 else colors.text


def _cell_text(report: Report, row: int, column: int) -> str:
    count = report.confusion[row][column]
    label, predicted = chart_text(report.classes[row]), chart_text(report.classes[column])
    photos = "photo" if count == 1 else "photos"
    if row == column:
        return f"{count} {photos} labelled {label}, predicted correctly"
    return f"{count} {photos} labelled {label}, predicted as {predicted}"


def _value(rate: Rate) -> float:
    return -1.0 if rate.value is None else rate.value


def _short(name: str, longest: int = 18) -> str:
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


def _styled(figure: go.Figure, height: int, below: int = 8) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": below},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        hovermode="closest",
    )
    return figure

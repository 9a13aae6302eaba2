"""Charts of the pages: pure functions that turn tables into plotly figures in the theme's colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from pages.components.shared.wording import chart_text

MAX_POINTS = 400
"""Maximum points per line; a long run has thousands of steps, more than a screen can show."""


@dataclass(frozen=True)
class Palette:
    """Colours of a figure: an accent for the main data, a quiet grey for context."""

    accent: str
    second: str
    quiet: str
    grid: str
    text: str
    paper: str
    lines: tuple[str, ...]
    shades: tuple[tuple[float, str], ...]

    @property
    def training(self) -> str:
        """The colour of training photos in every chart."""
        return self.quiet

    @property
    def validation(self) -> str:
        """The colour of validation photos in every chart."""
        return self.accent

    @property
    def test(self) -> str:
        """The colour of test photos in every chart."""
        return self.lines[2]


LIGHT = Palette(
    accent="#0f766e",
    second="#d97706",
    quiet="#5a6866",
    grid="#e3e9e7",
    text="#0f1716",
    paper="#fdfdfc",
    lines=("#0f766e", "#d97706", "#6366a8", "#b4475f", "#4d7c0f", "#0e7490"),
    shades=((0.0, "#f1f4f3"), (0.15, "#cfe5e1"), (0.5, "#6db3aa"), (1.0, "#0f766e")),
)
DARK = Palette(
    accent="#2dd4bf",
    second="#fbbf24",
    quiet="#8a9a97",
    grid="#2b3634",
    text="#e4ebe9",
    paper="#111716",
    lines=("#2dd4bf", "#fbbf24", "#a5b4fc", "#fb7185", "#a3e635", "#67e8f9"),
    shades=((0.0, "#1a2322"), (0.15, "#17403b"), (0.5, "#158074"), (1.0, "#2dd4bf")),
)


def palette(dark: bool) -> Palette:
    """Return the colours of the dark or light theme; keep them in step with .streamlit/config.toml."""
    return DARK if dark else LIGHT


def loss_curves(epochs: pd.DataFrame, steps: pd.DataFrame, colors: Palette, planned: int | None = None) -> go.Figure:
    """Plot training and validation loss by epoch, with a faint line of every recorded step behind them."""
    figure = _steps_behind(steps, "loss", colors)
    _two_lines(figure, epochs, "train_loss", "val_loss", colors, ".3f")
    _mark_best(figure, epochs, colors)
    figure.update_yaxes(rangemode="tozero")
    _epochs_axis(figure, planned)
    return styled(figure, colors, "Loss: how far off the predictions are", height=300)


def accuracy_curves(
    epochs: pd.DataFrame, steps: pd.DataFrame, colors: Palette, chance: float | None = None, planned: int | None = None
) -> go.Figure:
    """Plot training and validation accuracy by epoch, with a dotted line at chance level."""
    figure = _steps_behind(steps, "accuracy", colors)
    _two_lines(figure, epochs, "train_accuracy", "val_accuracy", colors, ".1%")
    _mark_best(figure, epochs, colors)
    if chance is not None:
        figure.add_hline(
            y=chance,
            line={"color": colors.quiet, "width": 1, "dash": "dot"},
            annotation={"text": "guessing", "font": {"size": 11, "color": colors.quiet}},
            annotation_position="bottom right",
        )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    _epochs_axis(figure, planned)
    return styled(figure, colors, "Accuracy: the share of correct predictions", height=300)


def iou_curves(epochs: pd.DataFrame, colors: Palette, planned: int | None = None) -> go.Figure:
    """Plot training and validation mean IoU by epoch, for localization.

    The best epoch is chosen by the validation IoU with 0 where the class is wrong: a dashed line where it differs.
    """
    figure = go.Figure()
    _two_lines(figure, epochs, "train_iou", "val_iou", colors, ".3f")
    if "val_found" in epochs and (epochs["val_found"] < epochs["val_iou"]).any():
        figure.add_scatter(
            x=epochs["epoch"],
            y=epochs["val_found"],
            name="validation, 0 where the class is wrong",
            mode="lines",
            line={"color": colors.accent, "width": 2, "dash": "dash"},
            hovertemplate="%{y:.3f}",
        )
    _mark_best(figure, epochs, colors)
    figure.update_yaxes(range=[0, 1.03])
    _epochs_axis(figure, planned)
    return styled(figure, colors, "Mean IoU: overlap of predicted and true boxes", height=300)


def rate_curve(
    epochs_done: Sequence[float],
    rates: Sequence[float],
    colors: Palette,
    planned: int | None = None,
    height: int = 150,
) -> go.Figure:
    """Plot a learning rate by epoch, planned or recorded."""
    figure = go.Figure(
        go.Scatter(
            x=list(epochs_done),
            y=list(rates),
            mode="lines",
            line={"color": colors.accent, "width": 2},
            fill="tozeroy",
            fillcolor=rgba(colors.accent, 0.12),
            hovertemplate="epoch %{x:.1f}: %{y:.2g}<extra></extra>",
        )
    )
    figure.update_yaxes(rangemode="tozero", tickformat="~g", nticks=4)
    _epochs_axis(figure, planned)
    return styled(figure, colors, "Learning rate: the size of each step", height=height, legend=False)


def recorded_learning_rate(steps: pd.DataFrame, colors: Palette, planned: int | None = None) -> go.Figure:
    """Plot the learning rate that a run used, from its recorded steps."""
    kept = downsample(steps)
    return rate_curve(_place_in_epochs(kept).tolist(), kept["learning_rate"].tolist(), colors, planned, height=190)


def comparison_curves(runs: Mapping[str, pd.DataFrame], column: str, title: str, colors: Palette) -> go.Figure:
    """Plot one column of each run's epochs table, one line per run."""
    figure = go.Figure()
    percent = column.endswith("accuracy")
    for place, (name, epochs) in enumerate(runs.items()):
        figure.add_scatter(
            x=epochs["epoch"],
            y=epochs[column],
            name=chart_text(name),
            mode="lines+markers",
            line={"color": colors.lines[place % len(colors.lines)], "width": 2},
            hovertemplate="%{y:.1%}" if percent else "%{y:.3f}",
        )
    if percent:
        figure.update_yaxes(tickformat=".0%")
    else:
        figure.update_yaxes(rangemode="tozero")
    _epochs_axis(figure, max((int(epochs["epoch"].max()) for epochs in runs.values() if len(epochs)), default=None))
    return styled(figure, colors, title, height=300)


def probability_bars(ranked: Sequence[tuple[str, float]], colors: Palette, chosen: str | None = None) -> go.Figure:
    """Plot class probabilities as bars in the given order, first on top.

    ``chosen`` is drawn in the accent colour, by default the first class.
    """
    names = [chart_text(_short(name, 28)) for name, _ in ranked][::-1]
    shares = [share for _, share in ranked][::-1]
    marked = chosen if chosen is not None else ranked[0][0]
    figure = go.Figure(
        go.Bar(
            y=list(range(len(names))),
            x=shares,
            orientation="h",
            marker={"color": [colors.accent if n == marked else rgba(colors.quiet, 0.55) for n, _ in ranked][::-1]},
            text=[percent(share) for share in shares],
            textposition="outside",
            cliponaxis=False,
            customdata=[chart_text(name) for name, _ in ranked][::-1],
            hovertemplate="%{customdata}: %{x:.2%}<extra></extra>",
            width=0.62,
        )
    )
    figure.update_xaxes(range=[0, 1.16], visible=False)
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, showgrid=False, ticksuffix="  ")
    return styled(figure, colors, None, height=34 * len(names) + 16, legend=False, x_title=None)


def percent(share: float) -> str:
    """Format a probability with a useful precision: "97%", "99.8%", "0.4%", "under 0.1%"."""
    if share < 0.001:
        return "under 0.1%"
    return f"{share:.1%}" if share < 0.1 or share > 0.995 else f"{share:.0%}"


def rgba(color: str, opacity: float) -> str:
    """Return a #rrggbb colour with an opacity as CSS ``rgba(...)``."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def mixed(color: str, background: str, opacity: float) -> str:
    """Return a #rrggbb colour as it looks with an opacity on a background."""
    pairs = zip(_channels(color), _channels(background), strict=True)
    return "#" + "".join(f"{round(opacity * over + (1 - opacity) * under):02x}" for over, under in pairs)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two #rrggbb colours, from 1 to 21 (WCAG 2.2; small text needs at least 4.5)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(background: str, colors: Palette) -> str:
    """Return the theme's text colour or its paper colour, whichever reads better on this background."""
    return max(colors.text, colors.paper, key=lambda ink: contrast(ink, background))


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(color))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def downsample(steps: pd.DataFrame, most: int = MAX_POINTS) -> pd.DataFrame:
    """Return at most ``most`` evenly spaced rows, always including the last one."""
    if len(steps) <= most:
        return steps
    places = sorted({round(place * (len(steps) - 1) / (most - 1)) for place in range(most)})
    return steps.iloc[places]


def _place_in_epochs(steps: pd.DataFrame) -> pd.Series:
    """Return the position of each step on the epoch axis: epoch 2 ends at 2."""
    return steps["epoch"] - 1 + steps["batch"] / steps["batches"].clip(lower=1)


def _epochs_axis(figure: go.Figure, planned: int | None) -> None:
    """Show all planned epochs from the start, so that the axis stays fixed while curves grow; ticks at whole epochs."""
    if planned:
        figure.update_xaxes(range=[0, planned * 1.02], dtick=max(1, round(planned / 10)), tick0=0)


def _steps_behind(steps: pd.DataFrame, column: str, colors: Palette) -> go.Figure:
    figure = go.Figure()
    if len(steps):
        kept = downsample(steps)
        figure.add_scatter(
            x=_place_in_epochs(kept),
            y=kept[column].rolling(5, min_periods=1).mean(),
            name="training, each step",
            mode="lines",
            line={"color": rgba(colors.quiet, 0.4), "width": 1},
            hoverinfo="skip",
        )
    return figure


def _two_lines(figure: go.Figure, epochs: pd.DataFrame, train: str, val: str, colors: Palette, number: str) -> None:
    for column, name, color in ((train, "training", colors.training), (val, "validation", colors.validation)):
        figure.add_scatter(
            x=epochs["epoch"],
            y=epochs[column],
            name=name,
            mode="lines+markers",
            line={"color": color, "width": 2.5 if column == val else 2},
            marker={"size": 6},
            hovertemplate=f"%{{y:{number}}}",
        )


def _mark_best(figure: go.Figure, epochs: pd.DataFrame, colors: Palette) -> None:
    """Draw a vertical line at the epoch whose model is kept."""
    best = epochs[epochs["best"].fillna(False).astype(bool)] if "best" in epochs else epochs[:0]
    if best.empty:
        return
    epoch = best.iloc[-1]["epoch"]
    figure.add_vline(
        x=epoch,
        line={"color": colors.second, "width": 1, "dash": "dot"},
        annotation={"text": "best, saved", "font": {"size": 11, "color": colors.second}},
        annotation_position="top left" if epoch > 1 else "top right",
    )


def _short(name: str, longest: int) -> str:
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


def styled(
    figure: go.Figure,
    colors: Palette,
    title: str | None,
    *,
    height: int,
    legend: bool = True,
    x_title: str | None = "epoch",
) -> go.Figure:
    """Apply the pages' layout to a figure and return it: title on the left, legend below it, no clutter."""
    # Room for two rows of names below the title: on a half of the page, and on a phone, three do not fit in one.
    above = 8 if not title else 68 if legend else 34
    figure.update_layout(
        height=height,
        title={"text": title, "font": {"size": 14}, "x": 0, "xref": "container", "y": 0.98, "yanchor": "top"},
        margin={"l": 8, "r": 12, "t": above, "b": 8},
        showlegend=legend,
        legend={
            **{"orientation": "h", "x": 0, "xref": "paper", "font": {"size": 12}},
            **(
                {"y": 1 - 27 / height, "yanchor": "top", "yref": "container"}
                if title
                else {"y": 1, "yanchor": "bottom"}
            ),
        },
        hovermode="x unified" if legend else "closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        # Keeps the user's zoom and hidden lines when the figure is redrawn each second.
        uirevision="kept",
    )
    figure.update_xaxes(
        title={"text": x_title, "font": {"size": 12}} if x_title else None, showgrid=False, zeroline=False
    )
    figure.update_yaxes(gridcolor=colors.grid, zeroline=False, automargin=True)
    return figure

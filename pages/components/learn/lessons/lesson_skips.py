"""Lesson on skip connections: gradient norms by layer and training errors of plain and residual networks."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.lessons import skips
from core.lessons.result_cache import cached
from pages.components.glossary.terms import explained
from pages.components.learn import lesson_frame
from pages.components.learn.lesson_question import question
from pages.components.learn.level_text import at_level
from pages.components.learn.texts import skips as texts
from pages.components.shared import frame
from pages.components.shared.charts import Palette, rgba, styled
from pages.components.shared.wording import counted

SEEDS = {"One": (0,), "Three": (0, 1, 2)}
STATIC = {"displayModeBar": False}


def show(colors: Palette) -> None:
    st.markdown(at_level(texts.INTRODUCTION), help=explained("skip connection", "gradient", "epoch"))
    _networks(colors)


@frame.fragment()
def _networks(colors: Palette) -> None:
    setting = skips.TrainingSettings()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        depth = st.segmented_control("Layers", skips.DEPTHS, default=skips.DEPTHS[-1], required=True, key="skips-depth")
        epoch = st.slider(
            "Epoch",
            0,
            setting.epochs,
            setting.epochs,
            key="skips-epoch",
            width=320,
            help="How often the network has trained on all photos. At epoch 0 its weights are still random.",
        )
        starts = st.segmented_control(
            "Random seeds",
            list(SEEDS),
            default="One",
            required=True,
            key="skips-starts",
            help="Train the same networks again from other random weights, to see how much the results vary.",
        )
    seeds = SEEDS[str(starts)]
    parts = experiment_parts(seeds)
    table = lesson_frame.experiment(
        "skips",
        parts,
        button=lambda left: f"Train {2 * left} networks",
        caption=f"{setting.epochs} epochs on photos of {setting.size} × {setting.size} pixels, plain and residual side "
        f"by side: about {'a minute and a half' if len(seeds) > 1 else 'half a minute'} on two idle cores.",
        draw=partial(_draw, depth=int(depth or skips.DEPTHS[-1]), epoch=int(epoch), seeds=seeds, colors=colors),
    )
    if table is None:
        return
    st.markdown(at_level(texts.EXPLANATION))
    if all(cached(frame.workspace(), "skips", part.arguments) is not None for part in parts):
        # Both networks of a pair are trained at the same time.
        seconds = table.groupby(["depth", "seed", "kind"])["seconds"].sum().groupby(["depth", "seed"]).max().sum()
        st.caption(f"Training these {2 * len(parts)} networks took {seconds:.0f} seconds here.")
    _question(table)
    lesson_frame.download(table, "skips")


def experiment_parts(seeds: Sequence[int]) -> list[lesson_frame.ExperimentPart]:
    """Return each depth with the first random seed, then with the next."""
    setting = skips.TrainingSettings()
    return [_part(depth, seed, setting) for seed in seeds for depth in skips.DEPTHS]


def _part(depth: int, seed: int, setting: skips.TrainingSettings) -> lesson_frame.ExperimentPart:
    return lesson_frame.ExperimentPart(
        {"version": skips.VERSION, "depth": depth, "seed": seed, **vars(setting)}, weight=depth
    )


def _draw(table: pd.DataFrame, depth: int, epoch: int, seeds: Sequence[int], colors: Palette) -> None:
    """Draw the three figures; of a depth that is not trained yet only the comparison of the others."""
    rows = table[table["depth"] == depth]
    panels = {"depths": (depth_figure(table, epoch, depth, colors), "Training error by depth, plain and residual")}
    if len(rows):
        panels = {
            "gradients": (gradient_figure(rows, epoch, colors), "Gradient norm by layer, plain and residual"),
            "curves": (curve_figure(rows, epoch, colors), "Training error over the epochs, plain and residual"),
            **panels,
        }
    else:
        st.info(not_trained(table, depth), icon=":material/hourglass_empty:")
    with st.grid(3, min_column_width=280):
        for name, (figure, alt) in panels.items():
            # Streamlit rejects two identical figures in one run, so the key names the part.
            st.plotly_chart(figure, key=f"skips-{name}-{len(table)}", config=STATIC, alt=alt)
    if len(rows):
        st.markdown(summary_sentence(rows, epoch))
        trained = rows["seed"].nunique()
        if len(seeds) > 1:
            st.caption(
                f"Thick lines: the mean of {counted(trained, 'random seed')}; thin lines: each of them."
                + (f" {len(seeds) - trained} of {len(seeds)} are not trained yet." if trained < len(seeds) else "")
            )


def not_trained(table: pd.DataFrame, depth: int) -> str:
    """Say that the chosen depth has no results yet, and which depths have."""
    ready = " and ".join(map(str, sorted(set(table["depth"]))))
    return f"The networks with {depth} layers are not trained yet. So far there are results for {ready} layers."


def gradient_figure(rows: pd.DataFrame, epoch: int, colors: Palette) -> go.Figure:
    """Plot the gradient norm of every layer's weights at one depth and epoch; the axis fits all epochs."""
    figure = go.Figure()
    for kind, lines in skips.gradient_norms(rows[rows["epoch"] == epoch]).groupby("kind", sort=False):
        _lines(figure, lines, "layer", "norm", str(kind), colors, ".2g")
    norms = rows.filter(like="gradient_").to_numpy(dtype=float)
    norms = norms[norms > 0]
    if norms.size:
        low, high = np.log10(norms.min()), np.log10(norms.max())
        figure.update_yaxes(range=[low - 0.1, high + 0.1])
    figure.update_yaxes(type="log", dtick=1, tickformat="~g")
    title = f"Gradient norm by layer, {_depth(rows)} layers, epoch {epoch}"
    return styled(figure, colors, title, height=300, x_title="layer (1: first, after the photo; last: classifier)")


def curve_figure(rows: pd.DataFrame, epoch: int, colors: Palette) -> go.Figure:
    """Plot the training error (share of wrong predictions) of one depth over the epochs."""
    figure = go.Figure()
    for kind, lines in rows.groupby("kind", sort=False):
        _lines(figure, lines, "epoch", "error", str(kind), colors, ".0%")
    figure.add_vline(x=epoch, line={"color": colors.quiet, "width": 1, "dash": "dot"})
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.02])
    return styled(figure, colors, f"Training error, {_depth(rows)} layers", height=300, x_title="epoch")


def depth_figure(table: pd.DataFrame, epoch: int, depth: int, colors: Palette) -> go.Figure:
    """Plot the training error of all depths at one epoch."""
    figure = go.Figure()
    for kind, lines in table[table["epoch"] == epoch].groupby("kind", sort=False):
        _lines(figure, lines, "depth", "error", str(kind), colors, ".0%", mode="lines+markers")
    figure.add_vline(x=depth, line={"color": colors.quiet, "width": 1, "dash": "dot"})
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.02])
    figure.update_xaxes(tickvals=sorted({*table["depth"], depth}))
    return styled(figure, colors, f"Training error by depth, epoch {epoch}", height=300, x_title="layers")


def summary_sentence(rows: pd.DataFrame, epoch: int) -> str:
    """Summarise the figures of one depth and epoch in numbers."""
    now, depth = rows[rows["epoch"] == epoch], _depth(rows)
    parts = []
    for kind in skips.NETWORK_KINDS:
        of_kind = now[now["kind"] == kind]
        first, last = of_kind["gradient_1"].mean(), of_kind[f"gradient_{depth}"].mean()
        parts.append(
            f"**{kind}**: training error {of_kind['error'].mean():.0%}, "
            f"the gradient in layer 1 is {_ratio(first, last)} that in layer {depth}"
        )
    when = "Before training" if epoch == 0 else f"After epoch {epoch}"
    return f"{when}, with {depth} layers: {'; '.join(parts)}."


def _ratio(first: float, last: float) -> str:
    if not first > 0 or not last > 0:  # no gradient arrives, or it is not a number
        return "not comparable with"
    if first < last / 2:
        return f"{last / first:,.0f} times smaller than"
    return f"{first / last:,.0f} times as large as" if first > 9.5 * last else f"{first / last:.1f} times"


def _question(table: pd.DataFrame) -> None:
    end = table[(table["epoch"] == table["epoch"].max()) & (table["depth"] == table["depth"].max())]
    errors = end.groupby("kind")["error"].mean()
    plain, residual, depth = errors["plain"], errors["residual"], int(end["depth"].iloc[0])
    question("skips", texts.question(depth), texts.choices(plain, residual, depth))


def _lines(
    figure: go.Figure, rows: pd.DataFrame, x: str, y: str, kind: str, colors: Palette, number: str, mode: str = "lines"
) -> None:
    """Plot each random seed as a thin line and their mean as a thick one."""
    color = colors.second if kind == "plain" else colors.accent
    starts = rows.groupby("seed")
    if len(starts) > 1:
        for _, one in starts:
            figure.add_scatter(
                x=one[x], y=one[y], mode="lines", line={"color": rgba(color, 0.4), "width": 1},
                hoverinfo="skip", showlegend=False,
            )  # fmt: skip
    mean = rows.groupby(x)[y].mean()
    figure.add_scatter(
        x=mean.index, y=mean, name=kind, mode=mode, line={"color": color, "width": 2.5}, marker={"size": 7},
        hovertemplate=f"%{{y:{number}}}",
    )  # fmt: skip


def _depth(rows: pd.DataFrame) -> int:
    return int(rows["depth"].iloc[0])

"""Lesson: why skip connections: gradients by layer, and the training error of plain and residual networks by depth."""

from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.lessons import skips
from core.lessons.result_cache import Computing
from core.training.events import Progress
from pages.components.learn import lesson_frame
from pages.components.shared import frame
from pages.components.shared.charts import Ink, dressed, faint

STARTS = {"One": (0,), "Three": (0, 1, 2)}
STATIC = {"displayModeBar": False}


def show(colors: Ink) -> None:
    st.markdown(
        "A *residual* block adds its input to what its layers make of it: y = F(x) + x. A *plain* network has the same "
        "layers without that addition. Here both are trained on 120 small bird photos, with 8 to 56 layers and the "
        "same recipe. While learning, the gradient comes back from the answer (the last layer) to the photo (layer 1) "
        "and says to every layer how to change. Move the epoch to 0 and then on, and watch it at different depths."
    )
    _networks(colors)


@frame.fragment()
def _networks(colors: Ink) -> None:
    setting = skips.Setting()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        depth = st.segmented_control("Layers", skips.DEPTHS, default=skips.DEPTHS[-1], required=True, key="skips-depth")
        epoch = st.slider(
            "Epoch",
            0,
            setting.epochs,
            setting.epochs,
            key="skips-epoch",
            width=320,
            help="How often the network has learned from all photos. At 0 its weights are still random numbers.",
        )
        starts = st.segmented_control(
            "Random starts",
            list(STARTS),
            default="One",
            required=True,
            key="skips-starts",
            help="The same networks again from other random numbers, to see how much of the result is luck.",
        )
    seeds = STARTS[str(starts)]
    parts = [_part(number, seed, setting) for seed in seeds for number in skips.DEPTHS]
    table = lesson_frame.experiment(
        "skips",
        parts,
        button=lambda left: f"Train {2 * left} networks",
        promise=f"{setting.epochs} epochs on {setting.size} × {setting.size} pixels each, plain and residual side by "
        f"side: about {'a minute and a half' if len(seeds) > 1 else 'half a minute'} on two quiet cores.",
        draw=partial(_draw, depth=int(depth or skips.DEPTHS[-1]), epoch=int(epoch), colors=colors),
    )
    if table is None:
        return
    # Both networks of a pair are trained at the same time.
    seconds = table.groupby(["depth", "seed", "kind"])["seconds"].sum().groupby(["depth", "seed"]).max().sum()
    st.caption(
        "Every layer multiplies the gradient that passes through it on the way back. Without skips these factors "
        "multiply up from layer to layer. With skips a part of the gradient goes around the layers of each block, and "
        "they do not multiply it. That way is not quite free: after each sum a ReLU stops what was below zero, and "
        "where a new stage begins a projection multiplies it. All networks have batch normalization, as in the paper "
        "(He et al. 2015). "
        f"Training these {2 * len(parts)} took {seconds:.0f} seconds here."
    )
    _question(table)
    lesson_frame.download(table, "skips")


def _part(depth: int, seed: int, setting: skips.Setting) -> lesson_frame.Part:
    def compute() -> Computing:
        yield Progress("loading", 0, None)
        from core.lessons.skips_training import both_kinds, sample_photos

        return (yield from both_kinds(depth, seed, sample_photos(setting.size), setting))

    return lesson_frame.Part({"version": skips.VERSION, "depth": depth, "seed": seed, **vars(setting)}, compute)


def _draw(table: pd.DataFrame, depth: int, epoch: int, colors: Ink) -> None:
    """The three panels; of a depth that is not there yet, the deepest that is."""
    there = depth if depth in set(table["depth"]) else int(table["depth"].max())
    rows = table[table["depth"] == there]
    panels = {
        "gradients": (gradient_figure(rows, epoch, colors), "Gradient norm by layer, plain and residual"),
        "curves": (curve_figure(rows, epoch, colors), "Training error over the epochs, plain and residual"),
        "depths": (depth_figure(table, epoch, there, colors), "Training error by depth, plain and residual"),
    }
    with st.grid(3, min_column_width=280):
        for name, (figure, alt) in panels.items():
            # A figure that did not change since the last part would be taken for a double.
            st.plotly_chart(figure, key=f"skips-{name}-{len(table)}", config=STATIC, alt=alt)
    st.markdown(said(rows, epoch))


def gradient_figure(rows: pd.DataFrame, epoch: int, colors: Ink) -> go.Figure:
    """The norm of the loss's gradient for each layer's weights, of one depth at one epoch; the axis stays for all."""
    figure = go.Figure()
    for kind, lines in skips.gradients(rows[rows["epoch"] == epoch]).groupby("kind", sort=False):
        _lines(figure, lines, "layer", "norm", str(kind), colors, ".2g")
    norms = rows.filter(like="gradient_").to_numpy(dtype=float)
    norms = norms[norms > 0]
    if norms.size:
        low, high = np.log10(norms.min()), np.log10(norms.max())
        figure.update_yaxes(range=[low - 0.1, high + 0.1])
    figure.update_yaxes(type="log", dtick=1, tickformat="~g")
    title = f"Gradient by layer, {_depth(rows)} layers, epoch {epoch}"
    return dressed(figure, colors, title, height=300, x_title="layer: 1 sees the photo, the last one answers")


def curve_figure(rows: pd.DataFrame, epoch: int, colors: Ink) -> go.Figure:
    """The share of training photos answered wrongly, of one depth over the epochs."""
    figure = go.Figure()
    for kind, lines in rows.groupby("kind", sort=False):
        _lines(figure, lines, "epoch", "error", str(kind), colors, ".0%")
    figure.add_vline(x=epoch, line={"color": colors.quiet, "width": 1, "dash": "dot"})
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.02])
    return dressed(figure, colors, f"Training error, {_depth(rows)} layers", height=300, x_title="epoch")


def depth_figure(table: pd.DataFrame, epoch: int, depth: int, colors: Ink) -> go.Figure:
    """The training error of all depths at one epoch."""
    figure = go.Figure()
    for kind, lines in table[table["epoch"] == epoch].groupby("kind", sort=False):
        _lines(figure, lines, "depth", "error", str(kind), colors, ".0%", mode="lines+markers")
    figure.add_vline(x=depth, line={"color": colors.quiet, "width": 1, "dash": "dot"})
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.02])
    figure.update_xaxes(tickvals=sorted(set(table["depth"])))
    return dressed(figure, colors, f"Training error by depth, epoch {epoch}", height=300, x_title="layers")


def said(rows: pd.DataFrame, epoch: int) -> str:
    """What the panels show of this depth, in figures."""
    now, depth = rows[rows["epoch"] == epoch], _depth(rows)
    parts = []
    for kind in skips.KINDS:
        of_kind = now[now["kind"] == kind]
        first, last = of_kind["gradient_1"].mean(), of_kind[f"gradient_{depth}"].mean()
        parts.append(
            f"**{kind}**: {of_kind['error'].mean():.0%} of the training photos wrong, "
            f"the gradient in layer 1 is {_compared(first, last)} that in layer {depth}"
        )
    when = "Before anything is learned" if epoch == 0 else f"After epoch {epoch}"
    return f"{when}, with {depth} layers: {'; '.join(parts)}."


def _compared(first: float, last: float) -> str:
    if not first > 0 or not last > 0:  # nothing comes through, or no number any more
        return "not comparable with"
    if first < last / 2:
        return f"{last / first:,.0f} times smaller than"
    return f"{first / last:,.0f} times as large as" if first > 9.5 * last else f"{first / last:.1f} times"


def _question(table: pd.DataFrame) -> None:
    end = table[(table["epoch"] == table["epoch"].max()) & (table["depth"] == table["depth"].max())]
    errors = end.groupby("kind")["error"].mean()
    plain, residual, depth = errors["plain"], errors["residual"], int(end["depth"].iloc[0])
    worse = "plain" if plain >= residual else "residual"
    lesson_frame.question(
        "skips",
        f"Which network of {depth} layers has the higher training error at the end, and does it overfit?",
        [
            "The plain one. It overfits, because it has so many layers",
            "The plain one. It does not overfit: it is wrong about the very photos that it learns from",
            "The residual one. It overfits, because it has so many layers",
            "The residual one. It does not overfit: it is wrong about the very photos that it learns from",
        ],
        1 if worse == "plain" else 3,
        f"The plain network is wrong about {plain:.0%} of the training photos, the residual one about {residual:.0%}. "
        "A network that overfits has a low training error and fails on new photos. This one fails at the learning "
        "itself: layers that hand on what they get would make it as good as a shallower one, and the steps do not lead "
        "there. A skip hands on by itself.",
    )


def _lines(
    figure: go.Figure, rows: pd.DataFrame, x: str, y: str, kind: str, colors: Ink, number: str, mode: str = "lines"
) -> None:
    """Each random start as a thin line, their mean as a thick one."""
    color = colors.second if kind == "plain" else colors.accent
    starts = rows.groupby("seed")
    if len(starts) > 1:
        for _, one in starts:
            figure.add_scatter(
                x=one[x], y=one[y], mode="lines", line={"color": faint(color, 0.4), "width": 1},
                hoverinfo="skip", showlegend=False,
            )  # fmt: skip
    mean = rows.groupby(x)[y].mean()
    figure.add_scatter(
        x=mean.index, y=mean, name=kind, mode=mode, line={"color": color, "width": 2.5}, marker={"size": 7},
        hovertemplate=f"%{{y:{number}}}",
    )  # fmt: skip


def _depth(rows: pd.DataFrame) -> int:
    return int(rows["depth"].iloc[0])

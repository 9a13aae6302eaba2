"""Lesson on skip connections: gradient norms by layer and training errors of plain and residual networks."""

from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.lessons import skips
from core.lessons.result_cache import ExperimentSteps
from core.training.events import Progress
from pages.components.learn import lesson_frame
from pages.components.shared import frame
from pages.components.shared.charts import Palette, rgba, styled

SEEDS = {"One": (0,), "Three": (0, 1, 2)}
STATIC = {"displayModeBar": False}


def show(colors: Palette) -> None:
    st.markdown(
        "A *residual* block adds its input to the output of its layers: y = F(x) + x. A *plain* network has the same "
        "layers without that addition. Here you train both on 120 small bird photos, with 8 to 56 layers and the same "
        "settings. In training, the gradient flows back from the last layer (the prediction) to layer 1 (the photo) "
        "and tells every layer how to change its weights. Move the epoch from 0 upwards and compare the depths."
    )
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
    parts = [_part(number, seed, setting) for seed in seeds for number in skips.DEPTHS]
    table = lesson_frame.experiment(
        "skips",
        parts,
        button=lambda left: f"Train {2 * left} networks",
        caption=f"{setting.epochs} epochs on photos of {setting.size} × {setting.size} pixels, plain and residual side "
        f"by side: about {'a minute and a half' if len(seeds) > 1 else 'half a minute'} on two idle cores.",
        draw=partial(_draw, depth=int(depth or skips.DEPTHS[-1]), epoch=int(epoch), colors=colors),
    )
    if table is None:
        return
    # Both networks of a pair are trained at the same time.
    seconds = table.groupby(["depth", "seed", "kind"])["seconds"].sum().groupby(["depth", "seed"]).max().sum()
    st.caption(
        "Every layer multiplies the gradient that flows back through it. Without skip connections these factors "
        "multiply from layer to layer: the gradient vanishes or explodes. With skip connections, part of the gradient "
        "bypasses the layers of each block. This path is not entirely free: the ReLU after each addition blocks it "
        "where the sum was negative, and a projection multiplies it at the start of a new stage. All networks use "
        "batch normalisation, as in the paper (He et al. 2015, arXiv 1512.03385). Its authors found that this keeps "
        "gradients from vanishing, and left open why deep plain networks train badly. "
        f"Training these {2 * len(parts)} networks took {seconds:.0f} seconds here."
    )
    _question(table)
    lesson_frame.download(table, "skips")


def _part(depth: int, seed: int, setting: skips.TrainingSettings) -> lesson_frame.ExperimentPart:
    def compute() -> ExperimentSteps:
        yield Progress("loading", 0, None)
        from core.lessons.skips_training import sample_photos, train_both

        return (yield from train_both(depth, seed, sample_photos(setting.size), setting))

    return lesson_frame.ExperimentPart(
        {"version": skips.VERSION, "depth": depth, "seed": seed, **vars(setting)}, compute
    )


def _draw(table: pd.DataFrame, depth: int, epoch: int, colors: Palette) -> None:
    """Draw the three figures; for a depth that is not trained yet, those of the deepest that is."""
    shown = depth if depth in set(table["depth"]) else int(table["depth"].max())
    rows = table[table["depth"] == shown]
    panels = {
        "gradients": (gradient_figure(rows, epoch, colors), "Gradient norm by layer, plain and residual"),
        "curves": (curve_figure(rows, epoch, colors), "Training error over the epochs, plain and residual"),
        "depths": (depth_figure(table, epoch, shown, colors), "Training error by depth, plain and residual"),
    }
    with st.grid(3, min_column_width=280):
        for name, (figure, alt) in panels.items():
            # Streamlit rejects two identical figures in one run, so the key names the part.
            st.plotly_chart(figure, key=f"skips-{name}-{len(table)}", config=STATIC, alt=alt)
    st.markdown(summary_sentence(rows, epoch))


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
    figure.update_xaxes(tickvals=sorted(set(table["depth"])))
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
    worse = "plain" if plain >= residual else "residual"
    lesson_frame.question(
        "skips",
        f"Which network with {depth} layers has the higher training error at the end, and does it overfit?",
        [
            "The plain one. It overfits, because it has too many layers",
            "The plain one. It does not overfit: it is wrong on the very photos that it trains on",
            "The residual one. It overfits, because it has too many layers",
            "The residual one. It does not overfit: it is wrong on the very photos that it trains on",
        ],
        1 if worse == "plain" else 3,
        f"The plain network's training error is {plain:.0%}, the residual one's {residual:.0%}. An overfitting network "
        "has a low training error and fails on new photos. This one is hard to train: if its extra layers learned "
        "the identity mapping, it would be as good as a shallower network, but training does not find these weights. "
        "The paper calls this the degradation problem. A skip connection is an identity mapping from the start.",
    )


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

"""Lesson: a residual network from stem to head, block by block, with the feature maps of a photo."""

import hashlib
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from core.models.weights_table import WeightsEntry
from core.models.zoo import ARCHITECTURES, OPTIONS, network_name
from pages.components.glossary.terms import explained
from pages.components.learn import block_parts, feature_maps, layer_table, lesson_frame, network_drawing
from pages.components.learn.lesson_network import network_for, weights_for
from pages.components.learn.lesson_question import question
from pages.components.learn.level_text import at_level
from pages.components.learn.picture_row import color_scale
from pages.components.learn.texts import inside
from pages.components.shared.charts import Palette
from pages.components.shared.wording import plain
from pages.components.train.recipe_labels import ARCH_NAMES

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.block_maps import BlockMaps
    from core.models.summary import Summary

VIEWS = ("Drawing", "Inside a block", "Table")
OPTION_NAMES = {
    "small-stem": "stem for small photos",
    "plain": "no skip connections",
    "conv-bias": "convolution biases",
}


def show(colors: Palette) -> None:
    """Show the idea, a network of the visitor's choice, and three views of it."""
    left, right = st.columns([3, 2], vertical_alignment="center")
    left.markdown(at_level(inside.INTRODUCTION), help=explained("stem", "head", "channel", "skip connection"))
    right.html(network_drawing.draw_residual_block(colors))
    arch, size, classes = _network()
    summary, stages = layer_table.summary_of(arch, classes, size)
    layer_table.totals(summary)
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, label_visibility="collapsed", key="learn-view"
    )
    if view == "Drawing":
        st.html(network_drawing.draw_network(summary, stages, colors))
        blocks = block_parts.split_blocks(summary.rows)
        st.html(network_drawing.legend((one.kind for one in blocks.values()), colors))
        st.caption(at_level(inside.DRAWING))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                "Open a block",
                list(blocks),
                index=None,
                placeholder="layer1.0, layer1.1, …",
                key="learn-open",
                on_change=_open,
                width=220,
                help="Shows its layers, its equation and the feature maps of a photo. layer2.0 is the first block of "
                "layer2.",
            )
            lesson_frame.download(layer_table.stage_table(stages), f"stages-{arch}")
    elif view == "Inside a block":
        _block(summary, colors)
    else:
        layer_table.layers(summary)
    question("inside", inside.QUESTION, inside.CHOICES)


def _open() -> None:
    """Open the block that was chosen below the drawing."""
    if (block := st.session_state["learn-open"]) is not None:
        st.session_state["learn-view"], st.session_state["learn-block"] = "Inside a block", block


def _network() -> tuple[str, int, int]:
    """Return the chosen architecture with its options, the input size and the number of classes."""
    with st.container(horizontal=True):
        names = list(ARCHITECTURES)
        arch = st.selectbox(
            "Architecture",
            names,
            index=names.index("resnet50"),
            format_func=lambda name: ARCH_NAMES.get(name) or network_name(name),
            key="learn-arch",
            width=300,
        )
        size = st.number_input("Input size", 32, 1024, 224, step=32, key="learn-size", width=150)
        classes = st.number_input("Classes", 1, 100_000, 1000, key="learn-classes", width=150)
        options = st.pills(
            "Variants",
            list(OPTIONS),
            selection_mode="multi",
            format_func=lambda option: OPTION_NAMES.get(option, option),
            key="learn-options",
            wrap=True,
            help="A stem for small photos is a 3 × 3 convolution that keeps the resolution. Without skip connections "
            "it is the plain network of the same shape. Keras gives convolutions a bias, although the BatchNorm after "
            "them has its own.",
        )
    return "+".join([arch, *(option for option in OPTIONS if option in options)]), int(size), int(classes)


def _block(summary: "Summary", colors: Palette) -> None:
    """Show one block: its drawing, its equation, its numbers, and the feature maps of a photo."""
    blocks = block_parts.split_blocks(summary.rows)
    with st.container(horizontal=True):
        name = st.selectbox("Block", list(blocks), key="learn-block", width=220)
        with st.container(width=300):
            chosen = lesson_frame.photo("inside")
    parts = blocks[name]
    st.html(block_parts.draw_block(parts, colors))
    st.caption(block_parts.skip_sentence(parts))
    left, right = st.columns([3, 2], vertical_alignment="center")
    first, rest = block_parts.equation(parts)
    with left:
        st.latex(first)
        for one in rest:
            st.latex(one)
        st.caption("$W$ are convolutions, BN is BatchNorm, $σ$ is ReLU." + _SQUEEZED * bool(parts.squeeze))
    with right.container(horizontal=True, gap="medium"):
        st.metric("Parameters", f"{sum(row.parameters for row in parts.rows):,}", width="content")
        st.metric(
            "Multiply-adds", f"{sum(row.multiply_adds for row in parts.rows) / 1e6:,.0f} million", width="content"
        )
        st.metric("Receptive field", f"{parts.last.receptive_field:,} pixels", width="content",
                  help="The side of the square of input pixels that one value of y can depend on, through the windows "
                  "of convolutions and pooling. It can be larger than the photo.")  # fmt: skip
    if parts.last.whole_picture:
        right.caption("Through squeeze-and-excitation, each value of y also depends on the whole photo.")
    if chosen is not None:
        _maps(summary, parts, *chosen, colors)


_SQUEEZED = " $B$ is the residual branch; $s$ weights its channels by their means over the whole photo."


def _maps(summary: "Summary", parts: block_parts.BlockParts, title: str, photo: Image.Image, colors: Palette) -> None:
    """Show a photo inside the block: the strongest channels of its input, residual branch and output."""
    entry = weights_for(summary.arch)
    predictor = network_for(summary.arch)
    digest = hashlib.sha256(photo.tobytes()).hexdigest()
    found = _maps_of(predictor, photo, (digest, photo.size, summary.arch, predictor.name, summary.size))[parts.name]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(_seen(predictor, photo, summary.size, digest), width=112, caption=plain(title), alt=title)
        with st.container(width="stretch", gap="small"):
            st.markdown(_description(found, parts, predictor, entry, summary.arch))
            st.html(color_scale(colors, "; each channel has its own scale, the same in every row"))
    first, rows = feature_maps.rows_of(found, parts.kind)
    if first is not None:
        st.html(feature_maps.grid([first], colors))
    st.html(feature_maps.grid(rows, colors))
    lesson_frame.download(found.strengths, f"channels-{summary.arch}-{parts.name}")


@st.cache_data(max_entries=12, show_spinner="Running the photo through the network…")
def _maps_of(_predictor: "Predictor", _photo: Image.Image, key: tuple[object, ...]) -> "dict[str, BlockMaps]":
    from core.lessons.block_maps import block_maps

    return block_maps(_predictor, _photo, int(str(key[-1])))


@st.cache_data(max_entries=32, show_spinner=False)
def _seen(_predictor: "Predictor", _photo: Image.Image, size: int, digest: str) -> Image.Image:
    from core.lessons.block_maps import with_input_size

    return with_input_size(_predictor.preprocessing, size).view(_photo)


def _description(
    found: "BlockMaps", parts: block_parts.BlockParts, predictor: "Predictor", entry: WeightsEntry | None, arch: str
) -> str:
    """Describe the feature maps and the weights behind them."""
    shown, of = len(found.out.channels), found.out.of
    words = f"The {shown} strongest of {of:,} output channels, strongest first."
    if found.share is not None:
        name = {"projection": "the projected x", "pooled": "the pooled x"}.get(parts.kind, "x")
        words += f" On average, $F(x)$ is **{found.share:.2f}** times as large as {name}."
    if parts.after and parts.kind != "none":
        words += " After the addition, the ReLU sets negative values to zero."
    if entry is None:
        return f"{words} This computer has no weights for this network, so they are **random**."
    weights = f"**pretrained on ImageNet** (source: {entry.source})"
    if predictor.arch != arch:
        weights += f"; they belong to {network_name(predictor.arch)}, so the feature maps are from that network"
    return f"{words} The weights are {weights}."

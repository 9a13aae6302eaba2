"""Lesson: a residual network from its stem to its classes, block by block, with a photo inside it."""

import hashlib
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from core.models.weights_table import WeightsEntry
from core.models.zoo import ARCHITECTURES, OPTIONS
from pages.components.learn import block_parts, feature_maps, layer_table, lesson_frame, network_drawing
from pages.components.learn.lesson_network import network_for, weights_for
from pages.components.learn.picture_row import scale
from pages.components.shared.charts import Ink
from pages.components.train.run_sentences import ARCH_NAMES, network_name

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.block_maps import BlockMaps
    from core.models.summary import Summary

VIEWS = ("Drawing", "Inside a block", "Table")
OPTION_NAMES = {"small-stem": "stem for small pictures", "plain": "no skips", "conv-bias": "biases before norms"}


def show(colors: Ink) -> None:
    """The idea, the network of one's choice, and three ways to look at it."""
    left, right = st.columns([3, 2], vertical_alignment="center")
    left.markdown(
        "A plain network hands each block's output to the next: what a block spoils is lost. "
        "A *residual* block only learns a correction $F(x)$ and adds it to what came in: $y = F(x) + x$. "
        "Where there is nothing to correct, $F(x)=0$ is easy to learn and $x$ passes untouched. "
        "On the way back the gradient takes the same short cut. So 50 or 150 layers can still be trained."
    )
    right.html(network_drawing.idea(colors))
    arch, size, classes = _network()
    summary, stages = layer_table.summary_of(arch, classes, size)
    layer_table.totals(summary)
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, label_visibility="collapsed", key="learn-view"
    )
    if view == "Drawing":
        st.html(network_drawing.network(summary, stages, colors))
        blocks = block_parts.parts_of(summary.rows)
        st.html(network_drawing.legend((one.kind for one in blocks.values()), colors))
        st.caption(
            "The slab is what a stage puts out: its face is the picture's size, its depth the number of channels. "
            "From stage to stage the picture gets smaller and says more about each place."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                "Open a block",
                list(blocks),
                index=None,
                placeholder="layer1.0, layer1.1 …",
                key="learn-open",
                on_change=_open,
                width=220,
                help="Its layers, its equation, and a photo on its way through it. layer2.0 is the first block of "
                "layer2.",
            )
            lesson_frame.download(layer_table.stage_table(stages), f"stages-{arch}")
    elif view == "Inside a block":
        _block(summary, colors)
    else:
        layer_table.layers(summary)
    lesson_frame.question(
        "inside",
        "Draw ResNet-18, then ResNet-50, and look at the first block of layer1. Which of the two projects x there?",
        [
            "Both: every stage begins with a smaller picture",
            "ResNet-18: its blocks have two convolutions only",
            "ResNet-50: 64 channels come in and 256 go out",
            "Neither: layer1 leaves the picture as large as it is",
        ],
        2,
        "A sum needs two maps of the same shape. A bottleneck puts out four times as many channels as its stage is "
        "wide, so ResNet-50 has to turn 64 into 256. In ResNet-18 64 come in and 64 go out, at 56 × 56: x fits as it "
        "is.",
    )


def _open() -> None:
    """Go to the block that was chosen below the drawing."""
    if (block := st.session_state["learn-open"]) is not None:
        st.session_state["learn-view"], st.session_state["learn-block"] = "Inside a block", block


def _network() -> tuple[str, int, int]:
    """The architecture with its options, the side of the picture, the number of classes."""
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
        size = st.number_input("Picture size", 32, 1024, 224, step=32, key="learn-size", width=150)
        classes = st.number_input("Classes", 1, 100_000, 1000, key="learn-classes", width=150)
        options = st.pills(
            "Built another way",
            list(OPTIONS),
            selection_mode="multi",
            format_func=lambda option: OPTION_NAMES.get(option, option),
            key="learn-options",
            wrap=True,
            help="A stem for small pictures is a 3 × 3 convolution that shrinks nothing. Without skips it is the plain "
            "network of the same shape. Biases before norms are Keras's habit; the norm has one of its own.",
        )
    return "+".join([arch, *(option for option in OPTIONS if option in options)]), int(size), int(classes)


def _block(summary: "Summary", colors: Ink) -> None:
    """One block: its drawing, its equation, its numbers, and a photo on its way through it."""
    blocks = block_parts.parts_of(summary.rows)
    with st.container(horizontal=True):
        name = st.selectbox("Block", list(blocks), key="learn-block", width=220)
        with st.container(width=300):
            chosen = lesson_frame.photo("inside")
    parts = blocks[name]
    st.html(block_parts.drawn(parts, colors))
    st.caption(block_parts.in_words(parts))
    left, right = st.columns([3, 2], vertical_alignment="center")
    first, rest = block_parts.equation(parts)
    with left:
        st.latex(first)
        for one in rest:
            st.latex(one)
        st.caption("W are convolutions, BN is BatchNorm, σ is ReLU." + _SQUEEZED * bool(parts.squeeze))
    with right.container(horizontal=True, gap="medium"):
        st.metric("Parameters", f"{sum(row.parameters for row in parts.rows):,}", width="content")
        st.metric(
            "Multiply-adds", f"{sum(row.multiply_adds for row in parts.rows) / 1e6:,.0f} million", width="content"
        )
        st.metric("Receptive field", f"{parts.last.receptive_field:,} pixels", width="content",
                  help="The side of the part of the picture on which one number of y depends through the windows of "
                  "convolutions and poolings. It may be larger than the picture.")  # fmt: skip
    if parts.last.whole_picture:
        right.caption("Through the squeeze, each number of y depends on the whole picture besides.")
    if chosen is not None:
        _maps(summary, parts, *chosen, colors)


_SQUEEZED = " B is the branch, and s weighs each of its channels by what the whole picture shows."


def _maps(summary: "Summary", parts: block_parts.Parts, title: str, photo: Image.Image, colors: Ink) -> None:
    """The photo inside the block: the strongest channels of what comes in, is added and comes out."""
    entry = weights_for(summary.arch)
    predictor = network_for(summary.arch)
    digest = hashlib.sha256(photo.tobytes()).hexdigest()
    found = _maps_of(predictor, photo, (digest, photo.size, summary.arch, predictor.name, summary.size))[parts.name]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(_seen(predictor, photo, summary.size, digest), width=112, caption=title)
        with st.container(width="stretch", gap="small"):
            st.markdown(_told(found, parts, predictor, entry, summary.arch))
            st.html(scale(colors, "; each channel has its own scale, the same in all its rows"))
    first, rows = feature_maps.rows_of(found, parts.kind)
    if first is not None:
        st.html(feature_maps.grid([first], colors))
    st.html(feature_maps.grid(rows, colors))
    lesson_frame.download(found.strengths, f"channels-{summary.arch}-{parts.name}")


@st.cache_data(max_entries=12, show_spinner="Running the photo through the network …")
def _maps_of(_predictor: "Predictor", _photo: Image.Image, key: tuple[object, ...]) -> "dict[str, BlockMaps]":
    from core.lessons.block_maps import block_maps

    return block_maps(_predictor, _photo, int(str(key[-1])))


@st.cache_data(max_entries=32, show_spinner=False)
def _seen(_predictor: "Predictor", _photo: Image.Image, size: int, digest: str) -> Image.Image:
    from core.lessons.block_maps import sized

    return sized(_predictor.preprocessing, size).view(_photo)


def _told(
    found: "BlockMaps", parts: block_parts.Parts, predictor: "Predictor", entry: WeightsEntry | None, arch: str
) -> str:
    """What is seen, with which weights."""
    shown, of = len(found.out.channels), found.out.of
    words = f"The {shown} channels of {of:,} that come out strongest, the strongest first."
    if found.share is not None:
        what = {"projection": "the projected x", "pooled": "the pooled x"}.get(parts.kind, "x")
        words += f" $F(x)$ is on average **{found.share:.2f}** times as large as {what}."
    if parts.after and parts.kind != "none":
        words += " What is below zero in the sum is cut off by the ReLU."
    if entry is None:
        return f"{words} No weights for this network are on this computer, so they are **random**."
    weights = f"**ImageNet's**, fetched from {entry.source}"
    if predictor.arch != arch:
        weights += f"; they are for {network_name(predictor.arch)}, so the maps are from that network"
    return f"{words} The weights are {weights}."

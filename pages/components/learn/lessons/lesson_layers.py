"""Lesson: the layers of a ResNet written out, each beside torch's own, on a photo."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from pages.components.home.weights_line import show_weights
from pages.components.learn import lesson_frame
from pages.components.learn.lesson_network import network_for, weights_for
from pages.components.learn.lessons.layer_controls import LayerArguments, arguments_of
from pages.components.learn.picture_row import Shown, bright, scale, side_by_side, signed
from pages.components.shared.charts import Ink, probability_bars
from pages.components.train.run_sentences import network_name

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.layers import Compared

VIEWS = ("One layer", "The whole network")
LAYERS = {
    "Conv2d": "Convolution",
    "BatchNorm2d": "Batch normalization",
    "ReLU": "ReLU",
    "MaxPool2d": "Max pooling",
    "AdaptiveAvgPool2d": "Average pooling",
    "Linear": "Linear",
    "softmax": "Softmax and loss",
}
MEANING = {
    "Conv2d": "Every window of the picture is multiplied by the kernel, number by number, and summed up. The kernel "
    "is what the layer learns; its numbers can be edited. The layer may also learn a bias, one number that is added "
    "everywhere. In a ResNet the norm that follows has one, so there is none here.",
    "BatchNorm2d": "Each channel is brought to mean 0 and variance 1, then scaled and shifted by what the layer "
    "learns. Training takes the mean and variance of this batch, and keeps a running average of both, which each batch "
    "moves a tenth of the way to its own: so it forgets the batches of long ago. Evaluation takes the running average, "
    "here that of ImageNet's photos.",
    "ReLU": "What is below zero becomes zero. The picture shows vertical edges; the shift before it is what the "
    "norm's bias does, and decides how much gets through.",
    "MaxPool2d": "Of each window only the largest value stays, in each color by itself.",
    "AdaptiveAvgPool2d": "The mean of each cell of a grid. ResNet ends in a grid of one cell: after that only what is "
    "seen counts, and not where.",
    "Linear": "Every output is a weighted sum of all inputs: here 32 × 32 pixels, so 1,048,576 weights. They can do "
    "what a 3 × 3 convolution does with nine, and things that no convolution can.",
    "softmax": "Softmax turns logits into probabilities that sum to 1; cross-entropy is −log of the right class's. A "
    "high temperature makes all classes alike, a low one makes the answer sure.",
}
_QUIET = {"displayModeBar": False}


def show(colors: Ink) -> None:
    """A layer or the whole network, re-created and torch's, side by side."""
    st.markdown(
        "A layer is a few lines of arithmetic. Here each layer of a ResNet is written out once more from plain tensor "
        "operations, with the same numbers in it as torch's own. What comes out is the same but for the last digits, "
        "since sums are taken in another order. torch's is written for speed, ours to be read."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control("View", VIEWS, default=VIEWS[0], required=True, key="layers-view")
        with st.container(width=300):
            chosen = lesson_frame.photo("layers")
    if chosen is not None:
        title, photo = chosen
        digest = hashlib.sha256(repr(photo.size).encode() + photo.tobytes()).hexdigest()
        if view == VIEWS[0]:
            _one_layer(photo, digest, colors)
        else:
            _whole_network(title, photo, digest, colors)
    lesson_frame.question(
        "layers",
        "Take the convolution with padding 1 and dilation 1, and set its stride to 2. What becomes of the picture of "
        "224 × 224?",
        [
            "It stays 224 × 224: the padding makes up for the stride",
            "112 × 112: the kernel visits every second place",
            "75 × 75: windows of 3 no longer overlap",
            "222 × 222: the border is lost",
        ],
        1,
        "The kernel moves by two pixels at a time, to the right and down, so half as many windows fit in each "
        "direction and a quarter in all. This is how a ResNet halves its feature maps between the stages.",
    )


def _one_layer(photo: Image.Image, digest: str, colors: Ink) -> None:
    """One layer with its controls, what both make of the photo, its code, and all layers in a table."""
    layer = st.segmented_control(
        "Layer",
        list(LAYERS),
        default="Conv2d",
        required=True,
        key="layers-layer",
        format_func=lambda name: LAYERS[name],
        wrap=True,
    )
    st.caption(MEANING[layer])
    predictor = network_for("resnet50" if weights_for("resnet50") else "resnet18")
    logits = _logits(predictor, photo, (predictor.name, digest))
    controls, pictures = st.columns([1, 2]) if layer == "Conv2d" else (st.container(), st.container())
    with controls:
        arguments = arguments_of(layer)
    key = (predictor.name, digest, _time())
    inputs, found = _compared(photo, logits, layer, tuple(sorted(arguments.items())), key)
    with pictures:
        if layer == "softmax":
            _answers(predictor, logits, arguments, found, colors)
        else:
            shown = _pictures(layer, arguments, inputs, found, colors)
            st.html(side_by_side(shown, colors, columns=2 if layer == "Conv2d" else None))
            if _signed(layer, arguments):
                st.html(scale(colors, ""))
    _figures(found)
    st.markdown("**The re-created layer**")
    st.code(_code(layer), height=380 if layer in ("Conv2d", "MaxPool2d", "BatchNorm2d") else "content")
    st.markdown("**All layers on this photo**")
    rows = _table(photo, logits, key).to_dict("records")
    table = pd.DataFrame([_row(layer, inputs, found) if row["layer"] == layer else row for row in rows])
    brief = table.copy()
    for column in ("re-created ms", "torch ms", "times as long"):
        brief[column] = brief[column].map(rounded)
    st.dataframe(
        brief,
        hide_index=True,
        column_config={"largest difference": st.column_config.NumberColumn(format="%.1e")},
    )
    st.caption(
        "The layer that is open as set above, the others with usual settings. Times are the fastest of nine passes."
    )
    _again()
    lesson_frame.download(table, "layers-by-hand")


def _figures(found: "Compared") -> None:
    """How far apart, and how fast."""
    with st.container(horizontal=True, gap="medium"):
        st.metric("Largest difference", f"{found.difference:.1e}" if found.difference else "none", width="content",
                  help="Of two numbers at the same place. float32 keeps about seven digits, and the order of a sum "
                  "decides the last one.")  # fmt: skip
        st.metric("Re-created", _duration(found.seconds_ours), width="content")
        st.metric("torch", _duration(found.seconds_theirs), width="content")
        st.metric("Times as long", f"{rounded(found.seconds_ours / found.seconds_theirs):,g}", width="content")


def rounded(number: float) -> float:
    """Two digits that count, wherever the point stands: more of them say what else the computer did."""
    return float(f"{number:.2g}")


def _duration(seconds: float) -> str:
    return f"{rounded(seconds):g} s" if seconds >= 1 else f"{rounded(1000 * seconds):g} ms"


def _time() -> str:
    """How often was measured in this tab."""
    return str(st.session_state.get("layers-time", 0))


def _again() -> None:
    st.button(
        "Measure again",
        icon=":material/refresh:",
        key="layers-again",
        on_click=lambda: st.session_state.update({"layers-time": int(_time()) + 1}),
        help="Where something else was running the first time.",
    )


def _signed(layer: str, arguments: LayerArguments) -> bool:
    """Whether what comes out has two signs: a kernel whose numbers sum to zero answers nothing where all is even."""
    return layer == "ReLU" or (layer == "Conv2d" and abs(np.sum(arguments["kernel"])) < 0.5)


def _pictures(layer: str, arguments: LayerArguments, inputs: np.ndarray, found: "Compared", colors: Ink) -> list[Shown]:
    """What comes in, what both make of it, and how they differ."""
    largest = float(np.abs(found.theirs).max())

    def drawn(values: np.ndarray) -> np.ndarray:
        if _signed(layer, arguments):
            return signed(values[0], largest, colors)
        return bright(values / 5 + 0.5 if layer == "BatchNorm2d" else values)

    incoming = signed(inputs[0], float(np.abs(inputs).max()), colors) if layer == "ReLU" else bright(inputs)
    note = ", gray is 0" if layer == "BatchNorm2d" else ""
    apart = np.abs(found.ours - found.theirs).max(axis=0)
    times = f"shown {1e-6 / found.difference:.2g} million times as strong" if found.difference else "none at all"
    return [
        Shown("What comes in", incoming, _size(inputs)),
        Shown("Re-created", drawn(found.ours), _size(found.ours) + note),
        Shown("torch", drawn(found.theirs), _size(found.theirs) + note),
        Shown("Difference", signed(apart, found.difference, colors), times),
    ]


def _size(values: np.ndarray) -> str:
    return " × ".join(map(str, values.shape[1:]))


def _answers(
    predictor: "Predictor", logits: np.ndarray, arguments: LayerArguments, found: "Compared", colors: Ink
) -> None:
    """The probabilities of both as bars, and the loss of both."""
    best = [int(place) for place in np.argsort(-logits, kind="stable")[:5]]
    names = {predictor.classes[place]: place for place in best}
    right = st.selectbox("The right class is", list(names), key="layers-right", width=300)
    for column, title, shares in zip(st.columns(2), ("Re-created", "torch"), (found.ours, found.theirs), strict=True):
        ranked = [(name, float(shares[place])) for name, place in names.items()]
        with column:
            st.markdown(f"**{title}**")
            st.plotly_chart(probability_bars(ranked, colors, right), key=f"layers-bars-{title}", config=_QUIET)
    ours, theirs = _losses(logits, names[right], arguments["temperature"])
    st.markdown(f"The loss is **{ours:.6f}** re-created, **{theirs:.6f}** from torch.")
    if weights_for("resnet50") is None and weights_for("resnet18") is None:
        st.caption("No trained weights are on this computer: the logits are those of a network with random ones.")


def _whole_network(title: str, photo: Image.Image, digest: str, colors: Ink) -> None:
    """A ResNet of re-created layers with ImageNet's weights beside torch's."""
    arch = next((arch for arch in ("resnet50", "resnet18") if weights_for(arch)), None)
    if arch is None:
        show_weights()
        return
    predictor = network_for(arch)
    found = _whole(predictor, photo, (predictor.name, digest, _time()))
    left, *both = st.columns([1, 2, 2])
    left.image(predictor.view(photo), caption=title)
    for column, name, logits in zip(both, ("Re-created", "torch"), (found.ours, found.theirs), strict=True):
        ranked = predictor.ranked(predictor.softmax(logits[None])[0], 5).ranked
        with column:
            st.markdown(f"**{name}**: {ranked[0][0]}")
            st.plotly_chart(probability_bars(ranked, colors), key=f"layers-whole-{name}", config=_QUIET)
    _figures(found)
    st.caption(
        f"The network is {network_name(predictor.arch)} with ImageNet's weights, one photo; the times are the faster "
        "of two passes. The difference is that of the logits, in which all layers' rounding has come together."
    )
    _again()
    answers = pd.DataFrame({"class": predictor.classes, "re-created": found.ours, "torch": found.theirs})
    lesson_frame.download(answers, "whole-network")


@st.cache_data(max_entries=32, show_spinner=False)
def _code(layer: str) -> str:
    from core.lessons.layers import code_of

    return code_of(layer)


@st.cache_data(max_entries=32, show_spinner="Running the photo through the network …")
def _logits(_predictor: "Predictor", _photo: Image.Image, key: tuple[str, ...]) -> np.ndarray:
    return _predictor.logits([_photo])[0]


@st.cache_data(max_entries=64, show_spinner=False)
def _compared(
    _photo: Image.Image,
    _logits: np.ndarray,
    layer: str,
    arguments: tuple[tuple[str, object], ...],
    key: tuple[str, ...],
) -> "tuple[np.ndarray, Compared]":
    from core.lessons.layers import compared, inputs_of, pair_of

    inputs = inputs_of(layer, _photo, _logits)
    return inputs, compared(pair_of(layer, dict(arguments)), inputs)


@st.cache_data(max_entries=16, show_spinner="Running every layer …")
def _table(_photo: Image.Image, _logits: np.ndarray, key: tuple[str, ...]) -> pd.DataFrame:
    from core.lessons.layers import every_layer

    return every_layer(_photo, _logits)


def _row(layer: str, inputs: np.ndarray, found: "Compared") -> dict[str, object]:
    from core.lessons.layers import row_of

    return row_of(layer, inputs, found)


def _losses(logits: np.ndarray, right: int, temperature: float) -> tuple[float, float]:
    from core.lessons.layers import compared, cross_entropy

    found = compared(cross_entropy(right, temperature), logits, passes=1)
    return float(found.ours[0]), float(found.theirs[0])


@st.cache_data(max_entries=16, show_spinner="Running both networks …")
def _whole(_predictor: "Predictor", _photo: Image.Image, key: tuple[str, ...]) -> "Compared":
    from core.lessons.layers import whole_network

    return whole_network(_predictor, _photo)

"""Lesson on layers: each layer of a ResNet in plain tensor operations, next to torch's own, on a photo."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from core.models.zoo import network_name
from pages.components.home.weights_line import show_weights
from pages.components.learn import lesson_frame
from pages.components.learn.lesson_network import network_for, weights_for
from pages.components.learn.lesson_question import question
from pages.components.learn.lessons.layer_controls import LayerArguments, arguments_of
from pages.components.learn.level_text import at_level
from pages.components.learn.picture_row import TitledPicture, color_scale, side_by_side, signed_colors, to_pixels
from pages.components.learn.texts import layers
from pages.components.shared.charts import Palette, probability_bars
from pages.components.shared.wording import plain

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.layers import LayerComparison

VIEWS = ("One layer", "The whole network")
LAYERS = {
    "Conv2d": "Convolution",
    "BatchNorm2d": "Batch normalisation",
    "ReLU": "ReLU",
    "MaxPool2d": "Max pooling",
    "AdaptiveAvgPool2d": "Average pooling",
    "Linear": "Linear",
    "softmax": "Softmax and loss",
}
_QUIET = {"displayModeBar": False}


def show(colors: Palette) -> None:
    """Show one layer or the whole network, re-created and torch's, side by side."""
    st.markdown(at_level(layers.INTRODUCTION))
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
    question("layers", layers.QUESTION, layers.CHOICES)


def _one_layer(photo: Image.Image, digest: str, colors: Palette) -> None:
    """Show one layer: its controls, both outputs for the photo, its code, and a table of all layers."""
    layer = st.segmented_control(
        "Layer",
        list(LAYERS),
        default="Conv2d",
        required=True,
        key="layers-layer",
        format_func=lambda name: LAYERS[name],
        wrap=True,
    )
    st.markdown(at_level(layers.MEANING[layer]))
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
                st.html(color_scale(colors, ""))
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
        # The CSV keeps its column names.
        column_config={
            "comes in": "input",
            "comes out": "output",
            "largest difference": st.column_config.NumberColumn(format="%.1e"),
            "times as long": "slowdown",
        },
    )
    st.caption(
        "The chosen layer has the settings above, the others have typical settings. Times: fastest of nine passes."
    )
    _again()
    lesson_frame.download(table, "layers-by-hand")


def _figures(found: "LayerComparison") -> None:
    """Show the largest difference and the times."""
    with st.container(horizontal=True, gap="medium"):
        st.metric("Largest difference", f"{found.difference:.1e}" if found.difference else "none", width="content",
                  help="The largest difference between two values at the same position. float32 keeps about seven "
                  "digits, and the order of a sum affects the last one.")  # fmt: skip
        st.metric("Re-created", _duration(found.seconds_ours), width="content")
        st.metric("torch", _duration(found.seconds_theirs), width="content")
        st.metric("Slowdown", f"{rounded(found.seconds_ours / found.seconds_theirs):,g}×", width="content")


def rounded(number: float) -> float:
    """Round to two significant digits: more would only reflect what else the computer was doing."""
    return float(f"{number:.2g}")


def _duration(seconds: float) -> str:
    return f"{rounded(seconds):g} s" if seconds >= 1 else f"{rounded(1000 * seconds):g} ms"


def _time() -> str:
    """Return how often the visitor has measured again in this browser tab."""
    return str(st.session_state.get("layers-time", 0))


def _again() -> None:
    st.button(
        "Measure again",
        icon=":material/refresh:",
        key="layers-again",
        on_click=lambda: st.session_state.update({"layers-time": int(_time()) + 1}),
        help="Useful if another program was running the first time.",
    )


def _signed(layer: str, arguments: LayerArguments) -> bool:
    """Return whether the output has two signs; a kernel that sums to zero gives zero in uniform areas."""
    return layer == "ReLU" or (layer == "Conv2d" and abs(np.sum(arguments["kernel"])) < 0.5)


def _pictures(
    layer: str, arguments: LayerArguments, inputs: np.ndarray, found: "LayerComparison", colors: Palette
) -> list[TitledPicture]:
    """Return pictures of the input, both outputs and their difference."""
    largest = float(np.abs(found.theirs).max())

    def drawn(values: np.ndarray) -> np.ndarray:
        if _signed(layer, arguments):
            return signed_colors(values[0], largest, colors)
        return to_pixels(values / 5 + 0.5 if layer == "BatchNorm2d" else values)

    incoming = signed_colors(inputs[0], float(np.abs(inputs).max()), colors) if layer == "ReLU" else to_pixels(inputs)
    note = ", grey is 0" if layer == "BatchNorm2d" else ""
    apart = np.abs(found.ours - found.theirs).max(axis=0)
    gain = f"amplified {1e-6 / found.difference:.2g} million times" if found.difference else "no difference"
    return [
        TitledPicture("Input", incoming, _size(inputs)),
        TitledPicture("Re-created", drawn(found.ours), _size(found.ours) + note),
        TitledPicture("torch", drawn(found.theirs), _size(found.theirs) + note),
        TitledPicture("Difference", signed_colors(apart, found.difference, colors), gain),
    ]


def _size(values: np.ndarray) -> str:
    return " × ".join(map(str, values.shape[1:]))


def _answers(
    predictor: "Predictor", logits: np.ndarray, arguments: LayerArguments, found: "LayerComparison", colors: Palette
) -> None:
    """Show both layers' probabilities as bars, and both losses."""
    best = [int(place) for place in np.argsort(-logits, kind="stable")[:5]]
    names = {predictor.classes[place]: place for place in best}
    right = st.selectbox("Correct class", list(names), key="layers-right", width=300)
    for column, title, shares in zip(st.columns(2), ("Re-created", "torch"), (found.ours, found.theirs), strict=True):
        ranked = [(name, float(shares[place])) for name, place in names.items()]
        with column:
            st.markdown(f"**{title}**")
            st.plotly_chart(probability_bars(ranked, colors, right), key=f"layers-bars-{title}", config=_QUIET)
    ours, theirs = _losses(logits, names[right], arguments["temperature"])
    st.markdown(f"The loss is **{ours:.6f}** re-created, **{theirs:.6f}** from torch.")
    if weights_for("resnet50") is None and weights_for("resnet18") is None:
        st.caption("This computer has no pretrained weights: the logits come from a network with random weights.")


def _whole_network(title: str, photo: Image.Image, digest: str, colors: Palette) -> None:
    """Compare a ResNet of re-created layers with one of torch's layers, both with ImageNet weights."""
    arch = next((arch for arch in ("resnet50", "resnet18") if weights_for(arch)), None)
    if arch is None:
        show_weights()
        return
    predictor = network_for(arch)
    found = _whole(predictor, photo, (predictor.name, digest, _time()))
    left, *both = st.columns([1, 2, 2])
    left.image(predictor.view(photo), caption=plain(title), alt=title)
    for column, name, logits in zip(both, ("Re-created", "torch"), (found.ours, found.theirs), strict=True):
        ranked = predictor.ranked(predictor.softmax(logits[None])[0], 5).ranked
        with column:
            st.markdown(f"**{name}**: {ranked[0][0]}")
            st.plotly_chart(probability_bars(ranked, colors), key=f"layers-whole-{name}", config=_QUIET)
    _figures(found)
    st.caption(
        f"{network_name(predictor.arch)} with ImageNet weights, one photo. Times are the faster of two passes. The "
        "difference is between the logits and accumulates the rounding of all layers."
    )
    _again()
    answers = pd.DataFrame({"class": predictor.classes, "re-created": found.ours, "torch": found.theirs})
    lesson_frame.download(answers, "whole-network")


@st.cache_data(max_entries=32, show_spinner=False)
def _code(layer: str) -> str:
    from core.lessons.layers import layer_code

    return layer_code(layer)


@st.cache_data(max_entries=32, show_spinner="Running the photo through the network…")
def _logits(_predictor: "Predictor", _photo: Image.Image, key: tuple[str, ...]) -> np.ndarray:
    return _predictor.logits([_photo])[0]


@st.cache_data(max_entries=64, show_spinner=False)
def _compared(
    _photo: Image.Image,
    _logits: np.ndarray,
    layer: str,
    arguments: tuple[tuple[str, object], ...],
    key: tuple[str, ...],
) -> "tuple[np.ndarray, LayerComparison]":
    from core.lessons.layers import compare_layers, layer_input, layer_pair

    inputs = layer_input(layer, _photo, _logits)
    return inputs, compare_layers(layer_pair(layer, dict(arguments)), inputs)


@st.cache_data(max_entries=16, show_spinner="Running all layers…")
def _table(_photo: Image.Image, _logits: np.ndarray, key: tuple[str, ...]) -> pd.DataFrame:
    from core.lessons.layers import compare_all_layers

    return compare_all_layers(_photo, _logits)


def _row(layer: str, inputs: np.ndarray, found: "LayerComparison") -> dict[str, object]:
    from core.lessons.layers import comparison_row

    return comparison_row(layer, inputs, found)


def _losses(logits: np.ndarray, right: int, temperature: float) -> tuple[float, float]:
    from core.lessons.layers import compare_layers, cross_entropy

    found = compare_layers(cross_entropy(right, temperature), logits, passes=1)
    return float(found.ours[0]), float(found.theirs[0])


@st.cache_data(max_entries=16, show_spinner="Running both networks…")
def _whole(_predictor: "Predictor", _photo: Image.Image, key: tuple[str, ...]) -> "LayerComparison":
    from core.lessons.layers import whole_network

    return whole_network(_predictor, _photo)

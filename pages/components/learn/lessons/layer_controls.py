"""The controls of each layer in the lesson on layers, and their values."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

LayerArguments = dict[str, Any]

SLIDER = 240  # pixels


def arguments_of(layer: str) -> LayerArguments:
    """Show a layer's controls and return their values as arguments for core.lessons.layers."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        return _CONTROLS[layer]()


def _convolution() -> LayerArguments:
    from core.lessons.layers import KERNELS

    with st.container(width=SLIDER):
        name = st.selectbox("Kernel", list(KERNELS), key="layers-kernel")
        edited = st.data_editor(
            pd.DataFrame(KERNELS[name], columns=["left", "middle", "right"], dtype=float),
            hide_index=True,
            column_config={one: st.column_config.NumberColumn(format="%.3g") for one in ("left", "middle", "right")},
            key=f"layers-kernel-{name}",
        ).fillna(0.0)
    with st.container(width=SLIDER):
        stride = st.slider("Stride", 1, 4, 1, key="layers-stride", help="How many pixels the kernel moves at a time.")
        padding = st.slider(
            "Padding", 0, 8, 1, key="layers-padding", help="How many rows and columns of zeros are added on each side."
        )
        dilation = st.slider(
            "Dilation",
            1,
            8,
            1,
            key="layers-dilation",
            help="The distance between the pixels that the kernel covers; 1 means neighbours.",
        )
    kernel = tuple(tuple(float(number) for number in row) for row in edited.to_numpy())
    return {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}


def _batch_norm() -> LayerArguments:
    mode = st.segmented_control(
        "Mode", ["evaluation", "training"], default="evaluation", required=True, key="layers-norm-mode",
        help="Evaluation: the mean and variance of each colour in ImageNet. Training: those of this photo.",
    )  # fmt: skip
    scale = st.slider("Scale", 0.0, 3.0, 1.0, 0.1, key="layers-scale", width=SLIDER, help="The weight γ.")
    shift = st.slider("Shift", -2.0, 2.0, 0.0, 0.1, key="layers-shift", width=SLIDER, help="The bias β.")
    return {"training": mode == "training", "scale": scale, "shift": shift}


def _relu() -> LayerArguments:
    return {"shift": st.slider("Shift before the ReLU", -2.0, 2.0, 0.0, 0.1, key="layers-relu", width=SLIDER)}


def _max_pool() -> LayerArguments:
    kernel = st.slider("Window", 2, 16, 3, key="layers-window", width=SLIDER)
    stride = st.slider("Stride", 1, 16, 2, key="layers-pool-stride", width=SLIDER)
    padding = st.slider(
        "Padding", 0, kernel // 2, min(1, kernel // 2), key=f"layers-pool-padding-{kernel // 2}", width=SLIDER,
        help="Padding values are minus infinity, so they are never the maximum; at most half a window.",
    )  # fmt: skip
    return {"kernel": kernel, "stride": stride, "padding": padding}


def _average_pool() -> LayerArguments:
    return {"cells": st.slider("Cells per side", 1, 32, 7, key="layers-cells", width=SLIDER)}


def _linear() -> LayerArguments:
    from core.lessons.layers import MATRICES

    matrix = st.segmented_control(
        "Effect of the weights", MATRICES, default="mirror", required=True, key="layers-matrix"
    )
    return {"matrix": matrix}


def _softmax() -> LayerArguments:
    return {"temperature": st.slider("Temperature", 0.25, 8.0, 1.0, 0.25, key="layers-temperature", width=SLIDER)}


_CONTROLS: dict[str, Callable[[], LayerArguments]] = {
    "Conv2d": _convolution,
    "BatchNorm2d": _batch_norm,
    "ReLU": _relu,
    "MaxPool2d": _max_pool,
    "AdaptiveAvgPool2d": _average_pool,
    "Linear": _linear,
    "softmax": _softmax,
}

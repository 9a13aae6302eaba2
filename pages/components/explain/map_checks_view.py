"""Checks of one heatmap: the same map with random weights, and what happens when its hottest places go first."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.explain import explain_charts
from pages.components.explain.asked_explanation import Asked
from pages.components.shared import charts, frame
from pages.components.shared.wording import plain

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from core.inspection.explaining.explanation import Explanation
    from core.inspection.explaining.map_checks import MapChecks

STEP_NAMES = {
    "head": "random head",
    "layer4": "and layer4",
    "layer3": "and layer3",
    "all": "all random",
}
CENTRE = "centre blob"
OPACITY = 0.6
LEARNED_HELP = (
    "Each picture is the same method on the same photo, but with random weights: first the head, then also the last "
    "stage, and so on (Adebayo et al. 2018). Similarity is the rank correlation of the two maps, the mean of three "
    "draws: 1 means the same order of all places, 0 no relation."
)
DECISIVE_HELP = (
    "Petsiuk et al. 2018. If the map is right, the score falls early when its hottest places turn grey, and rises "
    "early when they turn sharp in a blurred photo. The area is the mean score on the way."
)


def show(asked: Asked, explanation: "Explanation") -> None:
    """Draw both checks of a heatmap, once a worker has computed them."""
    checks = asked.checks(explanation)
    if checks is None:
        return
    st.markdown("**Does this map depend on what the model learned?**", help=LEARNED_HELP)
    _pictures(explanation, checks)
    st.markdown(plain(checks.learned_sentence))
    if checks.centre is not None:
        st.markdown(
            f"Similarity to a blob in the centre: {checks.centre:.2f}. "
            "Photos often show the object there, so a high value proves little."
        )
    st.markdown("**Does it find the places that decide?**", help=DECISIVE_HELP)
    _curves(checks)


def _pictures(explanation: "Explanation", checks: "MapChecks") -> None:
    from core.inspection.explaining.baseline_maps import centre_blob

    maps: dict[str, tuple[np.ndarray, float | None]] = {"this map": (explanation.heatmap, None)}
    maps |= {STEP_NAMES[one.step]: (one.heatmap, one.similarity) for one in checks.randomised}
    maps[CENTRE] = (centre_blob(len(explanation.heatmap)), checks.centre)
    with st.grid(len(maps), min_column_width=100):
        for name, (heatmap, similarity) in maps.items():
            words = name if similarity is None else f"{name}: {similarity:.2f}"
            if not heatmap.any():
                words = f"{name}: no evidence"
            st.image(
                _drawn(explanation, heatmap), caption=words, width="stretch", output_format="PNG",
                alt=f"Heatmap, {words}",
            )  # fmt: skip


def _drawn(explanation: "Explanation", heatmap: "np.ndarray") -> "Image":
    from core.inspection.explaining.explanation import overlay

    small = replace(explanation, heatmap=heatmap, sharp=explanation.view, corners=None, true_corners=None)
    return overlay(small, OPACITY)


def _curves(checks: "MapChecks") -> None:
    colors = charts.palette(frame.is_dark())
    if not checks.curves.empty:
        with st.grid(2, min_column_width=280):
            for kind in explain_charts.TITLES:
                figure = explain_charts.order_curves(checks.curves, kind, colors)
                st.plotly_chart(
                    figure,
                    key=f"check-{kind}",
                    config={"displayModeBar": False},
                    alt=explain_charts.curves_text(checks.curves, kind),
                )
    st.markdown(plain(checks.curves.deletion_sentence))
    if not checks.curves.empty:
        st.markdown(plain(checks.curves.insertion_sentence))
        st.markdown(f"**{plain(checks.curves.verdict)}**")
        st.caption("One photo says little about a method. Compare methods on your validation photos for that.")

"""Guess first: a person marks where they would look, then sees the heatmap and how well both agree."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.inspection.covering.guess import agreement
from core.inspection.covering.patch import Patch
from core.inspection.predicting.draw_boxes import draw_boxes
from pages.components.explain.asked_explanation import Asked
from pages.components.explain.covering import region_canvas
from pages.components.explain.covering.cover_photo import CoverPhoto
from pages.components.shared import frame
from pages.components.shared.wording import plain

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation

CANVAS = "guess-canvas"
LEFT, TOP, WIDTH, HEIGHT = "guess-left", "guess-top", "guess-width", "guess-height"
USUAL = {LEFT: 30, TOP: 30, WIDTH: 40, HEIGHT: 40}
LEAST = 5
SLIDERS = {LEFT: "Left edge", TOP: "Top edge", WIDTH: "Width", HEIGHT: "Height"}
SEEN = "guess-seen"
ABOUT = (
    "Where would you look to recognise this photo? Drag a rectangle over that place, then show the heatmap. A guess "
    "made first is honest: after seeing a heatmap, most people find it convincing, even where the model is wrong."
)


@frame.fragment()
def show(shown: CoverPhoto) -> None:
    """Draw the photo to mark, or once it is asked for the heatmap with the mark and their overlap."""
    for key, value in USUAL.items():
        st.session_state.setdefault(key, value)
    seen: tuple[str, Patch] | None = st.session_state.get(SEEN)
    if seen is not None and seen[0] == shown.key:
        _show_overlap(shown, seen[1])
        return
    left, right = st.columns([1, 1], gap="medium")
    with right:
        st.markdown(ABOUT)
        with st.grid(2, min_column_width=110):
            for key, words in SLIDERS.items():
                low = LEAST if key in (WIDTH, HEIGHT) else 0
                st.slider(words, low, 100, step=1, format="%d%%", key=key)
        st.button("Show the heatmap", type="primary", key="guess-show", on_click=_reveal, args=(shown.key,))
    with left:
        region_canvas.draw(
            CANVAS,
            shown.id,
            shown.picture(),
            mark(),
            alt=shown.alt,
            mode="draw",
            fill="rgb(255 255 255 / 18%)",
            on_report=partial(take_report, shown.id),
        )
        st.caption("Drag to mark a place. With the keyboard: the sliders, or the arrow keys on the photo.")


def mark() -> Patch:
    """Return what is marked, inside the photo."""
    left, top, width, height = (st.session_state[key] / 100 for key in USUAL)
    left, top = min(left, 1 - LEAST / 100), min(top, 1 - LEAST / 100)
    return Patch(left, top, min(width, 1 - left), min(height, 1 - top))


def take_report(photo: str) -> None:
    """Set the sliders to what was drawn; a callback, so before they are drawn."""
    report = region_canvas.new_report(CANVAS, photo)
    if report is not None:
        _set_sliders(report.patch)


def _set_sliders(patch: Patch) -> None:
    for key, share in zip(USUAL, (patch.left, patch.top, patch.width, patch.height), strict=True):
        low = LEAST if key in (WIDTH, HEIGHT) else 0
        st.session_state[key] = min(100, max(low, round(100 * share)))


def _reveal(key: str) -> None:
    st.session_state[SEEN] = key, mark()


def _again() -> None:
    """Go back to marking, with the same mark: Streamlit forgets sliders that are not drawn."""
    _, marked = st.session_state.pop(SEEN)
    _set_sliders(marked)


def _show_overlap(shown: CoverPhoto, marked: Patch) -> None:
    explanation: Explanation = Asked(
        shown.predictor, shown.photo, shown.reference, "gradcam", "layer4", None
    ).explained()
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.image(
            draw_boxes(shown.heated(explanation.heatmap), None, marked.corners),
            caption="The heatmap, and your mark (dashed)",
            width="stretch",
            output_format="PNG",
            alt=f"{explanation.sentence} The dashed frame is your mark.",
        )
    with right:
        st.markdown(plain(explanation.sentence))
        if explanation.empty:
            st.markdown("So there is nothing to compare your mark with.")
        else:
            size = (explanation.heatmap.shape[1], explanation.heatmap.shape[0])
            st.markdown(f"**{plain(agreement(marked.mask(size), explanation.heatmap).sentence)}**")
        st.caption(
            "IoU: the area that both share, divided by the area of both together; 1 means that they are equal. "
            "The heatmap shows where the model looked, not why."
        )
        st.button("Mark again", icon=":material/replay:", key="guess-again", on_click=_again)

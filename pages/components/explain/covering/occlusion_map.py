"""The occlusion map beside Grad-CAM: a patch covers every place in turn, in a worker process."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.inspection.covering.guess import SHARE, shared_hottest
from core.inspection.covering.occlusion import Occlusion, read_occlusion
from core.inspection.covering.patch import FILLS
from core.workers.input_files import request_with_files
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.explain.asked_explanation import Asked
from pages.components.explain.covering.cover_photo import CoverPhoto
from pages.components.shared import frame
from pages.components.shared.wording import disambiguate, plain

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation

PREDICTED = "the predicted class"
SIDES = {0.15: "Small, 15%", 0.25: "Medium, 25%", 0.35: "Large, 35%"}
STEPS = {7: "7 × 7", 10: "10 × 10", 14: "14 × 14"}
ABOUT = (
    "A patch covers each place of the photo in turn. Brighter places cost the answer more "
    "(Zeiler and Fergus, 2014). Other fills and sizes can give another map: try them."
)


def show(shown: CoverPhoto) -> None:
    """Draw the settings, the button, and then the map beside Grad-CAM."""
    st.caption(ABOUT)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fill = st.segmented_control(
            "Patch", list(FILLS), default="grey", format_func=FILLS.__getitem__, required=True, key="occlusion-fill"
        )
        side = st.selectbox(
            "Size", list(SIDES), index=1, format_func=SIDES.__getitem__, key="occlusion-side", width=150
        )
        steps = st.selectbox(
            "Places", list(STEPS), index=1, format_func=STEPS.__getitem__, key="occlusion-steps", width=120
        )
        target = _choose_target(shown)
    computation = Computation("occlusion", f"occlude {shown.key} {fill} {side} {steps} {target}")
    if st.session_state.get("occlusion-asked") != computation.key:
        st.button(
            "Compute the map", type="primary", key="occlusion-go", on_click=_ask, args=(computation.key,),
            help=f"{steps * steps} forward passes of the model.",
        )  # fmt: skip
        return
    found = computation.kept(
        lambda: _request(shown, {"fill": fill, "side": side, "steps": steps, "target": target}),
        "Compute the map",
        unit="place",
    )
    if found is not None:
        explanation = Asked(shown.predictor, shown.photo, shown.reference, "gradcam", "layer4", target).explained()
        _show_maps(shown, read_occlusion(found), explanation)


def _choose_target(shown: CoverPhoto) -> int | None:
    names = disambiguate(shown.predictor.classes)
    if shown.predictor.task == "localization" and len(names) == 1:
        return None  # the box is what it predicts
    targets: dict[str, int | None] = {PREDICTED: None} | {name: place for place, name in enumerate(names)}
    chosen = st.selectbox(
        "Evidence for", list(targets), key=f"occlusion-target-{shown.predictor.name}", width=230,
        help="The map shows which places this class depends on.",
    )  # fmt: skip
    return targets[chosen]


def _ask(key: str) -> None:
    st.session_state["occlusion-asked"] = key


def _request(shown: CoverPhoto, arguments: dict[str, object]) -> Request:
    def write(folder: Path) -> None:
        np.save(folder / "photo.npy", np.asarray(shown.photo.image), allow_pickle=False)

    model = {"workspace": str(frame.workspace().root), "model": shown.reference}
    return request_with_files("occlude", {**model, **arguments}, write)


def _show_maps(shown: CoverPhoto, found: Occlusion, explanation: "Explanation") -> None:
    with st.grid(2, min_column_width=130):
        st.image(
            shown.heated(found.heatmap), caption="Occlusion map", width="stretch", output_format="PNG",
            alt=f"Occlusion map. {found.sentence}",
        )  # fmt: skip
        st.image(
            shown.heated(explanation.heatmap), caption="Grad-CAM, last stage", width="stretch", output_format="PNG",
            alt=explanation.sentence,
        )  # fmt: skip
    st.markdown(plain(found.sentence))
    if not found.empty and not explanation.empty:
        shared = shared_hottest(found.heatmap, explanation.heatmap)
        st.markdown(
            f"The strongest fifths of the two maps share **{shared:.0%}** of their area; two random maps "
            f"share {SHARE:.0%}."
        )

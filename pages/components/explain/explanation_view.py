"""One photo explained: the model input, the heatmap, the prediction, the faithfulness of the heatmap."""

import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.pictures.decoding import content_hash
from core.inspection.explaining.explanation_json import explanation_as_json, read_explanation, read_faithfulness
from core.inspection.explaining.methods import BOX, METHODS, STAGES, Target
from core.runs.computations.explanations import BOX_TARGET
from core.workers.input_files import request_with_files
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.explain.photo_source import ChosenPhoto
from pages.components.shared import charts, frame
from pages.components.shared.wording import disambiguate, plain

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.explaining.faithfulness import Faithfulness
    from core.inspection.predicting.predictor import Predictor

PREDICTED, BOX_POSITION = "the predicted class", "the box position"
STAGE_NAMES = {
    "layer1": "layer1: edges and colours, finest",
    "layer2": "layer2: textures",
    "layer3": "layer3: parts",
    "layer4": "layer4: whole objects, coarsest",
}


def show(predictor: "Predictor", photo: ChosenPhoto, reference: str) -> None:
    """Draw the choices, the two images, the predicted classes and the faithfulness of the heatmap.

    ``reference`` names the predictor's model: a run of the workspace, or the ImageNet model.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.selectbox(
            "Method", list(METHODS), format_func=lambda name: METHODS[name].label, key="explain-method", width=180
        )
        stage = st.selectbox(
            "Stage", STAGES[::-1], format_func=STAGE_NAMES.__getitem__, key="explain-stage", width=270,
            help="The stage whose feature maps are used. Later stages recognise objects, "
            "earlier ones locate details more exactly.",
        )  # fmt: skip
        target = _choose_target(predictor)
    st.caption(METHODS[method].sentence)
    asked = _Asked(predictor, photo, reference, method, stage, target)
    if METHODS[method].slow:
        slow = asked.in_worker()
        if slow is None:
            return
        explanation, faith = slow
    else:
        with st.spinner("Computing the heatmap…"):
            explanation, faith = _cached_explanation(predictor, photo, asked.key, method, stage, target), None
    left, right = st.columns([2, 1.1])
    with left:
        pictures = st.grid(2, min_column_width=130)
        opacity = st.slider("Opacity of the heatmap", 0, 100, 55, 5, format="%d%%", key="explain-opacity")
    with pictures:
        _pictures(explanation, opacity / 100)
    with right:
        _show_prediction(explanation, photo)
    st.markdown(plain(explanation.sentence))
    if explanation.box_sentence:
        st.markdown(plain(explanation.box_sentence))
    faithful = st.container()
    st.download_button(
        "Download the heatmap",
        lambda: _png(explanation, opacity / 100),
        file_name=f"{photo.name.rsplit('.', 1)[0]}-{method}.png",
        mime="image/png",
        icon=":material/download:",
        on_click="ignore",
    )
    with faithful:  # last, because it may take a moment
        faith = faith or asked.faithfulness(explanation)
        if faith is not None:
            st.markdown(f"**Is this heatmap faithful?** {plain(faith.sentence)}")


@dataclass(frozen=True)
class _Asked:
    """What is to be explained, for a worker process: what takes more than one forward pass is computed there."""

    predictor: "Predictor"
    photo: ChosenPhoto
    reference: str
    method: str
    stage: str
    target: int | Target | None

    @property
    def key(self) -> str:
        """Says all that the explanation depends on."""
        created = self.predictor.info.created if self.predictor.info else ""
        photo = f"{content_hash(self.photo.image)} {self.photo.box}"
        return f"{self.reference} {created} {photo} {self.method} {self.stage} {self.target}"

    def in_worker(self) -> "tuple[Explanation, Faithfulness] | None":
        """Return the explanation and its faithfulness; None if it was stopped."""
        found = Computation("explain", self.key).kept(self._request, "Compute the heatmap")
        if found is None:
            return None
        return read_explanation(found["explanation"]), read_faithfulness(found["faithfulness"])

    def faithfulness(self, explanation: "Explanation") -> "Faithfulness | None":
        """Return how faithful a heatmap is that was computed here; None if that was stopped."""

        def request() -> Request:
            return Request("faithfulness", {**self._model(), "explanation": explanation_as_json(explanation)})

        found = Computation("faithfulness", self.key).kept(request, "Check whether the heatmap is faithful")
        return None if found is None else read_faithfulness(found)

    def _request(self) -> Request:
        box = self.photo.box
        arguments = {
            "method": self.method,
            "stage": self.stage,
            "target": BOX_TARGET if self.target is BOX else self.target,
            "box": asdict(box) if box else None,
        }

        def write(folder: Path) -> None:
            np.save(folder / "photo.npy", np.asarray(self.photo.image), allow_pickle=False)

        return request_with_files("explain", {**self._model(), **arguments}, write)

    def _model(self) -> dict[str, str]:
        return {"workspace": str(frame.workspace().root), "model": self.reference}


def _pictures(explanation: "Explanation", opacity: float) -> None:
    from core.inspection.explaining.explanation import framed, overlay

    seen = framed(explanation.sharp, explanation) if explanation.corners else explanation.view
    st.image(seen, caption="Model input", width="stretch", output_format="PNG", alt="The photo as the model sees it")
    heated = overlay(explanation, opacity)
    st.image(heated, caption="Where the model looked", width="stretch", output_format="PNG", alt=explanation.sentence)


def _choose_target(predictor: "Predictor") -> int | Target | None:
    """Draw the choice of the target: a class index, BOX, or None for the predicted class."""
    named = disambiguate(predictor.classes)
    targets: dict[str, int | Target | None] = {}
    if predictor.task == "localization":
        targets[BOX_POSITION] = BOX
    if predictor.task != "localization" or len(named) > 1:
        # With a single class its score is not trained, so there is no evidence to show.
        targets |= {PREDICTED: None} | {name: number for number, name in enumerate(named)}
    chosen = st.selectbox(
        "Evidence for",
        list(targets),
        index=list(targets).index(PREDICTED) if PREDICTED in targets else 0,
        key=f"explain-target-{predictor.name}",
        width=230,
        help="The heatmap shows evidence for this class, even if the model predicts another one."
        + (" For the box, it shows what decides its position." if BOX_POSITION in targets else ""),
    )
    return targets[chosen]


def _show_prediction(explanation: "Explanation", photo: ChosenPhoto) -> None:
    figure = charts.probability_bars(
        explanation.prediction.ranked,
        charts.palette(frame.is_dark()),
        chosen=None if explanation.of_box else explanation.target,
    )
    classes = ", ".join(f"{name} {charts.percent(share)}" for name, share in explanation.prediction.ranked)
    st.plotly_chart(
        figure, key="explain-answers", config={"displayModeBar": False}, alt=f"Most likely classes: {classes}"
    )
    if photo.label is not None:
        correct = photo.label == explanation.prediction.name
        mark = ":green[:material/check:]" if correct else ":orange[:material/close:]"
        st.markdown(f"{mark} Label: **{plain(photo.label)}**")
    for remark in photo.remarks:
        st.caption(plain(remark))


@st.cache_data(max_entries=24, show_spinner=False)
def _cached_explanation(
    _predictor: "Predictor", _photo: ChosenPhoto, key: str, method: str, stage: str, target: int | Target | None
) -> "Explanation":
    from core.inspection.explaining.cam import explain

    return explain(_predictor, _photo.image, method=method, stage=stage, target=target, true_box=_photo.box)


def _png(explanation: "Explanation", opacity: float) -> bytes:
    from core.inspection.explaining.explanation import side_by_side

    stream = io.BytesIO()
    side_by_side(explanation, opacity).save(stream, "PNG")
    return stream.getvalue()

"""One photo explained: the model input, the heatmap, the prediction, similar training photos, checks of the heatmap."""

import io
from typing import TYPE_CHECKING

import streamlit as st

from core.data.pictures.decoding import content_hash
from core.inspection.explaining.methods import BOX, METHODS, STAGES, Target
from core.inspection.predicting.doubt_sentence import doubt_sentence
from pages.components.correcting import explained_photo
from pages.components.explain import map_checks_view, method_comparison_view, nearest_view
from pages.components.explain.asked_explanation import Asked
from pages.components.explain.photo_source import ChosenPhoto
from pages.components.shared import charts, frame
from pages.components.shared.wording import disambiguate, plain

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.predicting.predictor import Predictor

PREDICTED, BOX_POSITION = "the predicted class", "the box position"
STAGE_NAMES = {
    "layer1": "layer1: edges and colours, finest",
    "layer2": "layer2: textures",
    "layer3": "layer3: parts",
    "layer4": "layer4: whole objects, coarsest",
}
CHECK, METHODS_COMPARED = "Check this heatmap", "Compare methods"
CLOSER = (CHECK, METHODS_COMPARED)
"""What takes longer, and is computed only if somebody asks for it."""


def show(predictor: "Predictor", photo: ChosenPhoto, reference: str) -> None:
    """Draw the choices, the two images, the predicted classes, similar photos, and what checks the heatmap.

    ``reference`` names the predictor's model: a run of the workspace, or the ImageNet model.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method, stage = choose_method(list(METHODS), "explain")
        target = _choose_target(predictor)
    st.caption(METHODS[method].sentence)
    asked = Asked(predictor, photo, reference, method, stage, target)
    if METHODS[method].slow:
        slow = asked.in_worker()
        if slow is None:
            return
        explanation, faith = slow
    else:
        with st.spinner("Computing the heatmap…"):
            explanation, faith = asked.explained(), None
    left, right = st.columns([2, 1.1])
    with left:
        pictures = st.grid(2, min_column_width=130)
        opacity = st.slider("Opacity of the heatmap", 0, 100, 55, 5, format="%d%%", key="explain-opacity")
    with pictures:
        _pictures(explanation, opacity / 100)
    with right:
        _show_prediction(explanation, photo)
        explained_photo.correction(reference, content_hash(photo.image), "explained")
        nearest = st.container()
    st.markdown(plain(explanation.sentence))
    if explanation.box_sentence:
        st.markdown(plain(explanation.box_sentence))
    if explanation.exactness is not None and not explanation.empty:
        st.markdown(plain(explanation.exactness.sentence))
    faithful = st.container()
    st.download_button(
        "Download the heatmap",
        lambda: _png(explanation, opacity / 100),
        file_name=f"{photo.name.rsplit('.', 1)[0]}-{method}.png",
        mime="image/png",
        icon=":material/download:",
        on_click="ignore",
    )
    explained_photo.again(reference)
    closer = st.segmented_control("Look closer", CLOSER, key="explain-closer")
    # What follows may take a moment, so everything else is drawn before.
    with faithful:
        faith = faith or asked.faithfulness(explanation)
        if faith is not None:
            st.markdown(f"**Is this heatmap faithful?** {plain(faith.sentence)}")
    with nearest, frame.plain_errors():  # a run whose snapshot is damaged can still explain
        target_class = None if explanation.of_box else explanation.target
        ranked = [name for name, _ in explanation.prediction.ranked]
        nearest_view.show(predictor, photo, reference, ranked, target_class)
    if closer == CHECK:
        map_checks_view.show(asked, explanation)
    elif closer == METHODS_COMPARED:
        method_comparison_view.show(reference, predictor.version, stage)


def choose_method(methods: list[str], key: str) -> tuple[str, str]:
    """Draw the choice of a method and a stage."""
    method = st.selectbox(
        "Method", methods, format_func=lambda name: METHODS[name].label, key=f"{key}-method", width=180
    )
    stage = st.selectbox(
        "Stage", STAGES[::-1], format_func=STAGE_NAMES.__getitem__, key=f"{key}-stage", width=270,
        help="The stage whose feature maps are used. Later stages recognise objects, "
        "earlier ones locate details more exactly.",
    )  # fmt: skip
    return method, stage


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
    answer(explanation, photo, "explain-answers")
    for remark in photo.remarks:
        st.caption(plain(remark))


def answer(explanation: "Explanation", photo: ChosenPhoto, key: str) -> None:
    """Draw the most likely classes as bars, the explained one coloured, with what is doubtful and the label."""
    figure = charts.probability_bars(
        explanation.prediction.ranked,
        charts.palette(frame.is_dark()),
        chosen=None if explanation.of_box else explanation.target,
    )
    classes = ", ".join(f"{name} {charts.percent(share)}" for name, share in explanation.prediction.ranked)
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=f"Most likely classes: {classes}")
    if doubt := doubt_sentence(explanation.prediction):
        st.markdown(f":orange[:material/help:] {plain(doubt)}")
    if photo.label is not None:
        correct = photo.label == explanation.prediction.name
        mark = ":green[:material/check:]" if correct else ":orange[:material/close:]"
        st.markdown(f"{mark} Label: **{plain(photo.label)}**")


def _png(explanation: "Explanation", opacity: float) -> bytes:
    from core.inspection.explaining.explanation import side_by_side

    stream = io.BytesIO()
    side_by_side(explanation, opacity).save(stream, "PNG")
    return stream.getvalue()

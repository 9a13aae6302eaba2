"""One photo explained: what the network saw, where it looked, what it answered."""

import io
from typing import TYPE_CHECKING

import streamlit as st

from core.data.pictures.decoding import content_hash
from core.inspection.explaining.methods import BOX, METHODS, STAGES, Target
from pages.components.explain.photo_source import Chosen
from pages.components.shared import charts, frame
from pages.components.shared.wording import plain, told_apart

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.explaining.faithfulness import Faithfulness
    from core.inspection.predicting.predictor import Predictor

LIKELIEST, WHERE = "the likeliest", "where the box is"
STAGE_WORDS = {
    "layer1": "layer1: edges and colors, finest",
    "layer2": "layer2: textures",
    "layer3": "layer3: parts",
    "layer4": "layer4: whole things, coarsest",
}


def show(predictor: "Predictor", photo: Chosen) -> None:
    """The choices, the two pictures, the answers, and whether the heatmap can be believed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.selectbox(
            "Method", list(METHODS), format_func=lambda name: METHODS[name].label, key="explain-method", width=180
        )
        stage = st.selectbox(
            "Stage", STAGES[::-1], format_func=STAGE_WORDS.__getitem__, key="explain-stage", width=270,
            help="The feature maps of which part of the network. Later ones know more about things, "
            "earlier ones about places.",
        )  # fmt: skip
        target = _choose_target(predictor)
    st.caption(METHODS[method].sentence)
    slow = "Score-CAM takes many passes …" if METHODS[method].slow else "Looking …"
    with st.spinner(slow, show_time=METHODS[method].slow):
        explanation, faith = _explained(predictor, photo, method, stage, target)
    left, right = st.columns([2, 1.1])
    with left:
        pictures = st.grid(2, min_column_width=130)
        opacity = st.slider("Opacity of the heatmap", 0, 100, 55, 5, format="%d%%", key="explain-opacity")
    with pictures:
        _pictures(explanation, opacity / 100)
    with right:
        _answers(explanation, photo)
    st.markdown(plain(explanation.sentence))
    if explanation.box_sentence:
        st.markdown(plain(explanation.box_sentence))
    st.markdown(f"**Can one believe it?** {plain(faith.sentence)}")
    st.download_button(
        "Download the picture",
        lambda: _png(explanation, opacity / 100),
        file_name=f"{photo.name.rsplit('.', 1)[0]}-{method}.png",
        mime="image/png",
        icon=":material/download:",
        on_click="ignore",
    )


def _pictures(explanation: "Explanation", opacity: float) -> None:
    from core.inspection.explaining.explanation import framed, overlay

    seen = framed(explanation.sharp, explanation) if explanation.corners else explanation.view
    st.image(seen, caption="What the network saw", width="stretch", output_format="PNG")
    heated = overlay(explanation, opacity)
    st.image(heated, caption="Where it looked", width="stretch", output_format="PNG", alt=explanation.sentence)


def _choose_target(predictor: "Predictor") -> int | Target | None:
    """A class's index, BOX, or None for the likeliest class."""
    named = told_apart(predictor.classes)
    targets: dict[str, int | Target | None] = {}
    if predictor.task == "localization":
        targets[WHERE] = BOX
    if predictor.task != "localization" or len(named) > 1:
        # A single class has nothing to be told apart from: its score is not trained.
        targets |= {LIKELIEST: None} | {name: number for number, name in enumerate(named)}
    chosen = st.selectbox(
        "What speaks for",
        list(targets),
        index=list(targets).index(LIKELIEST) if LIKELIEST in targets else 0,
        key=f"explain-target-{predictor.name}",
        width=230,
        help="The heatmap shows what speaks for this class, whether or not it is the answer."
        + (" Or what makes the network put the box where it is." if WHERE in targets else ""),
    )
    return targets[chosen]


def _answers(explanation: "Explanation", photo: Chosen) -> None:
    figure = charts.probability_bars(
        explanation.prediction.ranked,
        charts.ink(frame.is_dark()),
        chosen=None if explanation.of_box else explanation.target,
    )
    told = ", ".join(f"{name} {charts.percent(share)}" for name, share in explanation.prediction.ranked)
    st.plotly_chart(figure, key="explain-answers", config={"displayModeBar": False}, alt=f"The likeliest: {told}")
    if photo.label is not None:
        right = photo.label == explanation.prediction.name
        mark = ":green[:material/check:]" if right else ":orange[:material/close:]"
        st.markdown(f"{mark} It is labelled **{plain(photo.label)}**.")
    for remark in photo.remarks:
        st.caption(remark)


def _explained(
    predictor: "Predictor", photo: Chosen, method: str, stage: str, target: int | Target | None
) -> "tuple[Explanation, Faithfulness]":
    bundle = predictor.info.created if predictor.info else ""
    picture = f"{content_hash(photo.image)} {photo.box}"
    return _kept(predictor, photo, f"{predictor.name} {bundle}", picture, method, stage, target)


@st.cache_data(max_entries=24, show_spinner=False)
def _kept(
    _predictor: "Predictor",
    _photo: Chosen,
    network: str,
    picture: str,
    method: str,
    stage: str,
    target: int | Target | None,
) -> "tuple[Explanation, Faithfulness]":
    from core.inspection.explaining.cam import explain
    from core.inspection.explaining.faithfulness import faithfulness

    explanation = explain(_predictor, _photo.image, method=method, stage=stage, target=target, true_box=_photo.box)
    return explanation, faithfulness(_predictor, explanation)


def _png(explanation: "Explanation", opacity: float) -> bytes:
    from core.inspection.explaining.explanation import side_by_side

    stream = io.BytesIO()
    side_by_side(explanation, opacity).save(stream, "PNG")
    return stream.getvalue()

"""The quiz of the preprocessing lesson: five inputs of a network, four of them with a preprocessing mistake."""

import random
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from core.data.pictures.decoding import content_hash
from core.models.zoo import network_name
from pages.components.learn import lesson_frame
from pages.components.learn.lessons.preprocessing_charts import accuracy_of_mysteries, histogram
from pages.components.learn.lessons.preprocessing_photos import available_network, labelled_birds
from pages.components.learn.level_text import at_level
from pages.components.learn.texts import preprocessing as texts
from pages.components.shared import charts, frame
from pages.components.shared.charts import Palette

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.preprocessing import LabelledPhotos, Mistake

LETTERS = "ABCDE"
NAMES: dict[str, str] = {
    "right": "nothing, it is correct",
    "swapped": "red and blue are swapped",
    "not normalized": "not normalised: values from 0 to 1",
    "bytes": "not normalised: values from 0 to 255",
    "twice": "normalised twice",
}


def show_quiz(name: str, image: Image.Image, predictor: "Predictor", colors: Palette) -> None:
    """Show the five inputs, the clues to each, and the visitor's guesses."""
    st.markdown(at_level(texts.QUIZ))
    _clues(name, image, predictor, colors)
    _accuracy(colors)


@frame.fragment()
def _clues(name: str, image: Image.Image, predictor: "Predictor", colors: Palette) -> None:
    order = _order()
    found: set[str] = st.session_state.setdefault("mystery-found", set())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        letter = str(
            st.segmented_control(
                "Input",
                list(LETTERS),
                default=LETTERS[0],
                required=True,
                key="mystery-letter",
                format_func=lambda one: f"{one} ✓" if one in found else one,
            )
        )
        st.button("Shuffle", icon=":material/shuffle:", key="mystery-shuffle", on_click=_shuffle)
    mistake = order[LETTERS.index(letter)]
    picture, counts, edges, ranked = _clue(predictor, image, content_hash(image), mistake)
    with st.grid(3, min_column_width=230):
        st.image(
            picture,
            width=224,
            output_format="PNG",
            caption="The input, drawn as if it were correct",
            alt=f"Input {letter} of the network, made from {name}",
        )
        st.plotly_chart(
            histogram(counts, edges, colors),
            key="mystery-histogram",
            config={"displayModeBar": False},
            alt=f"Histogram of the input's three channels, from {edges[0]:.1f} to {edges[-1]:.1f}",
        )
        with st.container():
            st.markdown("Predictions")
            st.plotly_chart(
                charts.probability_bars(ranked, colors),
                key="mystery-answers",
                config={"displayModeBar": False},
                alt="Most probable: " + ", ".join(f"{one} {charts.percent(share)}" for one, share in ranked),
            )
    guess = st.radio(
        f"**What is wrong with {letter}?**", list(NAMES), index=None, key=f"mystery-guess-{_round()}-{letter}",
        format_func=NAMES.__getitem__, persist_state="page", on_change=_guessed, args=(letter, mistake),
    )  # fmt: skip
    if guess == mistake:
        st.success(f"Yes: {NAMES[mistake]}. {texts.SIGNS[mistake]}", icon=":material/check_circle:")
    elif guess is not None:
        st.warning(f"Not this one. {texts.HINTS[guess]}", icon=":material/lightbulb:")
    if len(found) == len(LETTERS):
        st.markdown("You have found all five.")
    with st.popover("Show the solution", icon=":material/key:"):
        for one, made in zip(LETTERS, order, strict=True):
            st.markdown(f"**{one}**: {NAMES[made]}. {texts.SIGNS[made]}")


def _accuracy(colors: Palette) -> None:
    """Show the accuracy with each mistake, labelled with the letters of the quiz."""
    from core.lessons import preprocessing

    network = available_network()
    if network is None:
        return
    photos = labelled_birds()
    order = _order()

    def draw(table: pd.DataFrame) -> None:
        ranked = table.set_index("mistake").loc[list(order)].reset_index()
        st.markdown(f"{network_name(table['arch'].iloc[0])}")
        st.plotly_chart(
            accuracy_of_mysteries(ranked, LETTERS, len(set(photos.labels)), colors),
            key="mystery-accuracy",
            config={"displayModeBar": False},
            alt="Accuracy on the sample birds for each input, with 95% intervals",
        )

    st.markdown("**Accuracy on the sample birds**")
    st.caption(
        f"A linear head on the frozen network trains on correct inputs of four fifths of "
        f"{len(photos.paths)} bird photos. It then predicts the last fifth, where the mistake is made; "
        f"{preprocessing.FOLDS} times in turn. Error bars are 95% intervals."
    )
    table = lesson_frame.experiment(
        "preprocessing-mistakes",
        [experiment_part(photos, network)],
        button=lambda left: "Measure accuracy",
        caption="Ten seconds on two idle cores.",
        draw=draw,
    )
    if table is not None:
        lesson_frame.download(
            table.assign(letter=[LETTERS[order.index(one)] for one in table["mistake"]]), "preprocessing-mistakes"
        )


def experiment_part(photos: "LabelledPhotos", arch: str) -> lesson_frame.ExperimentPart:
    """Return the measurement of all mistakes with this network."""
    from core.lessons.experiments import photos_input
    from core.lessons.preprocessing import VERSION

    return lesson_frame.ExperimentPart(
        {"version": VERSION, "photos": photos.digest, "arch": arch}, partial(photos_input, photos)
    )


Clue = tuple[Image.Image, list[list[float]], list[float], list[tuple[str, float]]]


def _clue(predictor: "Predictor", image: Image.Image, digest: str, mistake: "Mistake") -> Clue:
    return _cached_clue(predictor, image, f"{predictor.name} {digest}", mistake)


@st.cache_data(max_entries=32, show_spinner=False)
def _cached_clue(_predictor: "Predictor", _image: Image.Image, key: str, mistake: "Mistake") -> Clue:
    """Return the input as a picture, its three histograms with their edges, and the network's predictions."""
    from core.lessons.preprocessing import input_as_picture, logits_of, network_input

    x = network_input(_predictor.preprocessing, _image, mistake)
    values = x.numpy()
    edges = np.linspace(min(0.0, float(values.min())), max(1.0, float(values.max())), 49)
    counts = [np.histogram(channel, edges)[0].tolist() for channel in values]
    answers = _predictor.ranked(_predictor.softmax(logits_of(_predictor, [x]))[0], 4)
    return input_as_picture(_predictor.preprocessing, x), counts, edges.tolist(), list(answers.ranked)


def _round() -> int:
    return int(st.session_state.get("mystery-round", 0))


def _order() -> "list[Mistake]":
    """Return the mistake behind each letter; it stays the same in a browser tab until it is shuffled."""
    from core.lessons.preprocessing import MISTAKES

    if "mystery-seed" not in st.session_state:
        st.session_state["mystery-seed"] = random.randrange(2**31)
    return random.Random(st.session_state["mystery-seed"]).sample(MISTAKES, len(MISTAKES))


def _guessed(letter: str, mistake: str) -> None:
    """Mark a found letter; a callback, because the letters are drawn above the radio buttons."""
    if st.session_state[f"mystery-guess-{_round()}-{letter}"] == mistake:
        st.session_state["mystery-found"].add(letter)


def _shuffle() -> None:
    st.session_state["mystery-seed"] = random.randrange(2**31)
    st.session_state["mystery-round"] = _round() + 1
    st.session_state["mystery-found"] = set()
    st.session_state["mystery-letter"] = LETTERS[0]

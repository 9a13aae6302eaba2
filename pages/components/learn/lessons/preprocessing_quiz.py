"""The game of the preprocessing lesson: five inputs of a network, four of them made wrongly; which is which?"""

import random
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from core.data.pictures.decoding import content_hash
from pages.components.learn import lesson_frame
from pages.components.learn.lessons.preprocessing_charts import accuracy_of_mysteries, histogram
from pages.components.learn.lessons.preprocessing_photos import frozen, network_here, sample_birds
from pages.components.shared import charts, frame
from pages.components.shared.charts import Ink

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.preprocessing import Labelled, Mistake
    from core.lessons.result_cache import Computing

LETTERS = "ABCDE"
NAMES: dict[str, str] = {
    "right": "nothing, it is right",
    "swapped": "blue and red are swapped",
    "not normalized": "not normalized: numbers from 0 to 1",
    "bytes": "not normalized: numbers from 0 to 255",
    "twice": "normalized twice",
}
SIGNS: dict[str, str] = {
    "right": "Values lie around 0 with a spread near 1, and the picture looks as it should.",
    "swapped": "The values lie as they should, so the histogram alone hardly tells. But what is red in the photo is "
    "blue here: some libraries read blue first.",
    "not normalized": "All values lie between 0 and 1, where a spread of several units is usual: to the network the "
    "photo is a pale gray mist.",
    "bytes": "The values go up to 255. Read as normalized ones they are all far brighter than white.",
    "twice": "The values reach much further below 0 than they should: each channel was shifted and stretched twice, "
    "and the shadows are lost in black.",
}


def play(name: str, image: Image.Image, predictor: "Predictor", colors: Ink) -> None:
    """The mysteries, the clues to each, and the pupil's guesses."""
    st.markdown(
        "The same photo reached the network in five ways. One is right; in four of them the program that read the "
        "photo made a mistake, and no error was raised. The clues: the input drawn as a picture, its numbers, what the "
        "network answers, and how often it is right about the sample birds. What was done to each?"
    )
    _clues(name, image, predictor, colors)
    _accuracy(colors)


@frame.fragment()
def _clues(name: str, image: Image.Image, predictor: "Predictor", colors: Ink) -> None:
    order = _order()
    found: set[str] = st.session_state.setdefault("mystery-found", set())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        letter = str(
            st.segmented_control(
                "Mystery",
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
            caption="The input, drawn as if it were right",
            alt=f"What the network is given of {name} in mystery {letter}",
        )
        st.plotly_chart(
            histogram(counts, edges, colors),
            key="mystery-histogram",
            config={"displayModeBar": False},
            alt=f"Histogram of the input's three channels, from {edges[0]:.1f} to {edges[-1]:.1f}",
        )
        with st.container():
            st.markdown("What the network answers")
            st.plotly_chart(
                charts.probability_bars(ranked, colors),
                key="mystery-answers",
                config={"displayModeBar": False},
                alt="The likeliest: " + ", ".join(f"{one} {charts.percent(share)}" for one, share in ranked),
            )
    guess = st.radio(
        f"**What is wrong with {letter}?**", list(NAMES), index=None, key=f"mystery-guess-{_round()}-{letter}",
        format_func=NAMES.__getitem__, persist_state="page", on_change=_guessed, args=(letter, mistake),
    )  # fmt: skip
    if guess == mistake:
        st.success(f"Yes: {NAMES[mistake]}. {SIGNS[mistake]}", icon=":material/check_circle:")
    elif guess is not None:
        st.warning("Not that. Compare the numbers with those of the other letters.", icon=":material/visibility:")
    if len(found) == len(LETTERS):
        st.markdown("All five are found.")
    with st.popover("Show the solution", icon=":material/key:"):
        for one, made in zip(LETTERS, order, strict=True):
            st.markdown(f"**{one}**: {NAMES[made]}. {SIGNS[made]}")


def _accuracy(colors: Ink) -> None:
    """How often the network is right under each mistake, under the letters of the game."""
    from core.lessons import preprocessing

    network = network_here()
    if network is None:
        return
    photos = sample_birds()
    order = _order()

    def draw(table: pd.DataFrame) -> None:
        ranked = table.set_index("mistake").loc[list(order)].reset_index()
        st.plotly_chart(
            accuracy_of_mysteries(ranked, LETTERS, len(set(photos.labels)), colors),
            key="mystery-accuracy",
            config={"displayModeBar": False},
            alt="Accuracy on the sample birds for each mystery, with intervals",
        )

    st.markdown("**How often it is right about the sample birds**")
    st.caption(
        f"A linear head on the frozen {network} has learned from right inputs of four fifths of {len(photos.paths)} "
        f"bird photos, and is asked about the last fifth, where the mistake is made; {preprocessing.FOLDS} times in "
        "turn. Lines are 95% intervals."
    )
    table = lesson_frame.experiment(
        "preprocessing-mistakes",
        [
            lesson_frame.Part(
                {"version": preprocessing.VERSION, "photos": photos.digest, "arch": network},
                partial(_mistakes, photos, network),
            )
        ],
        button=lambda left: "Ask about the birds",
        promise="Ten seconds on two cores.",
        draw=draw,
    )
    if table is not None:
        lesson_frame.download(
            table.assign(letter=[LETTERS[order.index(one)] for one in table["mistake"]]), "preprocessing-mistakes"
        )


def _mistakes(photos: "Labelled", arch: str) -> "Computing":
    from core.lessons.preprocessing import mistakes_compared

    return mistakes_compared(photos, frozen(arch))


Clue = tuple[Image.Image, list[list[float]], list[float], list[tuple[str, float]]]


def _clue(predictor: "Predictor", image: Image.Image, digest: str, mistake: "Mistake") -> Clue:
    return _kept_clue(predictor, image, f"{predictor.name} {digest}", mistake)


@st.cache_data(max_entries=32, show_spinner=False)
def _kept_clue(_predictor: "Predictor", _image: Image.Image, told: str, mistake: "Mistake") -> Clue:
    """The input as a picture, its three histograms with their edges, and the network's answers."""
    from core.lessons.preprocessing import drawn_back, given, logits_of

    x = given(_predictor.preprocessing, _image, mistake)
    values = x.numpy()
    edges = np.linspace(min(0.0, float(values.min())), max(1.0, float(values.max())), 49)
    counts = [np.histogram(channel, edges)[0].tolist() for channel in values]
    answers = _predictor.ranked(_predictor.softmax(logits_of(_predictor, [x]))[0], 4)
    return drawn_back(_predictor.preprocessing, x), counts, edges.tolist(), list(answers.ranked)


def _round() -> int:
    return int(st.session_state.get("mystery-round", 0))


def _order() -> "list[Mistake]":
    """Which mistake each letter stands for: the same for a tab until it is shuffled."""
    from core.lessons.preprocessing import MISTAKES

    if "mystery-seed" not in st.session_state:
        st.session_state["mystery-seed"] = random.randrange(2**31)
    return random.Random(st.session_state["mystery-seed"]).sample(MISTAKES, len(MISTAKES))


def _guessed(letter: str, mistake: str) -> None:
    """A callback, as the letters above the radio carry the marks."""
    if st.session_state[f"mystery-guess-{_round()}-{letter}"] == mistake:
        st.session_state["mystery-found"].add(letter)


def _shuffle() -> None:
    st.session_state["mystery-seed"] = random.randrange(2**31)
    st.session_state["mystery-round"] = _round() + 1
    st.session_state["mystery-found"] = set()
    st.session_state["mystery-letter"] = LETTERS[0]

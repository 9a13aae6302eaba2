"""Lesson: three ways to make a photo a square, and what they and four mistakes cost a network."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from PIL import Image, ImageDraw

from core.data.pictures.decoding import content_hash
from pages.components.explain.loaded_model import predictor_for
from pages.components.learn import lesson_frame
from pages.components.learn.lessons.preprocessing_charts import accuracy_by_shape, accuracy_of_modes
from pages.components.learn.lessons.preprocessing_photos import frozen, network_here, of_project, sample_birds
from pages.components.learn.lessons.preprocessing_quiz import play
from pages.components.shared import frame
from pages.components.shared.charts import Ink, percent
from pages.components.shared.pickers import IMAGENET
from pages.components.shared.wording import counted, plain

if TYPE_CHECKING:
    from core.data.pictures.transforms import Preprocessing
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.preprocessing import Labelled, Mode
    from core.lessons.result_cache import Computing

TITLES = {"crop": "Center crop", "squash": "Squash", "letterbox": "Letterbox"}
SHAPES: dict[str, float | None] = {"as it is": None, "1:1": 1.0, "3:2": 1.5, "2:1": 2.0, "3:1": 3.0}
BIRDS = "Sample birds"
CLEAR = 0.01
"""Below this p a difference is called clear: there are eight of them, so 1 in 20 would not do."""


def show(colors: Ink) -> None:
    st.markdown(
        "A network takes squares of one size; photos have all shapes. *Center crop* makes the short side fit and cuts "
        "off the far ends. *Squash* keeps all and bends the shapes. *Letterbox* keeps all and the shapes, but the "
        "photo becomes smaller and gray bars fill the rest. Then each channel gets the mean and the spread of the "
        "photos that the network learned from."
    )
    st.markdown("#### Three ways to a square")
    chosen = lesson_frame.photo("preprocessing")
    predictor = predictor_for(IMAGENET)
    if chosen is not None:
        _three_ways(chosen[0], chosen[1], predictor, colors)
    st.markdown("#### Which way is right more often?")
    _accuracies(colors)
    st.markdown("#### Find the mistake")
    if predictor is None:
        st.info("The game needs the pretrained network too.")
    elif chosen is not None:
        play(chosen[0], chosen[1], predictor, colors)
    lesson_frame.question(
        "preprocessing",
        "A photo is three times as wide as it is high, and what matters stands at its left end. "
        "Which way shows the network nothing of it?",
        list(TITLES.values()),
        0,
        "Of a photo of 3:1 the center crop keeps less than a third, all of it from the middle: choose 3:1 above and "
        "see what is dark. Squash and letterbox keep the ends, each at its own price.",
    )


@frame.fragment()
def _three_ways(name: str, image: Image.Image, predictor: "Predictor | None", colors: Ink) -> None:
    """The photo with what is cut off, and the three views with the network's answers."""
    from core.data.pictures.transforms import Preprocessing
    from core.lessons.preprocessing import MODES, cut

    shape = st.segmented_control(
        "Shape of the photo",
        list(SHAPES),
        default="as it is",
        required=True,
        key="preprocessing-shape",
        help="Cuts the middle out of the photo, so wide to so high, before anything else. See what becomes of it.",
    )
    photo = cut(image, SHAPES[str(shape)])
    seen = predictor.preprocessing if predictor is not None else Preprocessing()
    answers = _answers(predictor, photo, content_hash(photo)) if predictor is not None else None
    with st.grid(4, min_column_width=150):
        with st.container():
            st.image(
                _shaded(photo, seen, colors),
                width="stretch",
                output_format="JPEG",
                caption=f"The photo, {photo.width} × {photo.height} pixels. Dark is what the center crop cuts off.",
                alt=f"{name}, with what the center crop cuts off in the dark",
            )
        for mode in MODES:
            with st.container():
                view = seen.model_copy(update={"mode": mode}).view(photo)
                st.image(
                    view,
                    width="stretch",
                    output_format="JPEG",
                    caption=f"{TITLES[mode]}: {_cost(mode, seen, photo.size)}",
                    alt=f"{name} as the network sees it by {TITLES[mode].lower()}",
                )
                if answers is not None:
                    st.markdown(_listed(answers[answers["mode"] == mode]))
    if answers is not None and predictor is not None:
        st.caption(
            f"Below each view: the likeliest of {len(predictor.classes):,} classes to {predictor.arch} with its "
            "ImageNet weights."
        )
        lesson_frame.download(answers, "preprocessing-answers")


def _accuracies(colors: Ink) -> None:
    from core.lessons import preprocessing

    network = network_here()
    if network is None:
        st.info("This figure needs the pretrained network, which is not on this computer yet.")
        return
    project = frame.project()
    source = BIRDS
    if project is not None:
        choices = [BIRDS, f"Project: {project.name}"]
        source = str(st.segmented_control("Photos", choices, default=BIRDS, required=True, key="preprocessing-source"))
    photos = sample_birds() if project is None or source == BIRDS else of_project(project)
    if photos is None:
        st.info(
            f"The figure needs a project with two classes or more of at least {preprocessing.FOLDS} photos outside its "
            "test part. Choose the sample birds."
        )
        return
    shapes = [shape for shape in SHAPES.values() if shape is not None] if source == BIRDS else [None]
    st.caption(
        (
            f"{counted(len(photos.paths), 'photo')} of five kinds of birds are squares, so here strips are cut out of "
            "their middle. "
            if source == BIRDS
            else f"{counted(len(photos.paths), 'photo')} of the project, as they are, without its test part. "
        )
        + f"The network itself stays as ImageNet made it ({network}, views of {preprocessing.SIDE} pixels). For each "
        f"way and shape a new linear head learns from four fifths of the photos and is asked about the last fifth, "
        f"{preprocessing.FOLDS} times in turn, so that each photo is answered once by a head that has never seen it."
    )

    def draw(table: pd.DataFrame) -> None:
        chart = accuracy_by_shape if source == BIRDS else accuracy_of_modes
        st.plotly_chart(
            chart(table, colors),
            key=f"preprocessing-{source}-{len(table)}",
            config={"displayModeBar": False},
            alt="Accuracy by mode and shape, with intervals",
        )

    table = lesson_frame.experiment(
        "preprocessing-modes",
        parts_of(photos, network, shapes),
        button=lambda left: "Measure it",
        promise="Half a minute on two cores." if source == BIRDS else "About ten seconds on two cores.",
        draw=draw,
    )
    if table is not None:
        st.markdown(_verdict(table))
        lesson_frame.download(table, "preprocessing-modes")


def parts_of(photos: "Labelled", arch: str, shapes: Sequence[float | None]) -> list[lesson_frame.Part]:
    """A comparison of the three ways for each shape."""
    from core.lessons.preprocessing import VERSION

    return [
        lesson_frame.Part(
            {"version": VERSION, "photos": photos.digest, "arch": arch, "shape": shape or 0.0},
            partial(_modes, photos, arch, shape),
        )
        for shape in shapes
    ]


def _modes(photos: "Labelled", arch: str, shape: float | None) -> "Computing":
    from core.lessons.preprocessing import modes_compared

    return modes_compared(photos, frozen(arch), shape)


@st.cache_data(max_entries=32, show_spinner=False)
def _answers(_predictor: "Predictor", _photo: Image.Image, digest: str) -> pd.DataFrame:
    """The three likeliest classes for each of the three views."""
    from core.lessons.preprocessing import MODES

    seen = _predictor.preprocessing
    views = [seen.model_copy(update={"mode": mode}).view(_photo) for mode in MODES]
    rows = [
        {"mode": mode, "rank": rank, "class": name, "probability": share}
        for mode, row in zip(MODES, _predictor.probabilities_of_views(views), strict=True)
        for rank, (name, share) in enumerate(_predictor.ranked(row, 3).ranked, start=1)
    ]
    return pd.DataFrame(rows)


def _listed(answers: pd.DataFrame) -> str:
    first, *others = (
        f"{plain(name)} {percent(share)}" for name, share in zip(answers["class"], answers["probability"], strict=True)
    )
    return "  \n".join([f"**{first}**", *others])


def _shaded(photo: Image.Image, seen: "Preprocessing", colors: Ink) -> Image.Image:
    """The photo, darkened where the center crop does not look."""
    from core.lessons.preprocessing import seen_by_crop

    shown = photo.copy()
    shown.thumbnail((720, 720))
    left, top, right, bottom = (round(edge) for edge in seen_by_crop(seen, shown.size))
    dark = Image.blend(shown, Image.new("RGB", shown.size, "#101615"), 0.72)
    dark.paste(shown.crop((left, top, right, bottom)), (left, top))
    ImageDraw.Draw(dark).rectangle((left, top, right - 1, bottom - 1), outline=colors.accent, width=4)
    return dark


def _cost(mode: "Mode", seen: "Preprocessing", size: tuple[int, int]) -> str:
    """What a way takes from a photo of this width and height, in numbers."""
    width, height = size
    ratio = max(size) / min(size)
    if mode == "crop":
        kept = (min(size) * seen.size / seen.resize) ** 2 / (width * height)
        return f"{kept:.0%} of the photo is seen."
    if mode == "squash":
        if ratio < 1.01:
            return "all of it is seen, and nothing is bent."
        return f"all of it is seen, {ratio:.1f} times too {'narrow' if width > height else 'wide'}."
    return f"all of it is seen, {1 - 1 / ratio:.0%} of the square is gray."


def _verdict(table: pd.DataFrame) -> str:
    """What the numbers say, shape by shape, and which differences are more than luck."""
    lines = ["| Width to height | " + " | ".join(TITLES.values()) + " |", "|---" * 4 + "|"]
    clear = []
    for shape, rows in table.groupby("shape", dropna=False):
        name = next((words for words, value in SHAPES.items() if value == shape), "as they are")
        cells = [f"{row['accuracy']:.0%}{_paired(row)}" for _, row in rows.iterrows()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
        clear += [
            f"{TITLES[row['mode']].lower()} at {name} ({'better' if row['gained'] > row['lost'] else 'worse'})"
            for _, row in rows.iterrows()
            if row["p_value"] < CLEAR
        ]
    found = f"Hardly luck (p under {CLEAR}): {', '.join(clear)}." if clear else (
        f"None of these differences is clear: luck alone could make each of them (no p is under {CLEAR})."
    )  # fmt: skip
    return "\n".join(lines) + (
        f"\n\nEach figure is of the same {int(table['n'].iloc[0])} photos; the lines above are 95% intervals. "
        "In brackets: how many of them this way has right and the center crop wrong, and the other way round; "
        f"p is how often luck alone makes so large a difference (McNemar's exact test). **{found}**"
    )


def _paired(row: pd.Series) -> str:
    if row["mode"] == "crop":
        return ""
    p = "p under 0.001" if row["p_value"] < 0.001 else f"p = {row['p_value']:.2g}"
    return f" (+{row['gained']} −{row['lost']}, {p})"

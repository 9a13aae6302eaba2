"""Lesson on preprocessing: three ways to make a photo square, four mistakes, and what they cost in accuracy."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from PIL import Image, ImageDraw

from core.data.pictures.decoding import content_hash
from core.models.zoo import network_name
from pages.components.explain.loaded_model import predictor_for
from pages.components.glossary.terms import explained
from pages.components.learn import lesson_frame
from pages.components.learn.lesson_question import question
from pages.components.learn.lessons.preprocessing_charts import accuracy_by_shape, accuracy_of_modes
from pages.components.learn.lessons.preprocessing_photos import (
    available_network,
    labelled_birds,
    project_photos,
)
from pages.components.learn.lessons.preprocessing_quiz import show_quiz
from pages.components.learn.level_text import at_level
from pages.components.learn.texts import preprocessing as texts
from pages.components.shared import frame
from pages.components.shared.charts import Palette, percent
from pages.components.shared.pickers import IMAGENET
from pages.components.shared.wording import counted, plain

if TYPE_CHECKING:
    from core.data.pictures.transforms import Preprocessing
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.preprocessing import LabelledPhotos, Mode

TITLES = {"crop": "Centre crop", "squash": "Squash", "letterbox": "Letterbox"}
SHAPES: dict[str, float | None] = {"original": None, "1:1": 1.0, "3:2": 1.5, "2:1": 2.0, "3:1": 3.0}
BIRDS = "Sample birds"
SHIPPED_NETWORK = "resnet18"
NO_WEIGHTS = "To measure it yourself, this computer needs ImageNet weights. Download them on the home page."
CLEAR = 0.01
"""A difference is called clear below this p-value: with eight comparisons, 0.05 would be too lenient."""


def show(colors: Palette) -> None:
    st.markdown(at_level(texts.INTRODUCTION), help=explained("preprocessing", "normalisation"))
    st.markdown("### Three ways to make a photo square")
    chosen = lesson_frame.photo("preprocessing")
    predictor = predictor_for(IMAGENET)
    if chosen is not None:
        _three_ways(chosen[0], chosen[1], predictor, colors)
    st.markdown("### Which way gives the best accuracy?")
    _accuracies(colors)
    st.markdown("### Find the mistake")
    if predictor is None:
        st.info("This game also needs the pretrained network.")
    elif chosen is not None:
        show_quiz(chosen[0], chosen[1], predictor, colors)
    question("preprocessing", texts.QUESTION, texts.CHOICES)


@frame.fragment()
def _three_ways(name: str, image: Image.Image, predictor: "Predictor | None", colors: Palette) -> None:
    """Show the photo with the part that is cut off, and the three views with the network's predictions."""
    from core.data.pictures.transforms import Preprocessing
    from core.lessons.preprocessing import MODES, crop_to_ratio

    shape = st.segmented_control(
        "Shape of the photo",
        list(SHAPES),
        default="original",
        required=True,
        key="preprocessing-shape",
        help="First crops the photo to this ratio of width to height. See what each way makes of it.",
    )
    photo = crop_to_ratio(image, SHAPES[str(shape)])
    seen = predictor.preprocessing if predictor is not None else Preprocessing()
    answers = _answers(predictor, photo, content_hash(photo)) if predictor is not None else None
    with st.grid(4, min_column_width=150):
        with st.container():
            st.image(
                _shaded(photo, seen, colors),
                width="stretch",
                output_format="JPEG",
                caption=f"The photo, {photo.width} × {photo.height} pixels. The centre crop cuts off the dark area.",
                alt=f"{name}; the area that the centre crop cuts off is dark",
            )
        for mode in MODES:
            with st.container():
                view = seen.model_copy(update={"mode": mode}).view(photo)
                st.image(
                    view,
                    width="stretch",
                    output_format="JPEG",
                    caption=f"{TITLES[mode]}: {_cost(mode, seen, photo.size)}",
                    alt=f"{name} as the network sees it with {TITLES[mode].lower()}",
                )
                if answers is not None:
                    st.markdown(_listed(answers[answers["mode"] == mode]))
    if answers is not None and predictor is not None:
        st.caption(
            f"Below each view: the three most probable of {len(predictor.classes):,} classes, predicted by "
            f"{network_name(predictor.arch)} with ImageNet weights."
        )
        lesson_frame.download(answers, "preprocessing-answers")


def _accuracies(colors: Palette) -> None:
    from core.lessons import preprocessing

    network = available_network()
    project = frame.project()
    source = BIRDS
    if project is not None:
        choices = [BIRDS, f"Project: {project.name}"]
        source = str(st.segmented_control("Photos", choices, default=BIRDS, required=True, key="preprocessing-source"))
    photos = labelled_birds() if project is None or source == BIRDS else project_photos(project)
    if photos is None:
        st.info(
            f"This figure needs a project with two or more classes, each with at least {preprocessing.FOLDS} photos "
            "outside the test set. Choose the sample birds."
        )
        return
    shapes = [shape for shape in SHAPES.values() if shape is not None] if source == BIRDS else [None]
    st.caption(
        (
            f"{counted(len(photos.paths), 'photo')} of five classes of birds. They are square, so strips are cut from "
            "their centre. "
            if source == BIRDS
            else f"{counted(len(photos.paths), 'photo')} of the project, uncropped, without its test set. "
        )
        + f"The network is frozen (ImageNet weights, inputs of {preprocessing.SIDE} pixels). "
        f"For each way and shape, a new linear head trains on four fifths of the photos and predicts the last fifth, "
        f"{preprocessing.FOLDS} times in turn ({preprocessing.FOLDS}-fold cross-validation). So every photo is "
        "predicted once by a head that has never seen it."
    )

    def draw(table: pd.DataFrame) -> None:
        chart = accuracy_by_shape if source == BIRDS else accuracy_of_modes
        missing = len(shapes) - table["shape"].nunique(dropna=False)
        note = f" {counted(missing, 'shape')} not measured yet." if missing else ""
        st.markdown(f"**{network_name(table['arch'].iloc[0])}, {plain(source)}.**{note}")
        st.plotly_chart(
            chart(table, colors),
            key=f"preprocessing-{source}-{len(table)}",
            config={"displayModeBar": False},
            alt="Accuracy by preprocessing and shape, with 95% intervals",
        )

    table = lesson_frame.experiment(
        "preprocessing-modes",
        experiment_parts(photos, network or SHIPPED_NETWORK, shapes),
        button=lambda left: "Measure accuracy",
        caption="Half a minute on two idle cores." if source == BIRDS else "About ten seconds on two idle cores.",
        draw=draw,
        unavailable="" if network else NO_WEIGHTS,
    )
    if table is not None:
        st.markdown(_results_table(table))
        lesson_frame.download(table, "preprocessing-modes")


def experiment_parts(
    photos: "LabelledPhotos", arch: str, shapes: Sequence[float | None]
) -> list[lesson_frame.ExperimentPart]:
    """Return a comparison of the three ways for each shape."""
    from core.lessons.experiments import photos_input
    from core.lessons.preprocessing import VERSION

    return [
        lesson_frame.ExperimentPart(
            {"version": VERSION, "photos": photos.digest, "arch": arch, "shape": shape or 0.0},
            partial(photos_input, photos),
        )
        for shape in shapes
    ]


@st.cache_data(max_entries=32, show_spinner=False)
def _answers(_predictor: "Predictor", _photo: Image.Image, digest: str) -> pd.DataFrame:
    """Return the three most probable classes for each of the three views."""
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


def _shaded(photo: Image.Image, seen: "Preprocessing", colors: Palette) -> Image.Image:
    """Darken the part of the photo that the centre crop cuts off."""
    from core.lessons.preprocessing import crop_box

    shown = photo.copy()
    shown.thumbnail((720, 720))
    left, top, right, bottom = (round(edge) for edge in crop_box(seen, shown.size))
    dark = Image.blend(shown, Image.new("RGB", shown.size, "#101615"), 0.72)
    dark.paste(shown.crop((left, top, right, bottom)), (left, top))
    ImageDraw.Draw(dark).rectangle((left, top, right - 1, bottom - 1), outline=colors.accent, width=4)
    return dark


def _cost(mode: "Mode", seen: "Preprocessing", size: tuple[int, int]) -> str:
    """Say what a way costs for a photo of this width and height, in numbers."""
    width, height = size
    ratio = max(size) / min(size)
    if mode == "crop":
        kept = (min(size) * seen.size / seen.resize) ** 2 / (width * height)
        return f"the network sees {kept:.0%} of the photo."
    if mode == "squash":
        if ratio < 1.01:
            return "the network sees all of it, undistorted."
        return f"the network sees all of it, {ratio:.1f} times too {'narrow' if width > height else 'wide'}."
    return f"the network sees all of it, and {1 - 1 / ratio:.0%} of the square is grey."


def _results_table(table: pd.DataFrame) -> str:
    """Return the accuracies by shape as a Markdown table, and which differences are more than chance."""
    lines = ["| Width : height | " + " | ".join(TITLES.values()) + " |", "|---" * 4 + "|"]
    clear = []
    for shape, rows in table.groupby("shape", dropna=False):
        name = next((words for words, value in SHAPES.items() if value == shape), "original")
        cells = [f"{row['accuracy']:.0%}{_paired(row)}" for _, row in rows.iterrows()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
        clear += [
            f"{TITLES[row['mode']].lower()} at {name} ({'better' if row['gained'] > row['lost'] else 'worse'})"
            for _, row in rows.iterrows()
            if row["p_value"] < CLEAR
        ]
    found = f"Unlikely to be chance (p < {CLEAR}): {', '.join(clear)}." if clear else (
        f"None of these differences is clear: each could be chance (no p < {CLEAR})."
    )  # fmt: skip
    return "\n".join(lines) + (
        f"\n\nAll accuracies are for the same {int(table['n'].iloc[0])} photos; error bars are 95% intervals. In "
        "brackets: how many photos only this way predicts correctly (+) and only the centre crop (−); p is the "
        f"probability of a difference at least this large by chance (McNemar's exact test). **{found}**"
    )


def _paired(row: pd.Series) -> str:
    if row["mode"] == "crop":
        return ""
    p = "p < 0.001" if row["p_value"] < 0.001 else f"p = {row['p_value']:.2g}"
    return f" (+{row['gained']} −{row['lost']}, {p})"

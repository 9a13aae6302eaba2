"""Lesson on data augmentation: what it does to one photo, and to a training run."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st
from PIL import Image, ImageDraw

from pages.components.glossary.terms import explained
from pages.components.learn import lesson_frame
from pages.components.learn.lesson_question import question
from pages.components.learn.lessons.augmentation_curves import MEASURES, description, panel
from pages.components.learn.level_text import at_level
from pages.components.learn.texts import augmentation as texts
from pages.components.shared import frame
from pages.components.shared.charts import Palette
from pages.components.shared.wording import counted

DRAWS = 16
SIDE = 160
GAP = 6

STARTS = {"imagenet": "ImageNet weights", "none": "Random weights"}
LEVELS = ("none", "light", "standard")
RUNS = {"One": (0,), "Two": (0, 1)}
AREA, STRETCH, SHIFT, DEGREES, COLOR, MIRROR = (
    f"augmentation-{name}" for name in ("area", "stretch", "shift", "degrees", "color", "mirror")
)


def show(colors: Palette) -> None:
    st.markdown(at_level(texts.INTRODUCTION), help=explained("epoch", "overfitting", "validation set"))
    _one_photo(colors)
    st.markdown("### Training with and without augmentation")
    _runs(colors)


@frame.fragment()
def _one_photo(colors: Palette) -> None:
    """Show sixteen augmented versions of a photo; a fragment, so that a slider redraws nothing else."""
    with st.spinner("Loading the transforms…"):
        from core.data.pictures import transforms  # noqa: F401 - imports torch, which takes seconds the first time
    with st.container(horizontal=True, vertical_alignment="bottom"):
        photo = lesson_frame.photo("augmentation")
        level = st.segmented_control(
            "Level",
            LEVELS,
            default="standard",
            required=True,
            format_func=str.capitalize,
            key="augmentation-level",
            on_change=_take_level,
            help="The three augmentation levels of a run. Each sets the sliders, which you can then move.",
        )
        st.button(
            "Draw again",
            icon=":material/casino:",
            key="augmentation-again",
            on_click=_next_seed,
            help="New random numbers, same strength: what the next sixteen epochs would see.",
        )
    if AREA not in st.session_state:
        _set_sliders(str(level))
    _sliders()
    if photo is None:
        return
    name, image = photo
    sheet, marked, drawn = _augmented(image, colors)
    with st.container(horizontal=True, key="augmentation-pictures"):
        with st.container(width=240):
            st.image(
                marked,
                width="stretch",
                output_format="JPEG",
                caption="The photo and the sixteen crops taken from it",
                alt=f"{name} with the outlines of sixteen crops",
            )
        with st.container(width=560):
            st.image(
                sheet,
                width="stretch",
                output_format="JPEG",
                caption="What the network sees in sixteen epochs",
                alt=f"Sixteen augmented versions of {name}",
            )
    lesson_frame.download(drawn, "augmentation-draws")


def _sliders() -> None:
    with st.grid(3, min_column_width=150):
        st.slider(
            "Crop area",
            10,
            100,
            key=AREA,
            format="%d%%",
            help="The area of each crop lies between these two values, as a share of the largest square in the photo. "
            "Small crops show enlarged parts: a wing, an eye.",
        )
        st.slider(
            "Aspect ratio",
            1.0,
            2.0,
            step=0.01,
            key=STRETCH,
            format="%.2f",
            help="A crop may be up to this many times as wide as high, or as high as wide. It is then resized to a "
            "square, so shapes become narrower or wider.",
        )
        st.slider(
            "Shift",
            0,
            100,
            key=SHIFT,
            format="%d%%",
            help="How far the centre of a crop may be from the centre of the photo, as a share of the short side. "
            "At 0% all crops have the same centre.",
        )
        st.slider(
            "Rotation",
            0,
            180,
            key=DEGREES,
            format="±%d°",
            help="Corners outside the photo are filled with grey. Ask yourself: would you still give the photo the "
            "same label if it were upside down?",
        )
        st.slider(
            "Colour",
            0,
            90,
            key=COLOR,
            format="±%d%%",
            help="Changes brightness, contrast and saturation by up to this much, like different weather or a "
            "different camera. The hue stays the same.",
        )
        with st.container(height="stretch", vertical_alignment="center"):
            st.toggle(
                "Mirror",
                key=MIRROR,
                help="Swaps left and right in half of the versions. A bird stays a bird; a letter does not.",
            )


def _augmented(image: Image.Image, colors: Palette) -> tuple[Image.Image, Image.Image, pd.DataFrame]:
    """Return the sheet of augmented versions, the photo with their outlines, and a table of their parameters."""
    from core.data.pictures.transforms import Augmentation, Preprocessing, variations

    state = st.session_state
    low, high = state[AREA]
    augmentation = Augmentation(
        area=(low / 100, high / 100),
        stretch=state[STRETCH],
        shift=state[SHIFT] / 100,
        degrees=float(state[DEGREES]),
        color=state[COLOR] / 100,
        mirror=0.5 if state[MIRROR] else 0.0,
    )
    preprocessing = Preprocessing(size=SIDE, resize=round(SIDE * 256 / 224))
    copy = preprocessing.training_copy(image)
    drawn = variations(copy, augmentation, preprocessing, DRAWS, seed=state.get("augmentation-seed", 0))
    across = 4
    side = across * SIDE + (across - 1) * GAP
    sheet = Image.new("RGB", (side, side), colors.paper)
    for place, (_, picture) in enumerate(drawn):
        row, column = divmod(place, across)
        sheet.paste(picture, (column * (SIDE + GAP), row * (SIDE + GAP)))
    # Twice the size, so that the outlines are fine lines.
    marked = copy.resize((2 * copy.width, 2 * copy.height), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(marked)
    for one, _ in drawn:
        corners = (one.left, one.top, one.left + one.width, one.top + one.height)
        pen.rectangle([2 * corner for corner in corners], outline="#ffffff", width=2)
    return sheet, marked, pd.DataFrame([vars(one) for one, _ in drawn])


def _runs(colors: Palette) -> None:
    from core.lessons import augmentation
    from core.lessons.sample_birds import bird_snapshot
    from core.models.weights_table import available

    here = available("resnet18") is not None
    with st.container(horizontal=True):
        weights = st.segmented_control(
            "Initial weights",
            list(STARTS),
            default="imagenet" if here else "none",
            required=True,
            format_func=STARTS.__getitem__,
            key="augmentation-weights",
        )
        measure = st.segmented_control("Show", list(MEASURES), default="accuracy", required=True,
            format_func=str.capitalize, key="augmentation-measure",
        )  # fmt: skip
        runs_each = st.segmented_control(
            "Runs per level",
            list(RUNS),
            default="One",
            required=True,
            key="augmentation-runs",
            help="Repeat the same runs with another random seed, to see how much the results vary.",
        )
    seeds = RUNS[str(runs_each)]
    fetching = "" if here or weights == "none" else " The weights of ResNet-18 (47 MB) are downloaded first."
    counts = bird_snapshot().counts().sum()
    recipe = augmentation.recipe_for(str(weights), "none", 0)
    st.caption(description(recipe, int(counts["train"]), int(counts["val"]), len(seeds)))

    def draw(runs: pd.DataFrame) -> None:
        st.markdown(shown_runs(runs, str(weights), len(seeds)))
        with st.grid(3, min_column_width=220):
            for level in augmentation.LEVELS:
                of_level = runs[runs["level"] == level]
                if len(of_level):
                    st.plotly_chart(
                        panel(of_level, str(measure), colors),
                        # Streamlit rejects two identical figures in one run, so the key names the part.
                        key=f"augmentation-{level}-{len(runs)}",
                        config={"displayModeBar": False},
                        alt=f"Training and validation {measure} over the epochs, augmentation level {level}",
                    )

    runs = lesson_frame.experiment(
        f"augmentation-{weights}",
        experiment_parts(str(weights), seeds),
        button=lambda left: f"Train {counted(left, 'network')}",
        caption=f"{runs_each} {'run' if len(seeds) == 1 else 'runs'} per level: about "
        f"{'a minute' if len(seeds) > 1 else 'half a minute'} on two idle cores.{fetching}",
        draw=draw,
    )
    if runs is None:
        return
    ends = augmentation.last_epochs(runs)
    _show_results(ends)
    lesson_frame.download(runs, f"augmentation-{weights}")
    question(f"augmentation-{weights}", texts.QUESTION, texts.choices(dict(ends["gap"]), dict(ends["val_accuracy"])))


def shown_runs(runs: pd.DataFrame, weights: str, seeds: int) -> str:
    """Say which runs the panels show, and which of the chosen ones are not trained yet."""
    trained = runs.groupby("level")["seed"].nunique().reindex(LEVELS, fill_value=0)
    missing = [
        f"{level} ({counted(seeds - count, 'run')})" if seeds > 1 else str(level)
        for level, count in trained.items()
        if count < seeds
    ]
    note = f" Not trained yet: {', '.join(missing)}." if missing else ""
    return f"**{STARTS[weights]}, {counted(seeds, 'run')} per level.**{note}"


def experiment_parts(weights: str, seeds: Sequence[int]) -> list[lesson_frame.ExperimentPart]:
    """Return a run for each level, then again for each level with the next seed."""
    from core.lessons.augmentation import LEVELS, VERSION
    from core.lessons.experiments import snapshot_input
    from core.lessons.sample_birds import bird_snapshot

    snapshot = bird_snapshot()
    return [
        lesson_frame.ExperimentPart(
            {"version": VERSION, "photos": snapshot.digest, "weights": weights, "level": level, "seed": seed},
            partial(snapshot_input, snapshot),
        )
        for seed in seeds
        for level in LEVELS
    ]


def _show_results(ends: pd.DataFrame) -> None:
    """Describe the results after the last epoch in words."""
    lines = [
        f"**{level}**: training {row['train_accuracy']:.0%}, validation {row['val_accuracy']:.0%}, "
        f"a gap of {100 * abs(row['gap']):.0f} points"
        for level, row in ends.iterrows()
    ]
    half = 50 * (ends["val_high"] - ends["val_low"]).max()
    st.markdown(f"After the last epoch, {'; '.join(lines)}.")
    st.caption(at_level(texts.uncertainty(half)), help=explained("confidence interval"))


def _take_level() -> None:
    _set_sliders(st.session_state["augmentation-level"])


def _next_seed() -> None:
    st.session_state["augmentation-seed"] = st.session_state.get("augmentation-seed", 0) + 1


def _set_sliders(level: str) -> None:
    from core.data.pictures.transforms import AUGMENTATIONS, Augmentation, Preprocessing

    view = Preprocessing()
    share = (view.size / view.resize) ** 2
    # Without augmentation every version is the centre crop used in evaluation.
    one = AUGMENTATIONS[level] or Augmentation(area=(share, share), stretch=1.0, shift=0.0, mirror=0.0)
    st.session_state[AREA] = (round(100 * one.area[0]), round(100 * one.area[1]))
    st.session_state[STRETCH] = round(one.stretch, 2)
    st.session_state[SHIFT] = round(100 * one.shift)
    st.session_state[DEGREES] = round(one.degrees)
    st.session_state[COLOR] = round(100 * one.color)
    st.session_state[MIRROR] = one.mirror > 0

"""Lesson: what augmentation does to one photo, and to a training."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st
from PIL import Image, ImageDraw

from pages.components.learn import lesson_frame
from pages.components.learn.lessons.augmentation_curves import MEASURES, panel, told
from pages.components.shared import frame
from pages.components.shared.charts import Ink
from pages.components.shared.wording import counted

DRAWS = 16
SIDE = 160
GAP = 6

STARTS = {"imagenet": "ImageNet weights", "none": "Random numbers"}
LEVELS = ("none", "light", "standard")
RUNS = {"One": (0,), "Two": (0, 1)}
AREA, STRETCH, SHIFT, DEGREES, COLOR, MIRROR = (
    f"augmentation-{name}" for name in ("area", "stretch", "shift", "degrees", "color", "mirror")
)


def show(colors: Ink) -> None:
    st.markdown(
        "A network sees each training photo once in every epoch. *Augmentation* changes the photo a little each time, "
        "at random, in ways that leave its class alone: another crop, the mirror image, other light. So the same photo "
        "is never quite the same again, and learning it by heart pays less. Validation photos are never changed."
    )
    _one_photo(colors)
    st.markdown("#### The same training with it and without it")
    _trainings(colors)


@frame.fragment()
def _one_photo(colors: Ink) -> None:
    """Sixteen draws of a photo; as a fragment, so that a slider redraws nothing else."""
    with st.spinner("Loading what draws …"):
        from core.data.pictures import transforms  # noqa: F401 - brings torch, which takes seconds the first time
    with st.container(horizontal=True, vertical_alignment="bottom"):
        photo = lesson_frame.photo("augmentation")
        level = st.segmented_control(
            "Begin with",
            LEVELS,
            default="standard",
            required=True,
            key="augmentation-level",
            on_change=_take_level,
            help="The three levels that a training here can have. Each sets the sliders; then move them.",
        )
        st.button(
            "Draw again",
            icon=":material/casino:",
            key="augmentation-again",
            on_click=_next_seed,
            help="Other random numbers, the same strength: what the next sixteen epochs would see.",
        )
    if AREA not in st.session_state:
        _set_sliders(str(level))
    _sliders()
    if photo is None:
        return
    name, image = photo
    sheet, marked, drawn = _drawn(image, colors)
    with st.container(horizontal=True, key="augmentation-pictures"):
        with st.container(width=240):
            st.image(
                marked,
                width="stretch",
                output_format="JPEG",
                caption="The photo, and the sixteen windows that were cut out of it",
                alt=f"{name} with the outlines of sixteen windows",
            )
        with st.container(width=560):
            st.image(
                sheet,
                width="stretch",
                output_format="JPEG",
                caption="What the network sees of it in sixteen epochs",
                alt=f"Sixteen random variations of {name}",
            )
    lesson_frame.download(drawn, "augmentation-draws")


def _sliders() -> None:
    with st.grid(3, min_column_width=150):
        st.slider(
            "Crop: share of the square",
            10,
            100,
            key=AREA,
            format="%d%%",
            help="Each window has an area between these two, as a share of the largest square in the photo. "
            "Small windows show parts, large: a wing, an eye.",
        )
        st.slider(
            "Stretch",
            1.0,
            2.0,
            step=0.01,
            key=STRETCH,
            format="%.2f",
            help="The window may be so many times as wide as high, or as high as wide. It becomes a square, so shapes "
            "get wider or narrower.",
        )
        st.slider(
            "Shift",
            0,
            100,
            key=SHIFT,
            format="%d%%",
            help="How far the window's middle may lie from the photo's, as a share of the short side. "
            "At 0% all windows have the same middle.",
        )
        st.slider(
            "Rotation",
            0,
            180,
            key=DEGREES,
            format="±%d°",
            help="The corners that turn in from outside are filled with gray. Ask yourself: would you still give it "
            "the same name, upside down?",
        )
        st.slider(
            "Color",
            0,
            90,
            key=COLOR,
            format="±%d%%",
            help="Brightness, contrast and saturation are each multiplied by up to so much more or less, like other "
            "weather and another camera. Hue stays.",
        )
        with st.container(height="stretch", vertical_alignment="center"):
            st.toggle(
                "Mirror half of them", key=MIRROR, help="Left becomes right. A bird stays a bird; a letter does not."
            )


def _drawn(image: Image.Image, colors: Ink) -> tuple[Image.Image, Image.Image, pd.DataFrame]:
    """The sheet of draws, the photo with their windows, and their numbers."""
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


def _trainings(colors: Ink) -> None:
    from core.lessons import augmentation
    from core.lessons.birds import birds
    from core.models.weights_table import available

    here = available("resnet18") is not None
    with st.container(horizontal=True):
        weights = st.segmented_control(
            "Begin from",
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
            "Runs of each",
            list(RUNS),
            default="One",
            required=True,
            key="augmentation-runs",
            help="The same trainings again with other random numbers, to see how much of the result is luck.",
        )
    seeds = RUNS[str(runs_each)]
    fetching = "" if here or weights == "none" else " The weights of ResNet-18 are fetched first (47 MB)."
    counts = birds().counts().sum()
    recipe = augmentation.recipe_of(str(weights), "none", 0)
    st.caption(told(recipe, int(counts["train"]), int(counts["val"]), len(seeds)))

    def draw(runs: pd.DataFrame) -> None:
        with st.grid(3, min_column_width=220):
            for level in augmentation.LEVELS:
                of_level = runs[runs["level"] == level]
                if len(of_level):
                    st.plotly_chart(
                        panel(of_level, str(measure), colors),
                        # A figure that did not change since the last part would be taken for a double.
                        key=f"augmentation-{level}-{len(runs)}",
                        config={"displayModeBar": False},
                        alt=f"Training and validation {measure} over the epochs, augmentation {level}",
                    )

    runs = lesson_frame.experiment(
        f"augmentation-{weights}",
        parts_of(str(weights), seeds),
        button=lambda left: f"Train {counted(left, 'network')}",
        promise=f"{runs_each} without augmentation, {str(runs_each).lower()} with light and "
        f"{str(runs_each).lower()} with standard: about {'a minute' if len(seeds) > 1 else 'half a minute'} on two "
        f"quiet cores.{fetching}",
        draw=draw,
    )
    if runs is None:
        return
    ends = augmentation.at_the_end(runs)
    _said(ends)
    lesson_frame.download(runs, f"augmentation-{weights}")
    nearest = str(ends["gap"].abs().idxmin())
    lesson_frame.question(
        f"augmentation-{weights}",
        "In which trainings do training and validation accuracy lie closest together at the end?",
        [f"{level} augmentation" if level != "none" else "no augmentation" for level in ends.index],
        list(ends.index).index(nearest),
        f"The gap is {100 * abs(ends['gap'][nearest]):.0f} points there, and "
        f"{100 * abs(ends['gap']['none']):.0f} without augmentation. What the training photos gained beyond the others "
        "was learned by heart. A smaller gap alone is no success: look at the validation accuracy too, which is "
        f"{ends['val_accuracy'][nearest]:.0%} there and {ends['val_accuracy']['none']:.0%} without.",
    )


def parts_of(weights: str, seeds: Sequence[int]) -> list[lesson_frame.Part]:
    """A training for each level, then for each again with the next seed."""
    from core.lessons.augmentation import LEVELS, VERSION, recipe_of, training
    from core.lessons.birds import birds

    snapshot, cache = birds(), frame.workspace().cache / "resized"
    return [
        lesson_frame.Part(
            {"version": VERSION, "photos": snapshot.digest, "weights": weights, "level": level, "seed": seed},
            partial(training, snapshot, recipe_of(weights, level, seed), cache),
        )
        for seed in seeds
        for level in LEVELS
    ]


def _said(ends: pd.DataFrame) -> None:
    """The figures at the end in words, as they came out."""
    lines = [
        f"**{level}**: training {row['train_accuracy']:.0%}, validation {row['val_accuracy']:.0%}, "
        f"a gap of {100 * abs(row['gap']):.0f} points"
        for level, row in ends.iterrows()
    ]
    half = 50 * (ends["val_high"] - ends["val_low"]).max()
    st.markdown(f"After the last epoch, {'; '.join(lines)}.")
    st.caption(
        f"The validation figure of one run is uncertain by about {half:.0f} points either way (95% interval), since it "
        "rests on so few photos; two levels that differ by less may differ by luck. Training accuracy is counted on "
        "the changed photos while the network still learns, so hard changes alone make it lower."
    )


def _take_level() -> None:
    _set_sliders(st.session_state["augmentation-level"])


def _next_seed() -> None:
    st.session_state["augmentation-seed"] = st.session_state.get("augmentation-seed", 0) + 1


def _set_sliders(level: str) -> None:
    from core.data.pictures.transforms import AUGMENTATIONS, Augmentation, Preprocessing

    view = Preprocessing()
    share = (view.size / view.resize) ** 2
    # Without augmentation each draw is the window of evaluation.
    one = AUGMENTATIONS[level] or Augmentation(area=(share, share), stretch=1.0, shift=0.0, mirror=0.0)
    st.session_state[AREA] = (round(100 * one.area[0]), round(100 * one.area[1]))
    st.session_state[STRETCH] = round(one.stretch, 2)
    st.session_state[SHIFT] = round(100 * one.shift)
    st.session_state[DEGREES] = round(one.degrees)
    st.session_state[COLOR] = round(100 * one.color)
    st.session_state[MIRROR] = one.mirror > 0

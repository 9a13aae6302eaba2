"""Previews of a photo as the network sees it: data augmentation, resize modes, learning-rate schedule."""

import io
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.store.store import ImageFilter, ImageRow, Project
from core.training.choices import CHOICES
from core.training.recipe import Recipe
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.train.rate_schedule import schedule_figure

DRAWS = 6
SIDE = 150


@dataclass(frozen=True)
class Placeholders:
    """Containers of the form for the previews; None for those that are hidden."""

    augmented: DeltaGenerator
    resized: DeltaGenerator | None = None
    schedule: DeltaGenerator | None = None


def draw_previews(project: Project, recipe: Recipe, placeholders: Placeholders) -> None:
    """Fill the placeholders. The first call takes a few seconds because it loads torch."""
    photo = _photo(project)
    path = str(frame.store().image_path(photo.hash))
    with placeholders.augmented:
        skeleton = st.empty()
        skeleton.skeleton(height=SIDE)
        strip = _preview_jpegs(path, photo.filename, recipe.augmentation, recipe.mode)
        skeleton.empty()
        cards = [WallPhoto(str(place), picture, "", f"epoch {place + 1}") for place, picture in enumerate(strip)]
        wall(cards, key="preview-changes", side=118)
        st.button("Show another photo", on_click=_another_photo, icon=":material/casino:", key="another-photo")
    if placeholders.resized is not None:
        with placeholders.resized:
            cards = [WallPhoto("whole", frame.store().thumbnail_path(photo.hash), "The photo")]
            for mode in CHOICES["mode"]:
                picture = _preview_jpegs(path, photo.filename, "none", mode, draws=1)[0]
                cards.append(WallPhoto(mode, picture, mode.capitalize(), muted=mode != recipe.mode))
            wall(cards, key="preview-squares", side=66)
    if placeholders.schedule is not None:
        figure = schedule_figure(recipe, palette(frame.is_dark()))
        placeholders.schedule.plotly_chart(
            figure, key="planned-rate", config={"displayModeBar": False}, alt="Planned learning rate"
        )


def _photo(project: Project) -> ImageRow:
    """Return the photo for the previews: the project's first, or another after each click."""
    place = st.session_state.get("preview-photo", 0) % frame.store().count(project.id)
    return frame.store().images(project.id, ImageFilter(), offset=place, limit=1)[0]


def _another_photo() -> None:
    # A prime step: the next photo is then probably of another class.
    st.session_state["preview-photo"] = st.session_state.get("preview-photo", 0) + 37


@st.cache_data(max_entries=64, show_spinner=False)
def _preview_jpegs(path: str, name: str, augmentation: str, mode: str, draws: int = DRAWS) -> list[bytes]:
    from core.data.pictures.decoding import decode
    from core.data.pictures.transforms import preview

    recipe = Recipe.model_construct(augmentation=augmentation, mode=mode, size=224)
    pictures = preview(decode(Path(path), name).image, recipe, draws=draws)
    encoded = []
    for picture in pictures:
        stream = io.BytesIO()
        picture.resize((SIDE, SIDE)).save(stream, "JPEG", quality=88)
        encoded.append(stream.getvalue())
    return encoded

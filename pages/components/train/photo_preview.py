"""What the network will see of a photo: its random changes in training, and the ways to make it a square."""

import io
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.store.store import ImageFilter, ImageRow, Project
from core.training.choices import CHOICES
from core.training.recipe import Recipe
from pages.components.shared import frame
from pages.components.shared.charts import ink
from pages.components.shared.photos import WallPhoto, wall
from pages.components.train.rate_schedule import planned

DRAWS = 6
SIDE = 150


@dataclass(frozen=True)
class Places:
    """Where in the form the pictures belong; None for those that are not shown."""

    changes: DeltaGenerator
    squares: DeltaGenerator | None = None
    schedule: DeltaGenerator | None = None


def draw(project: Project, recipe: Recipe, places: Places) -> None:
    """Fill the places; the first time that takes some seconds, because torch is loaded."""
    photo = _photo(project)
    path = str(frame.store().image_path(photo.hash))
    with places.changes:
        waiting = st.empty()
        waiting.skeleton(height=SIDE)
        strip = _variations(path, photo.filename, recipe.augmentation, recipe.mode)
        waiting.empty()
        cards = [WallPhoto(str(place), picture, "", f"epoch {place + 1}") for place, picture in enumerate(strip)]
        wall(cards, key="preview-changes", side=118)
        st.button("Another photo", on_click=_another_photo, icon=":material/casino:", key="another-photo")
    if places.squares is not None:
        with places.squares:
            cards = [WallPhoto("whole", frame.store().thumbnail_path(photo.hash), "The photo")]
            for mode in CHOICES["mode"]:
                picture = _variations(path, photo.filename, "none", mode, draws=1)[0]
                cards.append(WallPhoto(mode, picture, mode.capitalize(), faint=mode != recipe.mode))
            wall(cards, key="preview-squares", side=66)
    if places.schedule is not None:
        figure = planned(recipe, ink(frame.is_dark()))
        places.schedule.plotly_chart(figure, key="planned-rate", config={"displayModeBar": False}, alt="Planned rate")


def _photo(project: Project) -> ImageRow:
    """The photo that the previews are made of: the first of the project, or the next one at each press."""
    place = st.session_state.get("preview-photo", 0) % frame.store().count(project.id)
    return frame.store().images(project.id, ImageFilter(), offset=place, limit=1)[0]


def _another_photo() -> None:
    # A step that shares no factor with usual class sizes, so that the next photo is likely of another class.
    st.session_state["preview-photo"] = st.session_state.get("preview-photo", 0) + 37


@st.cache_data(max_entries=64, show_spinner=False)
def _variations(path: str, name: str, augmentation: str, mode: str, draws: int = DRAWS) -> list[bytes]:
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

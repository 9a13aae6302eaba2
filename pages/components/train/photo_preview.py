"""Previews of a photo as the network sees it: data augmentation, resize modes, learning-rate schedule."""

import io
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from core.data.pictures.box import Box
from core.data.store.store import ImageFilter, ImageRow, Project
from core.features.views import MIRRORED, ORIGINAL, view_names, view_pixels
from core.training.choices import CHOICES
from core.training.recipe import Recipe
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.train.rate_schedule import schedule_figure

DRAWS = 6
SIDE = 150
Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class Placeholders:
    """Containers of the form for the previews; None for those that are hidden."""

    augmented: DeltaGenerator
    resized: DeltaGenerator | None = None
    schedule: DeltaGenerator | None = None
    rate: DeltaGenerator | None = None
    """For the learning-rate finder."""


def draw_previews(project: Project, recipe: Recipe, placeholders: Placeholders) -> None:
    """Fill the placeholders. The first call takes a few seconds because it loads torch."""
    photo = _photo(project)
    path = str(frame.store().image_path(photo.hash))
    box = _box(project, photo)
    with placeholders.augmented:
        skeleton = st.empty()
        skeleton.skeleton(height=SIDE)
        views = kept_views(recipe)[:DRAWS]
        if views and box is None:
            pictures = _view_jpegs(path, photo.filename, photo.hash, views, recipe.mode)
            strip: list[tuple[bytes, Corners | None]] = [(picture, None) for picture in pictures]
            captions = [view_caption(view) for view in views]
        else:
            strip = _preview_jpegs(path, photo.filename, recipe.augmentation, recipe.mode, box)
            captions = [f"epoch {place + 1}" for place in range(len(strip))]
        skeleton.empty()
        cards = [
            WallPhoto(str(place), picture, "", caption, size=(SIDE, SIDE), boxes=(found,) if found else ())
            for place, ((picture, found), caption) in enumerate(zip(strip, captions, strict=True))
        ]
        wall(cards, key="preview-changes", side=118)
        if views and box is None:
            st.caption(views_sentence(len(kept_views(recipe))))
        st.button("Show another photo", on_click=_another_photo, icon=":material/casino:", key="another-photo")
    if placeholders.resized is not None:
        with placeholders.resized:
            cards = [WallPhoto("whole", frame.store().thumbnail_path(photo.hash), "The photo")]
            for mode in CHOICES["mode"]:
                ((picture, found),) = _preview_jpegs(path, photo.filename, "none", mode, box, draws=1)
                boxes = (found,) if found else ()
                cards.append(
                    WallPhoto(
                        mode, picture, mode.capitalize(), muted=mode != recipe.mode, size=(SIDE, SIDE), boxes=boxes
                    )
                )
            wall(cards, key="preview-squares", side=66)
    if placeholders.schedule is not None:
        figure = schedule_figure(recipe, palette(frame.is_dark()))
        placeholders.schedule.plotly_chart(
            figure, key="planned-rate", config={"displayModeBar": False}, alt="Planned learning rate"
        )


def kept_views(recipe: Recipe) -> tuple[str, ...]:
    """Return the views that are computed once and kept for training; empty where each epoch draws new ones."""
    drawn_anew = recipe.train in ("all", "staged") or not recipe.views
    on_images = recipe.mixup or recipe.cutmix or recipe.random_erasing
    return () if drawn_anew or on_images else view_names(recipe.views, recipe.augmentation)


def view_caption(view: str) -> str:
    """Return the words for a view."""
    return {ORIGINAL: "the photo", MIRRORED: "mirrored"}.get(view, f"crop {view.rsplit('-', 1)[-1]}")


def views_sentence(count: int) -> str:
    """Say that only these views are used, and how to change that."""
    if count == 1:
        return "The frozen layers compute each photo once, as it is."
    return (
        f"The frozen layers compute these {count} views of each photo once. More views, or 0 for new ones in every "
        "epoch, are under More settings."
    )


def _photo(project: Project) -> ImageRow:
    """Return the photo for the previews: the first, or another after each click; with boxes, one that has a box."""
    number = st.session_state.get("preview-photo", 0)
    if project.task == "localization":
        store = frame.store()
        boxed = _boxed_photos(str(store.workspace.root), project.id, store.revision(project.id))
        if boxed:
            return store.image(project.id, boxed[number % len(boxed)])
    place = number % frame.store().count(project.id)
    return frame.store().images(project.id, ImageFilter(), offset=place, limit=1)[0]


@st.cache_data(max_entries=32, show_spinner=False)
def _boxed_photos(root: str, project_id: int, revision: int) -> list[int]:
    """Return the ids of the photos with a box."""
    return sorted(frame.store().boxes(project_id))


def _box(project: Project, photo: ImageRow) -> Box | None:
    """Return the box that training uses: the largest of the photo; None in a classification."""
    if project.task != "localization":
        return None
    boxes = frame.store().boxes(project.id, [photo.id]).get(photo.id, [])
    largest = max(boxes, key=lambda box: box.width * box.height, default=None)
    return Box(largest.x, largest.y, largest.width, largest.height) if largest else None


def _another_photo() -> None:
    # A prime step: the next photo is then probably of another class.
    st.session_state["preview-photo"] = st.session_state.get("preview-photo", 0) + 37


@st.cache_data(max_entries=64, show_spinner=False)
def _preview_jpegs(
    path: str, name: str, augmentation: str, mode: str, box: Box | None, draws: int = DRAWS
) -> list[tuple[bytes, Corners | None]]:
    """Return what the network sees, as JPEGs, each with the box: left, top, width and height in pixels of the JPEG."""
    from core.data.pictures.box_augmentation import preview_boxed
    from core.data.pictures.decoding import decode
    from core.data.pictures.transforms import preview

    recipe = Recipe.model_construct(augmentation=augmentation, mode=mode, size=224)
    image = decode(Path(path), name).image
    if box is None:
        return [(_jpeg(picture), None) for picture in preview(image, recipe, draws=draws)]
    found: list[tuple[bytes, Corners | None]] = []
    for picture, (left, top, right, bottom) in preview_boxed(image, box, recipe, draws=draws):
        scale = SIDE / picture.width
        found.append((_jpeg(picture), (left * scale, top * scale, (right - left) * scale, (bottom - top) * scale)))
    return found


@st.cache_data(max_entries=64, show_spinner=False)
def _view_jpegs(path: str, name: str, content_hash: str, views: tuple[str, ...], mode: str) -> list[bytes]:
    """Return the kept views of a photo, as JPEGs."""
    from core.data.pictures.network_input.preprocessing import Preprocessing
    from core.data.pictures.resized_cache import ResizedCache
    from core.data.pictures.source import Source

    cache = ResizedCache(None, Preprocessing(mode=mode))  # type: ignore[arg-type]
    source = Source(content_hash, Path(path), name)
    return [_jpeg(Image.fromarray(view_pixels(cache, source, view))) for view in views[:DRAWS]]


def _jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.resize((SIDE, SIDE)).save(stream, "JPEG", quality=88)
    return stream.getvalue()

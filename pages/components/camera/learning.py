"""Train while collecting: new photos get their vectors at once, the head refits, and the camera is answered."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import streamlit as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.data.pictures.source import Source
from core.data.store.store import Project
from core.errors import ImageRefused
from core.features.vectors import default_vectors
from pages.components.annotate.suggest_state import instant_model
from pages.components.camera.posted_pictures import Picture, camera_picture
from pages.components.shared import frame

if TYPE_CHECKING:
    from core.inspection.suggesting.picture_vectors import PictureVectors

MOST_BARS = 8
NAME = "The camera's picture"
log = logging.getLogger(__name__)


class LookMessage(BaseModel):
    """One picture of the camera that is to be answered and not kept."""

    model_config = ConfigDict(frozen=True)

    token: Annotated[str, Field(max_length=40)]
    number: Annotated[int, Field(ge=1)]
    picture: Picture


@dataclass
class Look:
    """The newest answer to the camera."""

    number: int = 0
    bars: tuple[tuple[str, float], ...] = ()
    words: str = ""


def can_learn() -> bool:
    """Return whether the pretrained network is there, from which the head learns."""
    return default_vectors(frame.workspace()) is not None


def learn(project: Project, image_ids: Sequence[int]) -> None:
    """Compute the vectors of new photos and request a refit of the head."""
    model, computed = instant_model(project.id), _computed(project)
    if model is None or computed is None:
        return
    rows = [frame.store().image(project.id, number) for number in image_ids]
    try:
        computed.keep([Source(row.hash, frame.store().path_of(row), row.filename) for row in rows])
    except (ImageRefused, OSError) as error:  # the background process of the suggestions tries again, and says so
        log.warning("the vectors of new photos could not be kept: %s", error)
    model.ask()


def look_at(project: Project, raw: Any, token: str, before: Look) -> Look:
    """Return the head's answer to a picture as the browser posted it; ``before`` if it is not from our script."""
    try:
        message = LookMessage.model_validate(raw)
    except ValidationError:
        return before
    if message.token != token or message.number <= before.number:
        return before
    try:
        picture = camera_picture(message.picture, NAME)
    except ImageRefused as error:
        return Look(message.number, words=str(error))
    model, computed = instant_model(project.id), _computed(project)
    if model is None or computed is None:
        return Look(message.number, words="The pretrained network is not there any more. Reload the page.")
    found = model.answer(computed.of(picture))
    if found is None:
        if model.fresh and not model.failed:  # the features of photos from before come by and by
            model.ask()
        words = "The answer starts when each class has at least two photos, and their features are computed."
        return Look(message.number, words=words)
    classes, probabilities = found
    bars = [(name, float(share)) for name, share in zip(classes, probabilities[0], strict=True)]
    if len(bars) > MOST_BARS:
        bars = sorted(bars, key=lambda one: -one[1])[:MOST_BARS]
    return Look(message.number, tuple(bars))


def _computed(project: Project) -> "PictureVectors | None":
    """Return what computes the vectors of the kind that this project's suggestions are made from."""
    model = instant_model(project.id)
    if model is None:
        return None
    hashes = _Hashes(project)
    return _opened(str(frame.workspace().root), model.vectors.name, hashes)


@dataclass(frozen=True)
class _Hashes:
    """Gives the hashes of a project's photos, where somebody asks for them."""

    project: Project

    def __call__(self) -> list[str]:
        return [one.hash for one in frame.store().image_labels(self.project.id)]


@st.cache_resource(max_entries=1, show_spinner=False)
def _opened(root: str, name: str, _hashes: _Hashes) -> "PictureVectors | None":
    from core.inspection.suggesting.picture_vectors import picture_vectors

    return picture_vectors(frame.workspace(), _hashes)

"""The photo that is covered: the model's view of it, and its answer without a patch, remembered between moves."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from core.data.pictures.decoding import content_hash
from core.inspection.covering.answers import Answer
from core.inspection.explaining.explanation import colored
from pages.components.explain.photo_source import ChosenPhoto

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor


@dataclass(frozen=True)
class CoverPhoto:
    """A photo as a model sees it."""

    predictor: "Predictor"
    photo: ChosenPhoto
    reference: str
    """Of the predictor's model: a run of the workspace, or the ImageNet model."""
    id: str
    """Identifies the photo in the browser."""
    key: str
    """Says on which photo and model everything depends."""

    @classmethod
    def of(cls, predictor: "Predictor", photo: ChosenPhoto, reference: str) -> "CoverPhoto":
        content = content_hash(photo.image)
        return cls(predictor, photo, reference, content, f"{reference} {predictor.version} {content}")

    @property
    def alt(self) -> str:
        return f"The photo {self.photo.name} as the model sees it"

    def view(self) -> Image.Image:
        """Return the network's input image."""
        return _view(self.predictor, self.photo, self.key)

    def sharp(self) -> Image.Image:
        """Return the same part of the photo with more pixels, for people."""
        return _sharp(self.predictor, self.photo, self.key)

    def picture(self) -> bytes:
        """Return what people see as a JPEG file."""
        return _jpeg(self.predictor, self.photo, self.key)

    def before(self) -> Answer:
        """Return the answer without a patch."""
        return _before(self.predictor, self.photo, self.key)

    def heated(self, heatmap: np.ndarray, opacity: float = 0.55) -> Image.Image:
        """Return the photo with a heatmap over it."""
        sharp = self.sharp()
        return Image.blend(sharp, colored(heatmap).resize(sharp.size, Image.Resampling.BILINEAR), opacity)


@st.cache_data(max_entries=12, show_spinner=False)
def _view(_predictor: "Predictor", _photo: ChosenPhoto, key: str) -> Image.Image:
    return _predictor.view(_photo.image)


@st.cache_data(max_entries=12, show_spinner=False)
def _sharp(_predictor: "Predictor", _photo: ChosenPhoto, key: str) -> Image.Image:
    return _predictor.sharp_view(_photo.image)


@st.cache_data(max_entries=12, show_spinner=False)
def _jpeg(_predictor: "Predictor", _photo: ChosenPhoto, key: str) -> bytes:
    stream = io.BytesIO()
    _sharp(_predictor, _photo, key).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@st.cache_data(max_entries=12, show_spinner=False)
def _before(_predictor: "Predictor", _photo: ChosenPhoto, key: str) -> Answer:
    from core.inspection.covering.answers import answers

    return answers(_predictor, [_view(_predictor, _photo, key)])[0]

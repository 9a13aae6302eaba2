"""What a visitor asks, and what needs the network for the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL.Image import Image

from core.data.limited.photos import decoded_photo
from core.errors import DataError
from core.inspection.explaining.cam import explain
from core.inspection.explaining.explanation import Explanation
from core.inspection.predicting.predictions import Prediction
from core.inspection.predicting.predictor import Predictor

PREDICTED_CLASS = -1

Question = tuple[str | None, str, str, int]  # the photo's file, the method, the stage, the class


@dataclass
class Visit:
    """A visitor's latest question with its answer, and the opacity of the heatmap."""

    question: Question | None = None
    explanation: Explanation | None = None
    opacity: float = 0.5


@dataclass(frozen=True)
class Computing:
    """What needs the network; a Space on ZeroGPU runs it in another process than the page."""

    predict: Callable[[Image], Prediction]
    explain: Callable[[Image, str, str, int | None], Explanation]


def predict_image(predictor: Predictor, image: Image) -> Prediction:
    return predictor.predict([image])[0]


def explain_image(predictor: Predictor, image: Image, method: str, stage: str, target: int | None) -> Explanation:
    return explain(predictor, image, method=method, stage=stage, target=target)


def decoded(path: str | None) -> Image:
    """Return the upright photo of a file from a stranger, decoded in a process with limits of memory and time."""
    if path is None:
        raise DataError("There is no photo. Choose one.")
    return decoded_photo(Path(path), "The photo").image


def explained(computing: Computing, path: str | None, method: str, stage: str, target: int) -> Explanation:
    return computing.explain(decoded(path), method, stage, None if target == PREDICTED_CLASS else target)

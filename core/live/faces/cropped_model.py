"""A model that sees only the largest face of a frame, or its eyes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.data.pictures.box import Box
from core.live.faces.crops import Crop, cropped, crops_in
from core.live.session import Seen

if TYPE_CHECKING:
    from core.live.frame_model import FrameAnswer, FrameModel


@dataclass(frozen=True)
class CroppedAnswer:
    """What was seen of one frame."""

    answer: "FrameAnswer | None"
    """None if no face was found."""
    crops: tuple[Box, ...]
    """Where the model looked, in pixels of the frame; empty for the whole picture and if no face was found."""


def answer_crop(model: "FrameModel", frame: Image.Image, at: float, crop: Crop) -> CroppedAnswer:
    """Answer the crop of an upright RGB frame. Of two eyes, the mean of both probabilities is the answer.

    It is "none of these" only if both are.
    """
    if crop == "whole":
        return CroppedAnswer(model.answer(frame, at), ())
    crops = tuple(crops_in(frame, crop))
    if not crops:
        return CroppedAnswer(None, ())
    answers = [model.answer(one, at) for one in cropped(frame, crops)]
    if len(answers) == 1:
        return CroppedAnswer(answers[0], crops)
    mean = np.mean([one.seen.probabilities for one in answers], axis=0)
    seen = Seen(at, mean, all(one.seen.foreign for one in answers))
    return CroppedAnswer(type(answers[0])(seen), crops)

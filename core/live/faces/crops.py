"""Where a frame is cropped for the model: the largest face, or its eyes, with some margin.

The crops are squares with upright sides. A model should have been trained on such crops: `python -m core crop-faces`
makes them of photos.
"""

from collections.abc import Sequence
from typing import Literal

from PIL import Image

from core.data.pictures.box import Box
from core.errors import DataError
from core.live.faces.detector import Face, face_detector

Crop = Literal["whole", "face", "eyes"]
CROPS: tuple[Crop, ...] = ("whole", "face", "eyes")
FACE_MARGIN = 1.4
"""The side of a face's crop, in longer sides of its box: with hair, chin and ears."""
EYE_SIDE = 0.8
"""The side of an eye's crop, in distances of the eyes: with the eyebrow, as usual photos of single eyes show it."""
EYE_SHARE = 0.3
"""At least this share of the face's width: seen from the side, the eyes come close together."""
EYE_RISE = 0.08
"""How far an eye's crop is moved up, in its sides, for the eyebrow."""
LEAST_SIDE = 24
"""Pixels of a crop. Smaller ones show too little to answer."""


def checked_crop(name: str, task: str) -> Crop:
    """Return the crop of that name for a model's task. Raises DataError for an unknown one, and for boxes."""
    found = next((one for one in CROPS if one == name), None)
    if found is None:
        raise DataError(f'There is no crop "{name}". Choose one of: {", ".join(CROPS)}.')
    if found != "whole" and task == "localization":
        raise DataError("This model finds boxes in whole pictures. Face and eye crops are for classification.")
    return found


def crops_in(image: Image.Image, crop: Crop) -> list[Box]:
    """Return where the frame is cropped, in whole pixels inside it: one face, or one or two eyes.

    Empty if no face is found or if it is too small.
    """
    if crop == "whole":
        return [Box(0, 0, *image.size)]
    faces = face_detector().faces(image)
    if not faces:
        return []
    squares = [_square_of_face(faces[0])] if crop == "face" else _squares_of_eyes(faces[0], image.size)
    inside = [_inside(one, image.size) for one in squares]
    return [one for one in inside if min(one.width, one.height) >= LEAST_SIDE]


def cropped(image: Image.Image, crops: Sequence[Box]) -> list[Image.Image]:
    """Return the crops of a picture."""
    return [
        image.crop((round(one.x), round(one.y), round(one.x + one.width), round(one.y + one.height))) for one in crops
    ]


def _square_of_face(face: Face) -> Box:
    box = face.box
    return _square(box.x + box.width / 2, box.y + box.height / 2, FACE_MARGIN * max(box.width, box.height))


def _squares_of_eyes(face: Face, size: tuple[int, int]) -> list[Box]:
    (right_x, right_y), (left_x, left_y) = face.eyes
    apart = ((right_x - left_x) ** 2 + (right_y - left_y) ** 2) ** 0.5
    side = max(EYE_SIDE * apart, EYE_SHARE * face.box.width)
    inside = [(x, y) for x, y in face.eyes if 0 <= x < size[0] and 0 <= y < size[1]]
    return [_square(x, y - EYE_RISE * side, side) for x, y in inside]


def _square(x: float, y: float, side: float) -> Box:
    return Box(x - side / 2, y - side / 2, side, side)


def _inside(square: Box, size: tuple[int, int]) -> Box:
    """Return the square in whole pixels, made as small as the picture and moved into it."""
    width, height = size
    side = max(1, round(min(square.width, width, height)))
    middle_x, middle_y = square.x + square.width / 2, square.y + square.height / 2
    left = min(max(round(middle_x - side / 2), 0), width - side)
    top = min(max(round(middle_y - side / 2), 0), height - side)
    return Box(left, top, side, side)

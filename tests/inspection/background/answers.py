"""Results with answers made by hand, for tests of figures, words and pages."""

import base64
import io
from collections.abc import Sequence
from typing import Any

from PIL import Image

from core.inspection.background.result import Answer, Background, Example, PhotoAnswers
from core.inspection.background.variants import BACKGROUND, BLURRED, MASKED, ORIGINAL, OTHER, SAME

SURE = 0.9


def photo(
    label: int,
    name: str,
    *,
    original: int | None = None,
    same: int | None = None,
    other: int | None = None,
    alone: int | None = None,
    other_from: int | None = None,
    probability: float = SURE,
) -> PhotoAnswers:
    """Return a photo with these answers; by default it is right in all variants."""
    own = {ORIGINAL: original, BLURRED: original, MASKED: original, SAME: same, OTHER: other, BACKGROUND: alone}
    answers = {
        variant: Answer(index=label if index is None else index, probability=probability)
        for variant, index in own.items()
    }
    if other_from is None:
        answers.pop(OTHER)
    return PhotoAnswers(
        image=name.ljust(64, "0"),
        filename=f"{name}.png",
        label=label,
        area=0.25,
        same_from=0,
        other_from=other_from,
        answers=answers,
    )


def background(photos: Sequence[PhotoAnswers], classes: Sequence[str] = ("owl", "duck"), **changes: Any) -> Background:
    """Return a result of these photos."""
    values = {"key": "", "region": "boxes", "classes": tuple(classes), "available": len(photos), **changes}
    return Background(photos=tuple(photos), **values)


def example(place: int, one: PhotoAnswers) -> Example:
    """Return an example with a small picture for each variant."""
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), (90, 120, 60)).save(stream, "JPEG")
    picture = base64.b64encode(stream.getvalue()).decode()
    return Example(photo=place, pictures=dict.fromkeys(one.answers, picture))


def shortcut_answers(count: int = 40, follow: int = 30) -> Background:
    """Return photos in two classes of which so many are right everywhere until they follow a swapped background."""
    photos = []
    for place in range(count):
        label = place % 2
        follows = place < follow
        photos.append(
            photo(
                label,
                f"{place:03d}",
                other=1 - label if follows else label,
                alone=label if follows else 1 - label,
                other_from=(place + 1) % count,
            )
        )
    return background(photos)

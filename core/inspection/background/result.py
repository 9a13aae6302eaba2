"""The result of changed backgrounds: what the model answers to each photo in each variant, and the shown examples."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import RunError
from core.file_replacement import replace_patiently
from core.inspection.background.variants import ORIGINAL, OTHER, SAME, VARIANTS
from core.inspection.measuring.report import Count, Share
from core.storage_errors import storage_error

VERSION = 1
"""Of the way in which results are computed: those of another version are not shown."""
_MOST_BYTES = 100_000_000


class _Figures(BaseModel):
    """Part of a result. Results are read back from disk, so every field has bounds."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Answer(_Figures):
    """The class that is the likeliest for one view, by its index, with its probability."""

    index: Count
    probability: Share


class PhotoAnswers(_Figures):
    """A photo with the answers to its variants; those that need another photo lack where there is none."""

    image: str
    """The content hash."""
    filename: str
    label: Count
    """The index of the true class."""
    area: Share
    """How much of the view counts as the object."""
    same_from: Count | None = None
    """The place of the photo that gave the background of the same class."""
    other_from: Count | None = None
    answers: dict[str, Answer]

    def right(self, variant: str) -> bool:
        """Whether the answer to a variant, which it must have, is the true class."""
        return self.answers[variant].index == self.label


class LeftOut(_Figures):
    """A photo that was not used, and why: half a sentence."""

    filename: str
    reason: str


class Example(_Figures):
    """A photo to look at: its place, and a JPEG of each variant in base64."""

    photo: Count
    pictures: dict[str, str]


class Background(_Figures):
    """All answers; the figures are counted from them in ``figures``."""

    schema_version: int = 1
    key: str
    """Says all that the answers depend on besides the number of photos."""
    region: Literal["boxes", "hot", "centre"]
    classes: tuple[str, ...] = Field(min_length=2)
    available: Count
    """The validation photos; if there were more than wanted, some were drawn."""
    photos: tuple[PhotoAnswers, ...]
    left_out: tuple[LeftOut, ...] = ()
    examples: tuple[Example, ...] = ()
    model: str = ""
    seconds: Annotated[float, Field(ge=0)] = 0.0
    created: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        classes, photos = len(self.classes), len(self.photos)
        for one in self.photos:
            donors = [place for place in (one.same_from, one.other_from) if place is not None]
            indices = [one.label, *(answer.index for answer in one.answers.values())]
            if max(indices) >= classes or any(place >= photos for place in donors) or ORIGINAL not in one.answers:
                raise ValueError("an answer or a donor is out of range")
            if (SAME in one.answers and one.same_from is None) or (OTHER in one.answers and one.other_from is None):
                raise ValueError("a background is of no photo")
            if not VARIANTS.keys() >= one.answers.keys():
                raise ValueError("an answer is to no variant")
        for shown in self.examples:
            if shown.photo >= photos or not self.photos[shown.photo].answers.keys() >= shown.pictures.keys():
                raise ValueError("an example is of no photo or no answer")
            for picture in shown.pictures.values():
                base64.b64decode(picture, validate=True)
        return self

    def write(self, path: Path) -> None:
        """Write the result as JSON, whole or not at all. Raises RunError, StorageError."""
        part = path.with_name(path.name + ".part")
        try:
            part.write_text(self.model_dump_json(), encoding="utf-8")
            replace_patiently(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise storage_error(error, "the result could not be saved") or RunError(
                f"The result could not be saved as {path} ({error.strerror}). The run may have been deleted."
            ) from error

    @classmethod
    def read(cls, path: Path) -> Background:
        """Read what ``write`` wrote. Raises RunError if the file is missing or no result."""
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError("the file is too large")
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValueError, ValidationError, RecursionError) as error:
            raise RunError(f"{path} is not a readable result. Compute it again to replace it.") from error

"""What is shared with a class, and its figures at that time."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["model", "project"]


class About(BaseModel):
    """The figures of what is shared, kept as they were when it was shared."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    task: Literal["classification", "localization"]
    classes: tuple[str, ...]
    photos: int = 0
    """Of a project: all. Of a model: those that it was trained on."""
    labelled: int = 0
    recipe: str = ""
    """Of a model, in short: "resnet50, imagenet, head"."""
    figure: str | None = None
    """Of a model: accuracy or mean_iou, on its validation photos."""
    value: float | None = None
    n: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Shared:
    """A copy of a model or project that somebody has shared with their class."""

    id: int
    class_id: int
    owner_id: int
    owner: str
    """The name of the pupil or group, or of the teacher."""
    kind: Kind
    name: str
    note: str
    folder: str
    """Below shared/ of the server."""
    copies: bool
    """Whether others may take a copy."""
    about: About
    created: float
    """In seconds since 1970."""

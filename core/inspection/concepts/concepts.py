"""The parts that a class is made of for a model: each shown by its strongest crops, with what it adds to the score."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from core.data.pictures.decoding import decode
from core.errors import ImageRefused
from core.inspection.concepts.factors import Head, factors_of, strongest_places
from core.progress import CountCallback

if TYPE_CHECKING:
    from core.data.pictures.source import Source
    from core.inspection.concepts.last_maps import LastMaps
    from core.inspection.predicting.predictor import Predictor

MOST_PHOTOS = 200
"""Whose maps are taken apart; of more, some are chosen evenly."""
MOST_CROPS = 6
CROP_PIXELS = 144
_PLACES = 2.5
"""The side of a crop in places of the map: what a place sees is wider than the place itself."""
_LEAST_SIDE = 0.3


@dataclass(frozen=True)
class Crop:
    """A part of a photo where a factor is strong."""

    picture: bytes = field(repr=False)
    """A JPEG file."""
    name: str
    """Of the photo."""


@dataclass(frozen=True)
class Concept:
    """One part: its crops, strongest first, and what it adds to the class's score on average."""

    crops: tuple[Crop, ...]
    adds: float
    share: float | None
    """Of the mean score minus the bias; None where that is not positive."""


@dataclass(frozen=True)
class Concepts:
    """What a class is made of; ``adds`` of all concepts and the remainder give the mean score minus the bias."""

    label: str
    concepts: tuple[Concept, ...]
    remainder: float
    score: float
    """The mean logit of the class over its photos."""
    bias: float
    explained: float
    """How much of the maps the parts reproduce, 0 to 1."""
    photos: int
    refused: tuple[str, ...]
    """Photos that could not be read: name and reason."""
    other_stages: bool
    """Whether the head also takes earlier stages, whose part of the score is then in the remainder."""

    @property
    def sentence(self) -> str:
        """The sum in words, exact but for rounding."""
        parts = " + ".join(f"{one.adds:.2f}" for one in self.concepts).replace("+ -", "− ")
        total = self.score - self.bias
        rest = "earlier stages and what the parts leave out" if self.other_stages else "what the parts leave out"
        return (
            f"Mean score of {self.label} minus the bias: {total:.2f} = {parts} (the parts) "
            f"{'−' if self.remainder < 0 else '+'} {abs(self.remainder):.2f} ({rest})."
        )


def concepts_of(
    predictor: "Predictor", index: int, found: "LastMaps", count: int, progress: CountCallback | None = None
) -> Concepts:
    """Take the maps of a class's photos apart into ``count`` parts. Raises ModelError if there are too few places."""
    head = class_head(predictor, index, found)
    factors = factors_of(found.maps, head, count, progress)
    shares, refused = factors.shares, list(found.refused)
    concepts = tuple(
        Concept(
            crops=_crops(predictor, found.sources, factors.activity[place], refused),
            adds=float(factors.mean_parts[place]),
            share=None if shares is None else float(shares[place]),
        )
        for place in range(count)
    )
    return Concepts(
        label=predictor.classes[index],
        concepts=concepts,
        remainder=float(factors.remainder.mean()),
        score=float(factors.scores.mean()),
        bias=factors.bias,
        explained=factors.explained,
        photos=len(found.sources),
        refused=tuple(dict.fromkeys(refused)),
        other_stages=predictor.network.config.head == "stages",
    )


def class_head(predictor: "Predictor", index: int, found: "LastMaps") -> Head:
    """Return how the score of a class follows from the maps of the last stage."""
    network = predictor.network
    row = network.fc.weight[index].detach().float().cpu().numpy()
    scales = np.ones(len(found.maps))
    if network.config.head == "stages":
        # The last stage's vector comes last, scaled to length 1: see core.models.resnet.
        row = row[-network.feature_width :]
        scales = 1 / np.linalg.norm(found.maps.mean(axis=(1, 2), dtype=np.float64), axis=1).clip(min=1e-12)
    return Head(row, float(network.fc.bias[index]), scales, found.logits[:, index])


def concepts_as_json(found: Concepts) -> dict[str, Any]:
    """Return the concepts as JSON can hold them."""
    concepts = [
        {
            "adds": one.adds,
            "share": one.share,
            "crops": [{"name": crop.name, "jpeg": base64.b64encode(crop.picture).decode()} for crop in one.crops],
        }
        for one in found.concepts
    ]
    return {**{name: value for name, value in vars(found).items() if name != "concepts"}, "concepts": concepts}


def read_concepts(found: Mapping[str, Any]) -> Concepts:
    """Return the concepts of ``concepts_as_json``."""
    concepts = tuple(
        Concept(
            tuple(Crop(base64.b64decode(crop["jpeg"]), crop["name"]) for crop in one["crops"]),
            one["adds"],
            one["share"],
        )
        for one in found["concepts"]
    )
    return Concepts(**{**found, "concepts": concepts, "refused": tuple(found["refused"])})


def _crops(
    predictor: "Predictor", sources: "tuple[Source, ...]", activity: np.ndarray, refused: list[str]
) -> tuple[Crop, ...]:
    height, width = activity.shape[1:]
    crops = []
    for photo, row, column in strongest_places(activity, MOST_CROPS):
        source = sources[photo]
        try:
            view = predictor.sharp_view(decode(source.path, source.name).image, most=2)
        except ImageRefused as error:  # deleted since its maps were computed
            refused.append(f"{source.name}: {error.reason}")
            continue
        crops.append(Crop(_crop(view, ((column + 0.5) / width, (row + 0.5) / height), (width, height)), source.name))
    return tuple(crops)


def _crop(view: Image.Image, centre: tuple[float, float], places: tuple[int, int]) -> bytes:
    box: list[float] = []
    for middle, count in zip(centre, places, strict=True):
        side = min(1.0, max(_LEAST_SIDE, _PLACES / count))
        low = min(max(middle - side / 2, 0.0), 1.0 - side)
        box += [low, low + side]
    left, right, top, bottom = box
    cut = (left * view.width, top * view.height, right * view.width, bottom * view.height)
    picture = view.resize((CROP_PIXELS, CROP_PIXELS), Image.Resampling.BICUBIC, box=cut)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=88)
    return stream.getvalue()

"""The part of a view that counts as the object: drawn boxes, a heatmap's hot region, or the middle of the photo."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import CropGeometry, corners_of

Region = Literal["boxes", "hot", "centre"]

HOT = 0.2
"""A place is hot from this share of the heatmap's peak on, as in the paper on class activation maps (Zhou et al. 2016,
arXiv 1512.04150, section 3.2). It is generous: what is left outside shows little of what the model looked at."""
CENTRE_AREA = 0.5
"""Of the photo: most objects are in the middle, and a mark in a corner is outside."""
LEAST_AREA, MOST_AREA = 0.01, 0.9
"""Of the view. A smaller object says nothing; around a larger one there is no background to change."""


@dataclass(frozen=True)
class RegionInfo:
    """A way to find the object, for menus, help texts and results."""

    label: str
    object: str
    """What counts as the object."""
    outside: str
    """What counts as the background, as a sentence calls it."""
    caution: str
    """What a result cannot say, in sentences."""


REGIONS: dict[Region, RegionInfo] = {
    "boxes": RegionInfo(
        "Drawn boxes",
        "the inside of the boxes that people drew",
        "the background",
        "A box also holds the background in its corners, so a little of it stays with the object.",
    ),
    "hot": RegionInfo(
        "Hot region",
        "where the Grad-CAM heatmap of the predicted class has at least 20% of its peak",
        "the part outside the hot region",
        "The hot region is where this model looks. If it looks at a mark in the background, the mark counts as the "
        "object here. So this test cannot reveal it. Draw boxes, or choose Centre, and look at the heatmaps too.",
    ),
    "centre": RegionInfo(
        "Centre",
        "a square in the middle with half of the photo's area",
        "the part outside the middle",
        "Where an object reaches beyond the middle, its rim counts as background. So look at the examples before you "
        "blame the background.",
    ),
}

NO_BOX = "it has no box"
OUTSIDE = "its box is not in the part of the photo that the model sees"
NO_HEAT = "its heatmap is empty"
HOT_EVERYWHERE = "its heatmap is hot nearly everywhere"
NO_BACKGROUND = "its object fills the photo"
TOO_SMALL = "its object is too small"


def box_mask(boxes: Sequence[Box], placement: CropGeometry, side: int) -> np.ndarray:
    """Return the pixels of a view inside any of the boxes, bool [side, side]; ``placement`` leads to the view."""
    mask = np.zeros((side, side), dtype=bool)
    for box in boxes:
        left, top, right, bottom = (min(max(round(edge), 0), side) for edge in corners_of(placement.there(box)))
        mask[top:bottom, left:right] = True
    return mask


def hot_mask(heatmap: np.ndarray) -> np.ndarray:
    """Return the pixels of a heatmap with at least HOT of its peak, bool [side, side]; none if it is empty."""
    peak = float(heatmap.max())
    return heatmap >= HOT * peak if peak > 0 else np.zeros(heatmap.shape, dtype=bool)


def centre_mask(side: int) -> np.ndarray:
    """Return the pixels of the middle square, bool [side, side]."""
    margin = round(side * (1 - math.sqrt(CENTRE_AREA)) / 2)
    mask = np.zeros((side, side), dtype=bool)
    mask[margin : side - margin, margin : side - margin] = True
    return mask


def useless_reason(mask: np.ndarray, region: Region) -> str | None:
    """Return why a photo's region is no use, half a sentence; None if it is good."""
    share = float(mask.mean())
    if not share:
        return NO_HEAT if region == "hot" else OUTSIDE
    if share > MOST_AREA:
        return HOT_EVERYWHERE if region == "hot" else NO_BACKGROUND
    return TOO_SMALL if share < LEAST_AREA else None

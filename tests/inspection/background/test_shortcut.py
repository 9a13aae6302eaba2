"""The proof: a planted mark in the background is found and shown by the heatmap; without one, none is found."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.inspection.background import figures, words
from core.inspection.background.measure import MOST_EXAMPLES, measure_backgrounds
from core.inspection.background.regions import NO_BOX
from core.inspection.background.variants import BACKGROUND, MASKED, ORIGINAL, OTHER, SAME, VARIANTS
from core.inspection.explaining.cam import explain
from core.inspection.measuring.overlap import heat_inside
from core.inspection.predicting.predictor import Predictor
from tests.inspection.background.shortcut import boxes_of, trained, write_photos

PHOTOS = 32
CORNER = (0, 0, 0.25, 0.25)
"""A sixteenth of the photo, with the mark."""


@pytest.fixture(scope="module")
def marked() -> Predictor:
    """Trained on photos whose mark gives the class away."""
    return trained(marked=True)


@pytest.fixture(scope="module")
def honest() -> Predictor:
    """Trained on the same photos without marks."""
    return trained(marked=False)


@pytest.fixture
def photos(tmp_path: Path) -> pd.DataFrame:
    return write_photos(tmp_path / "marked", PHOTOS, marked=True)


@pytest.fixture
def plain_photos(tmp_path: Path) -> pd.DataFrame:
    return write_photos(tmp_path / "plain", PHOTOS, marked=False)


@pytest.mark.parametrize("region", ["boxes", "centre"])
def test_the_planted_mark_is_found(marked: Predictor, photos: pd.DataFrame, region: str) -> None:
    found = measure_backgrounds(marked, photos, region, boxes=boxes_of(photos))  # type: ignore[arg-type]
    rates = figures.accuracies(found)
    assert rates[ORIGINAL].value == 1 and rates[SAME].value == 1
    assert (rates[BACKGROUND].value or 0) > 0.9 and words.informative(found)
    assert (rates[MASKED].value or 1) < 0.75  # the object alone is of little use to it
    follows = figures.follows(found)
    assert follows.n == PHOTOS and (follows.value or 0) > 0.9 and figures.follows_already(found).correct == 0
    paired = figures.gap(found)
    assert paired is not None and paired.clear and paired.low > 0.6
    assert words.headline(found).endswith("alone is enough to recognise most photos, and swapping it changes answers.")
    assert words.headline(found).startswith("Yes, in part: ") == (region == "boxes")
    best = found.examples[0]
    assert len(found.examples) == MOST_EXAMPLES and list(best.pictures) == list(VARIANTS)
    shown = found.photos[best.photo]
    assert shown.right(ORIGINAL) and not shown.right(OTHER)


@pytest.mark.parametrize("region", ["boxes", "centre"])
def test_without_a_mark_none_is_found(honest: Predictor, plain_photos: pd.DataFrame, region: str) -> None:
    found = measure_backgrounds(honest, plain_photos, region, boxes=boxes_of(plain_photos))  # type: ignore[arg-type]
    rates = figures.accuracies(found)
    assert (rates[ORIGINAL].value or 0) > 0.9 and (rates[MASKED].value or 0) > 0.9
    assert not words.informative(found)
    paired = figures.gap(found)
    assert paired is not None and not paired.clear
    assert words.headline(found).startswith("No clear sign")
    assert (figures.follows(found).value or 0) < 0.15


def test_the_hot_region_hides_a_mark_inside_it(marked: Predictor, photos: pd.DataFrame) -> None:
    """The limit that the page states: the mark counts as the object, so it moves along with it."""
    found = measure_backgrounds(marked, photos, "hot")
    assert found.photos and (figures.follows(found).value or 0) < 0.15
    assert not words.informative(found)


def heat_in_the_corner(predictor: Predictor, photos: pd.DataFrame) -> float:
    """The mean share of the heat, on the maps of layer2: those of later stages have 4 x 4 places or fewer here."""
    maps = [
        explain(predictor, Image.open(path), method="hirescam", stage="layer2").heatmap for path in photos["path"][:12]
    ]
    return float(np.mean([heat_inside(one, CORNER) or 0 for one in maps]))


def test_the_heatmap_shows_the_mark(
    marked: Predictor, honest: Predictor, photos: pd.DataFrame, plain_photos: pd.DataFrame
) -> None:
    assert heat_in_the_corner(marked, photos) > 0.25  # four times its area
    assert heat_in_the_corner(honest, plain_photos) < 0.0625


def test_photos_that_cannot_be_used_are_left_out_with_the_reason(honest: Predictor, plain_photos: pd.DataFrame) -> None:
    some = plain_photos[:8]
    Path(some["path"][1]).unlink()
    boxes = boxes_of(some)
    boxes.pop(str(some["image"][2]))
    counts: list[tuple[int, int]] = []
    found = measure_backgrounds(honest, some, "boxes", boxes=boxes, progress=lambda *pair: counts.append(pair))
    reasons = {one.filename: one.reason for one in found.left_out}
    assert set(reasons) == {"1.png", "2.png"} and reasons["2.png"] == NO_BOX and "is missing" in reasons["1.png"]
    assert [one.filename for one in found.photos] == [f"{n}.png" for n in (0, 3, 4, 5, 6, 7)]
    assert counts[-1] == (8 * len(VARIANTS), 8 * len(VARIANTS)) and counts == sorted(counts)


def test_the_answers_are_those_of_the_model(honest: Predictor, plain_photos: pd.DataFrame) -> None:
    some = plain_photos[:6]
    found = measure_backgrounds(honest, some, "centre")
    wanted = honest.logits([Image.open(path) for path in some["path"]])
    assert [one.answers[ORIGINAL].index for one in found.photos] == wanted.argmax(axis=1).tolist()
    again = measure_backgrounds(honest, some, "centre")
    assert again.photos == found.photos

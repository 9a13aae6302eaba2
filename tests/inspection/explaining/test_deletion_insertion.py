"""Deletion and insertion curves: the order of places, the areas, and what they say."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.inspection.explaining.cam import explain
from core.inspection.explaining.deletion_insertion import (
    DeletionInsertion,
    OrderCurves,
    curves_of,
    deletion_insertion,
    order_of,
)
from core.inspection.predicting.predictor import Predictor
from tests.inspection.conftest import photo
from tests.inspection.explaining.test_explanation import an_explanation

SIDE = 64


class BrightCorner(SimpleNamespace):
    """A predictor whose probability is the brightness of the view's upper left quarter."""

    preprocessing = Preprocessing(size=SIDE, resize=SIDE, mean=(0.0, 0.0, 0.0))

    def probabilities_of_views(self, views: list[Image.Image]) -> np.ndarray:
        bright = np.array([np.asarray(view.convert("L"))[:32, :32].mean() / 255 for view in views])
        return np.stack([np.zeros_like(bright), 1 - bright, bright], axis=1)


def white_view() -> Image.Image:
    return Image.new("RGB", (SIDE, SIDE), "white")


def corner_map() -> np.ndarray:
    values = np.zeros((SIDE, SIDE), np.float32)
    values[:32, :32] = 1
    return values


def test_deleting_the_decisive_quarter_first_brings_the_score_down_at_once() -> None:
    predictor: Predictor = BrightCorner()  # type: ignore[assignment]
    maps = {"right": corner_map(), "wrong": 1 - corner_map()}
    found = curves_of(predictor, white_view(), 2, maps, steps=4)
    # A quarter at each step: the score falls from 1 to 0 in the first, or in the last.
    assert found["right"].deletion == pytest.approx((1, 0, 0, 0, 0))
    assert found["wrong"].deletion == pytest.approx((1, 1, 1, 1, 0))
    assert found["right"].deletion_area == pytest.approx(0.125)
    assert found["wrong"].deletion_area == pytest.approx(0.875)


def test_inserting_begins_with_the_blurred_view_and_ends_with_the_view() -> None:
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[:32, :32] = 255
    predictor: Predictor = BrightCorner()  # type: ignore[assignment]
    found = curves_of(
        predictor, Image.fromarray(picture), 2, {"right": corner_map(), "wrong": 1 - corner_map()}, steps=4
    )
    right, wrong = found["right"].insertion, found["wrong"].insertion
    assert right[0] == wrong[0] < 0.95  # the blur has darkened the corner
    assert right[1:] == pytest.approx((1, 1, 1, 1))
    assert wrong[1:4] == pytest.approx((wrong[0],) * 3) and wrong[4] == pytest.approx(1)
    assert found["right"].gain > found["wrong"].gain


def test_progress_counts_every_view() -> None:
    counts: list[tuple[int, int]] = []
    predictor: Predictor = BrightCorner()  # type: ignore[assignment]
    curves_of(
        predictor, white_view(), 2, {"one": corner_map(), "two": corner_map()}, steps=8,
        progress=lambda *pair: counts.append(pair),
    )  # fmt: skip
    assert counts[-1] == (3 + 2 * 2 * 7, 3 + 2 * 2 * 7)


def test_every_place_has_its_own_rank_and_equal_ones_are_not_taken_row_by_row() -> None:
    """Sorted as they lie, the empty part of a heatmap was deleted from the upper edge downwards."""
    ranks = order_of(np.zeros((SIDE, SIDE), np.float32))
    assert sorted(ranks.ravel()) == list(range(SIDE * SIDE))
    upper = (ranks[: SIDE // 2] < SIDE * SIDE // 2).mean()
    assert upper == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(ranks, order_of(np.zeros((SIDE, SIDE), np.float32)))
    corner = order_of(corner_map())
    assert corner[:32, :32].max() == 32 * 32 - 1


def test_an_area_is_the_mean_under_straight_lines() -> None:
    line = OrderCurves((1.0, 0.75, 0.5, 0.25, 0.0), (0.0, 1.0, 1.0, 1.0, 1.0))
    assert line.deletion_area == pytest.approx(0.5)
    assert line.insertion_area == pytest.approx(0.875)
    assert line.gain == pytest.approx(0.375)


def test_a_real_model_s_curves_begin_and_end_with_its_own_answers(predictor: Predictor) -> None:
    explanation = explain(predictor, photo(5), stage="layer3")
    found = deletion_insertion(predictor, explanation, steps=4)
    for order in (found.heatmap, found.random, found.centre):
        assert len(order.deletion) == len(order.insertion) == 5
        assert order.deletion[0] == pytest.approx(explanation.probability, abs=1e-5)
        assert order.insertion[-1] == pytest.approx(explanation.probability, abs=1e-5)
        assert order.deletion[-1] == pytest.approx(found.heatmap.deletion[-1])
    assert found == deletion_insertion(predictor, explanation, steps=4)


def curves(gain: float) -> OrderCurves:
    return OrderCurves((0.5, 0.5), (0.5 + gain, 0.5 + gain))


@pytest.mark.parametrize(
    ("random", "centre", "verdict"),
    [
        (0.3, 0.0, "no better than chance"),
        (0.0, 0.29, "better than chance, but no better than a blob in the centre"),
        (0.1, 0.1, "better than chance and than a blob in the centre"),
    ],
)
def test_the_verdict_follows_the_areas(random: float, centre: float, verdict: str) -> None:
    found = DeletionInsertion("owl", curves(0.3), curves(random), curves(centre))
    assert verdict in found.verdict
    assert "the probability of owl averages 50%" in found.deletion_sentence
    assert "it averages 80%" in found.insertion_sentence


def test_an_empty_map_gives_no_order() -> None:
    explanation = an_explanation(np.zeros((SIDE, SIDE)), white_view())
    predictor: Predictor = BrightCorner()  # type: ignore[assignment]
    found = deletion_insertion(predictor, explanation, steps=2)
    assert found.empty and "empty" in found.deletion_sentence and not found.verdict

"""The expected calibration error: by hand, beside scikit-learn, and what chance alone would show."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from core.inspection.doubt.reliability import bin_of, edges_of, reliability
from core.inspection.doubt.resampling import blocks, draws


def answers(n: int, seed: int = 0, too_sure: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences of 50 to 100%, and answers that are correct that often, less ``too_sure``."""
    dice = np.random.default_rng(seed)
    confidence = dice.uniform(0.5, 1, n)
    return confidence, dice.random(n) < confidence - too_sure


def test_the_error_is_what_a_person_computes_by_hand() -> None:
    # Bin up to 60%: mean confidence 0.55, 1 of 2 correct: distance 0.05. Bin up to 100%: 0.95, 2 of 3: 0.28333.
    confidence = np.array([0.52, 0.58, 0.92, 0.95, 0.98])
    found = reliability(confidence, np.array([True, False, True, True, False]))
    assert found.error == pytest.approx((2 * 0.05 + 3 * (0.95 - 2 / 3)) / 5)
    filled = [one for one in found.bins if one.n]
    assert [(one.low, one.high, one.n, one.correct) for one in filled] == [
        (pytest.approx(0.5), pytest.approx(0.6), 2, 1),
        (pytest.approx(0.9), 1.0, 3, 2),
    ]
    assert (found.accuracy, found.confidence) == (0.6, pytest.approx(0.79))


def test_the_bins_are_those_of_scikit_learn() -> None:
    confidence, correct = answers(500, too_sure=0.1)
    confidence[:3] = [0.6, 0.7, 1.0]  # on edges
    found = reliability(confidence, correct)
    accuracy, sure = calibration_curve(correct, confidence, n_bins=10, strategy="uniform")
    filled = [one for one in found.bins if one.n]
    assert [one.accuracy for one in filled] == pytest.approx(accuracy)
    assert [one.confidence for one in filled] == pytest.approx(sure)
    weights = np.array([one.n for one in filled]) / 500
    assert found.error == pytest.approx(float(weights @ np.abs(accuracy - sure)))


def test_bins_of_equal_count_hold_equal_counts_and_never_divide_equal_confidences() -> None:
    confidence, correct = answers(200)
    found = reliability(confidence, correct, binning="equal count")
    assert [one.n for one in found.bins] == [20] * 10
    tied = reliability(np.repeat([0.6, 1.0], [30, 170]), np.ones(200, bool), binning="equal count")
    assert [one.n for one in tied.bins] == [30, 170]
    few = edges_of(confidence[:12], 10, "equal count")
    assert len(few) - 1 == 2, "five photos a bin"


def test_confidences_of_zero_and_one_have_a_bin() -> None:
    assert bin_of(np.array([0.0, 0.1, 0.100001, 1.0]), edges_of(np.zeros(0), 10, "equal width")).tolist() == [
        0,
        0,
        1,
        9,
    ]


def test_an_error_that_chance_explains_is_no_sign_of_a_fault() -> None:
    """With 60 photos, a model without a fault shows an error of several per cent."""
    confidence, correct = answers(60, seed=3)
    found = reliability(confidence, correct)
    assert found.error > 0.02 and found.verdict == "no sign"
    assert 0.02 < found.by_chance < found.at_most_by_chance
    wider, narrower = found, reliability(*answers(6000, seed=3))
    assert narrower.by_chance < wider.by_chance / 5
    assert narrower.high - narrower.low < wider.high - wider.low


def test_a_model_that_is_too_sure_is_found_out_and_one_that_is_not_sure_enough_too() -> None:
    confidence, correct = answers(600, too_sure=0.2)
    found = reliability(confidence, correct)
    assert found.verdict == "too sure"
    assert found.low < 0.2 < found.high
    assert reliability(0.8 * confidence, answers(600)[1]).verdict == "not sure enough"


def test_chance_is_what_a_simulation_shows() -> None:
    confidence = answers(100)[0]
    dice = np.random.default_rng(9)
    errors = [reliability(confidence, dice.random(100) < confidence).error for _ in range(60)]
    found = reliability(confidence, answers(100)[1])
    assert found.by_chance == pytest.approx(np.mean(errors), rel=0.15)
    assert np.mean(np.array(errors) > found.at_most_by_chance) < 0.15


def test_the_interval_is_the_bootstraps_less_its_inflation() -> None:
    confidence, correct = answers(80, too_sure=0.2)
    found = reliability(confidence, correct)
    place = bin_of(confidence, np.linspace(0, 1, 11))
    dice, errors = np.random.default_rng(5), []
    for _ in range(1000):
        drawn = dice.integers(0, 80, 80)
        gaps = np.bincount(place[drawn], weights=(correct.astype(float) - confidence)[drawn], minlength=10)
        errors.append(np.abs(gaps).sum() / 80)
    least, most = np.quantile(errors, [0.025, 0.975])
    bias = np.mean(errors) - found.error
    assert bias > 0
    assert found.low == pytest.approx(min(2 * found.error - most, least - bias), abs=0.02)
    assert found.high == pytest.approx(max(2 * found.error - least, most - bias), abs=0.02)


@pytest.mark.parametrize("too_sure", [0.0, 0.05, 0.1, 0.2])
def test_the_interval_holds_the_true_error_in_about_95_of_100_samples(too_sure: float) -> None:
    """The quantiles of the resamples held the error of a model without a fault in none of them."""
    found = [reliability(*answers(100, seed, too_sure), seed=seed) for seed in range(60)]
    assert np.mean([one.low <= too_sure <= one.high for one in found]) >= 0.9
    assert all(one.low <= one.error <= one.high for one in found)


def test_resamples_have_as_many_photos_and_groups_keep_theirs() -> None:
    groups = np.array([True] * 3 + [False] * 7)
    drawn = np.concatenate(list(draws(10, groups=groups)))
    assert drawn.shape == (1000, 10)
    assert set(drawn[:, groups].sum(axis=1)) == {3} and set(drawn.sum(axis=1)) == {10}
    assert drawn.mean(axis=0) == pytest.approx(np.ones(10), abs=0.15)
    assert np.array_equal(np.concatenate(list(draws(10, seed=1))), np.concatenate(list(draws(10, seed=1))))
    assert sum(blocks(50_000)) == 200 and max(blocks(50_000)) * 50_000 <= 2_000_000


def test_without_photos_there_is_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="no photos"):
        reliability(np.zeros(0), np.zeros(0, bool))

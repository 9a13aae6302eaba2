"""The temperature, against scipy's minimum and against logits whose temperature is known."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from core.inspection.doubt.fit import fit_sentence, fitted
from core.inspection.doubt.temperature import FEWEST_PHOTOS, cross_fitted, fit_temperature, helps_unseen, mean_loss
from core.models.decision import HELPS_NOT, MAX_TEMPERATURE, MIN_TEMPERATURE, Decision


def photos(count: int, classes: int = 4, sharpness: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too sharp by a factor, and labels drawn from the true probabilities."""
    dice = np.random.default_rng(seed)
    true = dice.normal(0, 2, (count, classes))
    labels = np.array([dice.choice(classes, p=row) for row in softmax(true, axis=1)])
    return (true * sharpness).astype(np.float32), labels


@pytest.mark.parametrize("count", [25, 200, 3000])
def test_the_temperature_is_where_scipy_finds_the_smallest_smoothed_loss(count: int) -> None:
    logits, labels = photos(count)
    smoothing = 1 / (count + 2)
    others = logits.astype(np.float64)
    others[np.arange(count), labels] = -np.inf
    second = others.argmax(axis=1)

    def loss(log_t: float) -> float:
        logs = log_softmax(logits.astype(np.float64) / np.exp(log_t), axis=1)
        rows = np.arange(count)
        return float(-((1 - smoothing) * logs[rows, labels] + smoothing * logs[rows, second]).mean())

    bounds = (np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE))
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    assert fit_temperature(logits, labels).temperature == pytest.approx(np.exp(best.x), rel=1e-5)


def test_many_photos_give_the_temperature_that_made_the_logits_too_sharp() -> None:
    logits, labels = photos(5000, sharpness=3.0)
    found = fit_temperature(logits, labels)
    assert found.temperature == pytest.approx(3.0, rel=0.05)

    def plain(t: float) -> float:
        return float(-log_softmax(logits.astype(np.float64) / t, axis=1)[np.arange(5000), labels].mean())

    unsmoothed = minimize_scalar(plain, bounds=(0.1, 10), method="bounded").x
    assert found.temperature == pytest.approx(unsmoothed, rel=0.01), "the smoothing weighs one photo in 5,000"
    assert found.loss_before == pytest.approx(plain(1)) and found.loss_after == pytest.approx(plain(found.temperature))
    assert found.loss_after < found.loss_before


def test_a_small_set_without_a_mistake_does_not_make_every_answer_certain() -> None:
    labels = np.arange(FEWEST_PHOTOS) % 3
    logits = (4.0 * np.eye(3)[labels]).astype(np.float32)
    found = fit_temperature(logits, labels)
    assert found.temperature is not None
    # Laplace's rule of succession: after 20 right answers of 20, the next one is wrong with 1 / 22.
    assert 1 - softmax(logits / found.temperature, axis=1).max() == pytest.approx(1 / 22, rel=1e-4)


def test_answers_that_are_all_wrong_get_the_largest_temperature() -> None:
    logits = (9.0 * np.eye(2)[np.zeros(30, dtype=int)]).astype(np.float32)
    assert fit_temperature(logits, np.ones(30, dtype=np.int64)).temperature == MAX_TEMPERATURE


def test_huge_logits_do_not_overflow() -> None:
    logits, labels = photos(100)
    found = fit_temperature(logits * 1e4, labels)
    assert found.temperature == MAX_TEMPERATURE and np.isfinite(found.loss_after or np.nan)


def test_the_offset_of_the_logits_does_not_matter() -> None:
    logits, labels = photos(100)
    assert fit_temperature(logits + 500, labels).temperature == pytest.approx(
        fit_temperature(logits, labels).temperature, rel=1e-3
    )


def test_too_few_photos_or_classes_are_said() -> None:
    logits, labels = photos(FEWEST_PHOTOS - 1)
    found = fit_temperature(logits, labels)
    assert found.temperature is None and "19 validation photos" in found.reason and "20" in found.reason
    assert "1 validation photo;" in fit_temperature(logits[:1], labels[:1]).reason
    assert "no validation photos" in fit_temperature(logits[:0], labels[:0]).reason
    assert "one class" in fit_temperature(np.zeros((50, 1)), np.zeros(50, dtype=np.int64)).reason


def test_no_photo_takes_part_in_its_own_temperature() -> None:
    logits, labels = photos(60)
    scaled = cross_fitted(logits, labels)
    assert scaled is not None
    ratios = (logits[:, 0] / scaled[:, 0]).round(6)
    assert len(set(ratios)) == 5
    for value in set(ratios):
        inside = ratios == value
        assert fit_temperature(logits[~inside], labels[~inside]).temperature == pytest.approx(value, rel=1e-4)
    assert cross_fitted(logits[:20], labels[:20]) is None
    assert mean_loss(scaled, labels) < mean_loss(logits, labels)


def test_calibration_is_switched_on_only_where_it_helps_on_unseen_photos() -> None:
    """A head that is solved to its optimum with a chosen strength is calibrated already: scaling made it worse."""
    logits, labels = photos(300, sharpness=3.0)
    too_sure = fitted(logits, labels, Decision())
    assert too_sure.use_temperature and not too_sure.remarks

    separable = np.eye(4)[labels] * 9
    assert not helps_unseen(separable, labels)
    switched_off = fitted(separable, labels, Decision())
    assert not switched_off.use_temperature and switched_off.temperature and switched_off.remarks == (HELPS_NOT,)
    assert HELPS_NOT in fit_sentence(switched_off)

    # A person's switch stays when the temperature is fitted again.
    switched_on = switched_off.model_copy(update={"use_temperature": True})
    assert fitted(separable, labels, switched_on).use_temperature

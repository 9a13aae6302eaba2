"""The linear probe: as good as scikit-learn's classifier, and out-of-sample predictions without leaks."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.inspection.suggesting.probe import PENALTY, Probe, ProbeSpace, fit, out_of_sample


def clouds(
    count: int, width: int, classes: int = 3, seed: int = 0, apart: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors around one centre per class, and their classes."""
    dice = np.random.default_rng(seed)
    centers = np.random.default_rng(99).normal(0, apart, (classes, width))
    labels = dice.integers(0, classes, count)
    labels[:classes] = np.arange(classes)
    return (centers[labels] + dice.normal(0, 1, (count, width)) + 5).astype(np.float32), labels


def test_the_space_is_centered_and_keeps_the_main_directions() -> None:
    vectors, _ = clouds(300, 60)
    space = ProbeSpace.of(vectors, directions=10)
    places = space.place(vectors)
    assert places.shape == (300, 10)
    np.testing.assert_allclose(places.mean(axis=0), 0, atol=1e-4)
    assert (places**2).sum(axis=1).mean() == pytest.approx(1, rel=1e-3)
    exact = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)[:10] ** 2
    found = (places**2).sum(axis=0)
    np.testing.assert_allclose(found / found.sum(), exact / exact.sum(), rtol=0.03)


def test_few_vectors_keep_all_their_distances() -> None:
    vectors, _ = clouds(12, 500)
    places = ProbeSpace.of(vectors).place(vectors)
    assert places.shape == (12, 11)  # centered vectors lose one direction
    between = [np.linalg.norm(rows[:, None] - rows, axis=2)[np.triu_indices(12, 1)] for rows in (vectors, places)]
    np.testing.assert_allclose(between[1] / between[0], np.full(66, between[1][0] / between[0][0]), rtol=1e-3)


def test_equal_vectors_make_no_space_and_no_failure() -> None:
    vectors = np.ones((5, 20), np.float32)
    assert ProbeSpace.of(vectors).place(vectors).shape == (5, 0)


def test_the_probe_is_scikit_learns_logistic_regression() -> None:
    vectors, labels = clouds(120, 20)
    places = ProbeSpace.of(vectors).place(vectors)
    own = fit(places, labels, 3)
    known = LogisticRegression(C=1 / PENALTY, max_iter=5000, tol=1e-8).fit(places, labels)
    np.testing.assert_allclose(own.probabilities(places), known.predict_proba(places), atol=0.003)


def test_a_fit_that_begins_at_an_earlier_one_ends_at_the_same_answer() -> None:
    vectors, labels = clouds(200, 40)
    places = ProbeSpace.of(vectors).place(vectors)
    earlier = fit(places[:60], labels[:60], 3)
    cold, warm = fit(places, labels, 3), fit(places, labels, 3, earlier)
    np.testing.assert_allclose(warm.probabilities(places), cold.probabilities(places), atol=0.003)


def test_a_class_without_labels_gets_no_probability_and_may_come_later() -> None:
    vectors, labels = clouds(90, 20)
    places, two = ProbeSpace.of(vectors).place(vectors), labels != 1
    probe = fit(places[two], labels[two], 3)
    assert (probe.probabilities(places)[:, 1] == 0).all()
    later = fit(places, labels, 3, probe)
    assert (later.probabilities(places).argmax(axis=1) == labels).mean() > 0.95


def test_one_class_is_no_classifier() -> None:
    with pytest.raises(ValueError, match="two classes"):
        fit(np.zeros((3, 2), np.float32), np.array([1, 1, 1]), 2)


def test_probabilities_are_out_of_sample() -> None:
    dice = np.random.default_rng(0)
    vectors = dice.normal(0, 1, (300, 200)).astype(np.float32)  # nothing to be learned: all labels are chance
    labels = dice.integers(0, 2, 300)
    found = out_of_sample(vectors, labels)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert 0.4 < (found.argmax(axis=1) == labels).mean() < 0.6
    places = ProbeSpace.of(vectors).place(vectors)
    known: Probe = fit(places, labels, 2)
    assert (known.probabilities(places).argmax(axis=1) == labels).mean() > 0.8  # what it has learned from, it knows


def test_flipped_labels_get_little_probability() -> None:
    vectors, labels = clouds(400, 50)
    flipped = np.arange(0, 400, 20)
    labels[flipped] = (labels[flipped] + 1) % 3
    given = out_of_sample(vectors, labels)[np.arange(400), labels]
    assert set(np.argsort(given)[: len(flipped)]) == set(flipped)


def test_near_duplicates_are_held_out_together() -> None:
    dice = np.random.default_rng(0)
    half = dice.normal(0, 1, (60, 300)).astype(np.float32)
    vectors, labels = np.concatenate([half, half]), np.tile(dice.integers(0, 2, 60), 2)
    pairs = np.tile(np.arange(60), 2)
    alone = (out_of_sample(vectors, labels).argmax(axis=1) == labels).mean()
    together = (out_of_sample(vectors, labels, groups=pairs.tolist()).argmax(axis=1) == labels).mean()
    assert alone > 0.85 > 0.65 > together


def test_a_class_with_one_picture_is_not_foreseen_and_a_number_that_is_not_used_gets_nothing() -> None:
    vectors, labels = clouds(60, 20)
    labels[labels == 2] = 1
    labels[5] = 3
    found = out_of_sample(vectors, labels)
    assert found.shape == (60, 4)
    assert found[5, 3] == 0 and (found[:, 2] == 0).all()


def test_too_few_labels_cannot_be_cross_validated() -> None:
    vectors, _ = clouds(3, 5)
    for labels in ([0, 0, 1], [0, 0, 0], []):
        with pytest.raises(ValueError, match="two images each"):
            out_of_sample(vectors[: len(labels)], labels)


def test_the_same_seed_gives_the_same_answer() -> None:
    vectors, labels = clouds(80, 20)
    np.testing.assert_array_equal(out_of_sample(vectors, labels, seed=3), out_of_sample(vectors, labels, seed=3))

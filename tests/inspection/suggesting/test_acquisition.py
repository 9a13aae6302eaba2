"""The order in which photos are labelled, their neighbours, and the map."""

import numpy as np
import pytest

from core.inspection.suggesting.acquisition import BLOCK, at_random, likeliest, most_uncertain, most_unlike
from core.inspection.suggesting.neighbors import map_of, nearest


def test_the_smallest_lead_of_a_class_comes_first() -> None:
    probabilities = np.array([[0.98, 0.01, 0.01], [0.50, 0.49, 0.01], [0.4, 0.3, 0.3], [0.34, 0.33, 0.33]])
    assert most_uncertain(probabilities).tolist() == [1, 3, 2, 0]


def test_a_class_is_asked_for_by_its_probability() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.8, 0.2]])
    assert likeliest(probabilities, 1).tolist() == [1, 2, 3, 0]


def test_chance_is_the_same_for_the_same_seed() -> None:
    assert sorted(at_random(50, 1)) == list(range(50))
    assert at_random(50, 1).tolist() == at_random(50, 1).tolist() != at_random(50, 2).tolist()


def test_the_most_unlike_is_far_from_the_labelled_and_from_those_before_it() -> None:
    places = np.array([[0, 0], [1, 0], [10, 0], [11, 0], [0, 7]], np.float32)
    labelled = np.array([True, False, False, False, False])
    assert most_unlike(places, labelled, 3).tolist() == [3, 4, 1]
    assert most_unlike(places, labelled, 99).tolist() == [3, 4, 1, 2]


def test_without_labels_the_most_ordinary_is_the_first() -> None:
    places = np.array([[9, 0], [0.1, 0], [-8, 0], [0, 5]], np.float32)
    assert most_unlike(places, np.zeros(4, bool), 2).tolist() == [1, 0]
    assert most_unlike(places, np.ones(4, bool), 2).tolist() == []


def test_more_labelled_photos_than_are_compared_at_once() -> None:
    places = np.random.default_rng(0).normal(0, 1, (BLOCK * 2 + 40, 8)).astype(np.float32)
    labelled = np.arange(len(places)) < BLOCK * 2 + 7
    distances = ((places[~labelled, None] - places[labelled]) ** 2).sum(axis=2).min(axis=1)
    assert most_unlike(places, labelled, 1)[0] == np.flatnonzero(~labelled)[distances.argmax()]


def test_the_nearest_by_cosine_whatever_their_length() -> None:
    vectors = np.array([[1, 1], [50, 49], [1, 0], [0.2, 0.1], [-1, -1], [0, 0]], np.float32)
    rows, similarity = nearest(vectors, 0, 3)
    assert rows.tolist() == [1, 3, 2]
    np.testing.assert_allclose(similarity, [0.99995, 0.94868, 0.70711], atol=1e-4)


@pytest.mark.parametrize("layout", ["pca", "t-sne"])
def test_a_map_keeps_groups_apart(layout: str) -> None:
    dice = np.random.default_rng(0)
    group = np.arange(90) % 3
    places = (dice.normal(0, 5, (3, 20))[group] + dice.normal(0, 0.5, (90, 20))).astype(np.float32)
    places -= places.mean(axis=0)
    _, _, turn = np.linalg.svd(places)
    flat = map_of(places @ turn.T, layout)  # type: ignore[arg-type]
    assert flat.shape == (90, 2)
    between = np.linalg.norm(flat[:, None] - flat, axis=2) + np.eye(90) * 1e9
    assert (group[between.argmin(axis=1)] == group).all()


def test_photos_that_are_all_equal_lie_on_one_point() -> None:
    assert map_of(np.empty((5, 0), np.float32)).tolist() == [[0, 0]] * 5

"""A head for all classes, made from the rows of those that have photos."""

import numpy as np

from core.training.linear.linear_head import LinearHead


def test_a_class_without_photos_has_no_chance_whatever_the_others_rows_are() -> None:
    dice = np.random.default_rng(0)
    weight, bias = dice.normal(3, 1, (2, 8)), np.array([-80.0, -81.0])
    head = LinearHead.of_classes(weight, bias, np.array([0, 2]), 3)
    vectors = dice.normal(0, 1, (50, 8)) * np.array([1, 1000])[:, None].repeat(25, axis=0)
    found = head.probabilities(vectors)
    assert np.isfinite(found).all()
    assert found[:, 1].max() < 1e-12
    logits = vectors @ weight.T + bias
    expected = 1 / (1 + np.exp(np.clip(logits[:, 1] - logits[:, 0], -700, 700)))
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-3)


def test_a_score_is_the_sum_over_photos() -> None:
    head = LinearHead(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
    score = head.score(np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), np.array([0, 1, 1]))
    assert (score.correct, score.n, score.accuracy) == (2, 3, 2 / 3)
    assert np.isclose(score.loss_sum, np.log(1 + np.exp(-2)) + np.log(1 + np.exp(-1)) + np.log(1 + np.exp(3)))

"""Fitting the score for "none of these": which training photos are compared with, and where the limit lies."""

from pathlib import Path

import numpy as np
import pytest

from core.inspection.doubt.foreign_photos import (
    fit_foreign,
    limit_and_share,
    read_scores,
    sample,
    with_limit,
    write_scores,
)

DICE = np.random.default_rng(0)


def cloud(count: int, place: int, width: int = 32) -> np.ndarray:
    """Vectors around a point on one axis."""
    return (DICE.normal(0, 0.3, (count, width)) + 3 * np.eye(width)[place]).astype(np.float32)


def test_photos_unlike_any_training_photo_are_beyond_the_limit() -> None:
    training = np.concatenate([cloud(40, 0), cloud(40, 1)])
    found = fit_foreign(training, np.concatenate([cloud(50, 0), cloud(50, 1)]))
    assert found.foreign.accepted == 0.95 and (found.scores <= found.foreign.limit).sum() == 95
    from core.inspection.deciding.foreign_score import score_of

    score = score_of(found.content, found.foreign.neighbours, Path("foreign.safetensors"))
    assert (score.scores(cloud(50, 7)) > found.foreign.limit).all()


def test_another_share_of_the_validation_photos_can_be_accepted() -> None:
    scores = np.arange(1, 101) / 100
    assert limit_and_share(scores, 0.9) == {"limit": pytest.approx(0.9), "accepted": pytest.approx(0.9)}
    found = fit_foreign(cloud(20, 0), cloud(20, 0))
    wider = with_limit(found.foreign, found.scores, 1.0)
    assert wider.accepted == 1.0 and wider.limit == pytest.approx(found.scores.max())
    assert wider.sha256 == found.foreign.sha256


def test_too_few_photos_are_an_error() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit_foreign(cloud(9, 0), cloud(20, 0))


def test_a_sample_takes_as_many_photos_of_each_class_as_it_can() -> None:
    labels = np.array([0] * 500 + [1] * 30 + [2] * 4)
    chosen = sample(labels, 100)
    assert len(chosen) == len(set(chosen)) == 100 and (np.diff(chosen) > 0).all()
    assert np.bincount(labels[chosen]).tolist() == [66, 30, 4]
    assert sample(labels, 534).tolist() == list(range(534))
    assert np.array_equal(chosen, sample(labels, 100)), "the same each time"


def test_scores_of_a_run_are_read_again(tmp_path: Path) -> None:
    assert read_scores(tmp_path) is None
    write_scores(np.array([0.25, 0.5]), tmp_path, "val")
    assert read_scores(tmp_path).tolist() == [0.25, 0.5]  # type: ignore[union-attr]
    assert [path.name for path in tmp_path.iterdir()] == ["foreign-val.npy"]
    (tmp_path / "foreign-val.npy").write_bytes(b"damaged")
    assert read_scores(tmp_path) is None

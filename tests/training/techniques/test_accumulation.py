"""Gradient accumulation: the same gradient as one large batch, and as many updates."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.data.snapshot import Snapshot
from core.training.batch_loading import training_batches
from core.training.events import Epoch, Step
from core.training.recipe import Recipe
from core.training.trainer import fit


@pytest.mark.parametrize("n", [2, 7, 20, 33])
@pytest.mark.parametrize("accumulation", [1, 2, 4])
def test_the_batches_of_an_update_are_one_large_batch(n: int, accumulation: int) -> None:
    large = training_batches(n, 3 * accumulation, seed=1, epoch=2)
    small = training_batches(n, 3, seed=1, epoch=2, accumulation=accumulation)
    assert [batch.number for batch in small] == list(range(len(small)))
    updates: list[list[int]] = [[]]
    for batch in small:
        assert len(batch.indices) >= 2 and (accumulation == 1 or len(batch.indices) <= 4)
        updates[-1] += batch.indices
        if batch.ends_update:
            assert batch.accumulated == len(updates[-1])
            updates.append([])
    assert updates.pop() == []
    assert updates == [list(batch.indices) for batch in large]


def recipe(**changes: object) -> Recipe:
    base = {"arch": "tiny", "weights": "none", "train": "head", "epochs": 3, "size": 32, "label_smoothing": 0.1}
    return Recipe.checked(**{**base, "device": "cpu", "precision": "fp32", "optimizer": "sgd", **changes})


@pytest.mark.parametrize("techniques", [{}, {"balanced_sampling": True, "random_erasing": 0.5, "ema": 0.9}])
def test_small_batches_added_up_train_like_one_large_batch(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, techniques: dict[str, object]
) -> None:
    """Only the head is trained, so BatchNorm, which would see smaller batches, is frozen."""
    snapshot, cache = make_snapshot(train=9, extra_train=3), tmp_path / "cache"
    large, small = ({"batch_size": 12}, {"batch_size": 3, "accumulation": 4})
    events = [
        list(fit(snapshot, recipe(**sizes, **techniques), tmp_path / name, cache=cache))
        for name, sizes in (("large", large), ("small", small))
    ]
    weights = [load_file(tmp_path / name / "last" / "model.safetensors")["fc.weight"] for name in ("large", "small")]
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-6)
    one, other = ([event for event in found if isinstance(event, Epoch)] for found in events)
    assert [epoch.learning_rate for epoch in one] == [epoch.learning_rate for epoch in other]
    # The training loss is that from before each update, whether the update's photos come together or not.
    assert [e.train_loss for e in one] == pytest.approx([e.train_loss for e in other], rel=1e-4)
    steps = [len([event for event in found if isinstance(event, Step)]) for found in events]
    assert steps == [6, 24]

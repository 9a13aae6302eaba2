"""Class-balanced sampling: equal frequencies, other photos in each epoch, and the same order for the same seed."""

from collections import Counter

import pytest

from core.training.batch_loading import training_batches
from core.training.techniques.balanced_sampling import balanced_order, earlier_draws

LABELS = [0] * 70 + [1] * 23 + [2] * 7


def test_every_class_comes_equally_often_and_every_photo_of_a_class_too() -> None:
    order = balanced_order(LABELS, seed=0, epoch=1)
    assert len(order) == len(LABELS)
    classes = Counter(LABELS[index] for index in order)
    assert max(classes.values()) - min(classes.values()) <= 1
    photos = Counter(order)
    for label in range(3):
        counts = [photos[index] for index, one in enumerate(LABELS) if one == label]
        assert max(counts) - min(counts) <= 1


def test_each_epoch_draws_other_photos_of_a_frequent_class_and_a_seed_repeats() -> None:
    orders = {epoch: balanced_order(LABELS, 0, epoch) for epoch in (1, 2, 3, 4, 5, 6)}
    assert orders[1] == balanced_order(LABELS, 0, 1) != balanced_order(LABELS, 1, 1)
    assert set(orders[1]) != set(orders[2])
    assert len({index for order in orders.values() for index in order if LABELS[index] == 0}) > 60


def test_a_photo_that_comes_again_is_augmented_in_another_way() -> None:
    assert earlier_draws([4, 2, 4, 4, 2]) == [0, 0, 1, 2, 1]
    batches = training_batches(len(LABELS), 8, 0, 3, balanced=LABELS)
    keys = [key for batch in batches for key in batch.keys]
    assert [index for index, _ in keys] == balanced_order(LABELS, 0, 3)
    assert len(set(keys)) == len(keys)
    assert {epoch for _, epoch in keys if epoch < 10_001} == {3}


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 0, 2], [5] * 4])
def test_few_photos_and_missing_classes(labels: list[int]) -> None:
    order = balanced_order(labels, 1, 1)
    assert len(order) == len(labels) and set(order) <= set(range(len(labels)))


def test_processes_share_the_draws() -> None:
    alone = training_batches(len(LABELS), 8, 0, 3, balanced=LABELS)
    shares = [training_batches(len(LABELS), 8, 0, 3, process, 2, balanced=LABELS) for process in range(2)]
    for whole, *parts in zip(alone, *shares, strict=True):
        assert sorted(whole.keys) == sorted(key for part in parts for key in part.keys)

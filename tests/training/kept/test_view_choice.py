"""Which view a photo shows in an epoch follows from the seed, and each of them comes equally often."""

import numpy as np
import pytest

from core.training.kept.view_choice import ViewChoice


def test_each_view_comes_once_in_each_round_in_an_order_of_the_seed() -> None:
    one, again, other = ViewChoice(50, 4, seed=3), ViewChoice(50, 4, seed=3), ViewChoice(50, 4, seed=4)
    for turn in (1, 2):
        rounds = np.stack([one.of(epoch) for epoch in range(4 * turn, 4 * turn + 4)])
        assert (np.sort(rounds, axis=0) == np.arange(4)[:, None]).all()
        np.testing.assert_array_equal(rounds[1], again.of(4 * turn + 1))
        assert len(np.unique(rounds[0])) == 4, "not the same view for all photos"
    assert (one.of(5) != other.of(5)).any() and (one.of(4) != one.of(8)).any()
    assert (ViewChoice(5, 1, seed=0).of(7) == 0).all()


@pytest.mark.parametrize(("first", "last"), [(1, 2), (3, 3), (2, 30), (1, 400)])
def test_only_the_views_of_the_epochs_are_wanted(first: int, last: int) -> None:
    usable = np.random.default_rng(0).random((20, 4)) < 0.6
    usable[:, 0] = True
    choice = ViewChoice(20, 4, 5, usable)
    wanted = np.zeros((20, 4), bool)
    for epoch in range(first, last + 1):
        assert usable[np.arange(20), choice.of(epoch)].all()
        wanted[np.arange(20), choice.of(epoch)] = True
    np.testing.assert_array_equal(choice.pairs(first, last), wanted)

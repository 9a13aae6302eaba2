"""Which of its fixed views each training photo shows in each epoch."""

from functools import lru_cache

import numpy as np


class ViewChoice:
    """Chooses one view for each photo and epoch, from the seed alone.

    ``views`` is how many each photo has; in as many epochs in a row it shows each of them once. ``usable``, bool
    [photos, views], excludes views: the first one, the photo itself, replaces them.
    """

    def __init__(self, photos: int, views: int, seed: int, usable: np.ndarray | None = None) -> None:
        self.photos, self.views, self._seed, self._usable = photos, views, seed, usable
        self._of = lru_cache(maxsize=8)(self._chosen)

    def of(self, epoch: int) -> np.ndarray:
        """Return each photo's view in an epoch, as its number, int64 [photos]."""
        return self._of(epoch)

    def pairs(self, first: int, last: int) -> np.ndarray:
        """Return which views are used from one epoch to another, bool [photos, views]."""
        used = np.zeros((self.photos, self.views), bool)
        # Later epochs repeat: two rounds of views have all that any number of rounds has.
        for epoch in range(first, min(last, first + 2 * self.views) + 1):
            used[np.arange(self.photos), self.of(epoch)] = True
        return used

    def _chosen(self, epoch: int) -> np.ndarray:
        turn, place = divmod(epoch, self.views)
        orders = np.tile(np.arange(self.views), (self.photos, 1))
        chosen: np.ndarray = np.random.default_rng([self._seed, turn, self.views]).permuted(orders, axis=1)[:, place]
        if self._usable is not None:
            chosen = np.where(self._usable[np.arange(self.photos), chosen], chosen, 0)
        return chosen

"""The heads of a few iterations of a solver, kept while it runs and written when it is done. Does not import torch."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from core.training.events import Epoch
from core.training.linear.linear_head import LinearHead
from core.training.linear.logistic import Iteration
from core.training.saving.head_replacement import BIAS, WEIGHT
from core.training.saving.kept_epochs import FOLDER, LIMIT_BYTES, MOST_EPOCHS, note_of, spread, write_epoch


class KeptIterations:
    """Heads of the iterations 1, 2, 3, 5, 8, 13 and so on: most happens in the first ones, and no fit is too long."""

    def __init__(self) -> None:
        self._heads: dict[int, LinearHead] = {}
        self._next, self._after = 1, 2

    def add(self, iteration: Iteration) -> None:
        """Take in the next iteration."""
        number = iteration.number + 1
        if number != self._next:
            return
        self._next, self._after = self._after, self._next + self._after
        head = iteration.head()
        if (len(self._heads) + 1) * _bytes_of(head) <= LIMIT_BYTES:
            self._heads[number] = head

    def write(self, run: Path, figures: Sequence[Epoch], last: LinearHead, arch: str) -> None:
        """Write the kept heads and the last one into the run folder, in place of those of an earlier attempt.

        ``figures`` are those of all iterations. Raises OSError.
        """
        folder = run / FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        heads = {**self._heads, figures[-1].epoch: last}
        chosen = spread(sorted(heads), min(MOST_EPOCHS, LIMIT_BYTES // _bytes_of(last)))
        for one in figures:
            if one.epoch in chosen:
                head = heads[one.epoch]
                write_epoch(folder, {WEIGHT: head.weight, BIAS: head.bias}, note_of(one, arch, "iteration"))


def _bytes_of(head: LinearHead) -> int:
    return head.weight.nbytes + head.bias.nbytes

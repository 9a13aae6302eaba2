"""Keeps the trained layers of a few epochs of a training by gradient descent; see core.training.saving.kept_epochs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from core.training.events import Epoch
from core.training.network import Phase, phases, state_of_parts
from core.training.saving.kept_epochs import (
    FOLDER,
    LIMIT_BYTES,
    MOST_EPOCHS,
    START_FILE,
    epoch_files,
    note_of,
    spread,
    stored_bytes,
    write_epoch,
    write_start,
)
from core.training.setup import TrainingSetup

_LEAST_EPOCHS = 2
"""Fewer show no change: the finished model is there anyway."""


class EpochKeeper:
    """Writes epochs into a run folder, for the first process only. A failure to write is logged and stops nothing."""

    def __init__(self, run: TrainingSetup, folder: Path) -> None:
        """Delete the epochs that this training repeats: all, or those after the one that it is resumed from."""
        self._run, self._folder = run, folder / FOLDER
        self._phases = phases(run.recipe)
        self._planned: dict[int, list[int]] = {}
        self._failed = False
        done = run.state.epoch if run.state else 0
        for path in epoch_files(self._folder):
            if int(path.stem) > done:
                path.unlink(missing_ok=True)
        for path in self._folder.glob("*.part"):
            path.unlink(missing_ok=True)
        if not done:
            (self._folder / START_FILE).unlink(missing_ok=True)

    def begin_phase(self, number: int) -> None:
        """Keep the layers that this phase is the first to train as they are now, before its first step."""
        if not number or not epoch_files(self._folder) or not self._plan(number):
            return
        before = {part for phase in self._phases[:number] for part in phase.rates}
        new = [part for part in self._phases[number].rates if part not in before]
        self._attempt(lambda: write_start(self._folder, _arrays(state_of_parts(self._run.model, new))))

    def keep(self, figures: Epoch, number: int, *, finished: bool) -> None:
        """Write the network's trained layers as the epoch left them, if this epoch is one of those to keep."""
        planned = self._plan(number)
        if figures.epoch not in planned and not (finished and planned):
            return
        if figures.epoch not in planned and len(self._written(number)) >= len(planned):
            return
        tensors = _arrays(state_of_parts(self._run.model, self._phases[number].rates))
        self._attempt(lambda: write_epoch(self._folder, tensors, note_of(figures, self._run.arch)))

    def _plan(self, number: int) -> list[int]:
        """Return the epochs of a phase that are kept: evenly spread, and as many as the limit allows."""
        if self._failed:
            return []
        if number not in self._planned:
            phase = self._phases[number]
            every = range(1, self._phases[-1].end + 1)
            wanted = [epoch for epoch in spread(every, MOST_EPOCHS) if phase.first <= epoch <= phase.end]
            size = stored_bytes(_arrays(state_of_parts(self._run.model, phase.rates)))
            room = self._room(phase, number) // max(1, size)
            self._planned[number] = spread(wanted, room) if room >= min(_LEAST_EPOCHS, len(wanted)) else []
            if wanted and not self._planned[number]:
                self._run.log(
                    f"Its epochs are not kept for the Explain page: one takes {size / 1e6:,.0f} MB, and all together "
                    f"may take {LIMIT_BYTES / 1e6:,.0f} MB."
                )
        return self._planned[number]

    def _room(self, phase: Phase, number: int) -> int:
        """Return how many bytes the epochs of a phase may take: what earlier phases and the start leave."""
        earlier = sum(path.stat().st_size for path in epoch_files(self._folder) if int(path.stem) < phase.first)
        if not number:
            return LIMIT_BYTES - earlier
        before = {part for one in self._phases[:number] for part in one.rates}
        new = [part for part in phase.rates if part not in before]
        return LIMIT_BYTES - earlier - stored_bytes(_arrays(state_of_parts(self._run.model, new)))

    def _written(self, number: int) -> list[Path]:
        phase = self._phases[number]
        return [path for path in epoch_files(self._folder) if phase.first <= int(path.stem) <= phase.end]

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._failed = True
            self._run.log(f"No more epochs are kept for the Explain page: {error.strerror or error}.")


def _arrays(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Return tensors of a network as arrays, without the counters of batches, which no prediction needs."""
    return {
        name: tensor.cpu().contiguous().numpy()
        for name, tensor in state.items()
        if not name.endswith("num_batches_tracked")
    }

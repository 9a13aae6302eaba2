"""Where the batches of a training come from, phase by phase: kept features, or photos that are loaded."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from core.training.batch_loading import Batch, LoadedBatch, loading
from core.training.events import Progress
from core.training.kept.kept_batches import kept_batches
from core.training.kept.kept_features import KeptFeatures, keep_features
from core.training.network import Phase
from core.training.setup import TrainingSetup, read_photos

Plan = Callable[[Phase], Iterator[Batch]]


class BatchSource:
    """Opens the batches of one phase after the other; leaving its context ends all loading.

    ``plan`` gives the batches of a phase in the order in which the training uses them.
    """

    def __init__(self, run: TrainingSetup, phases: list[Phase], plan: Plan) -> None:
        self._run, self._phases, self._plan = run, phases, plan
        self._stack = ExitStack()
        self._photos: Iterator[LoadedBatch] | None = None
        self._photos_read = False
        self._features: KeptFeatures | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def batches(self, number: int, first: int) -> Generator[Progress, None, Iterator[LoadedBatch]]:
        """Return the batches of a phase from epoch ``first`` on; yields the progress of preparing them."""
        phase = self._phases[number]
        self._features = features = yield from keep_features(self._run, phase, first)
        if features is not None:
            self._close()
            return self._stack.enter_context(kept_batches(self._run, features, self._plan(phase)))
        if self._photos is None:
            self._close()
            if not self._photos_read:
                yield from read_photos(self._run.photos, self._run.accelerator)
                self._photos_read = True
            run = self._run
            # One iterator for several phases, so that worker processes start only once.
            plan = (batch for one in self._phases[number:] for batch in self._plan(one))
            self._photos = self._stack.enter_context(
                loading(run.photos, plan, run.accelerator.device, run.recipe.workers)
            )
        return self._photos

    def validation(self, number: int, plan: Sequence[Batch]) -> Generator[Progress, None, Iterator[LoadedBatch]]:
        """Return other batches of validation photos, for the network of a phase that is over; yields as ``batches``."""
        run, phase = self._run, self._phases[number]
        if self._features is None and self._photos is None:  # an interrupted training that goes on from here
            self._features = yield from keep_features(run, phase, phase.end + 1)
        self._close()
        if self._features is not None:
            return self._stack.enter_context(kept_batches(run, self._features, plan))
        return self._stack.enter_context(loading(run.photos, plan, run.accelerator.device, run.recipe.workers))

    def _close(self) -> None:
        self._stack.close()
        self._stack = ExitStack()
        self._photos = None

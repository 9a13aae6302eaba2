"""Answer photos with one model for several requests at a time."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PIL import Image

from core.inspection.predicting.predict_files import predict_files
from core.inspection.predicting.predictions import FilePrediction
from core.inspection.predicting.predictor import Predictor

_AT_A_TIME = 2
"""Requests whose photos are decoded and computed: one decodes while the other holds the network's lock.

A photo of the largest size takes a quarter of a gigabyte here, and a gigabyte in the process that decodes it.
"""


@dataclass
class Answering:
    """The model in memory. Forward passes have at most 16 photos and wait for the predictor's lock."""

    predictor: Predictor
    answered: int = 0
    """Photos that were answered since the start."""
    _turns: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_AT_A_TIME))
    _count: threading.Lock = field(default_factory=threading.Lock)

    def warm_up(self) -> None:
        """Compute once, so that the first request does not wait for what torch prepares."""
        self.predictor.predict([Image.new("RGB", (64, 64))])

    def answers(self, photos: Sequence[tuple[str, Callable[[], bytes]]], top: int) -> list[FilePrediction]:
        """Return an answer to each photo, or why it cannot be read; photos are read and decoded one at a time."""
        with self._turns:
            found = list(predict_files(self.predictor, photos, top=top, apart=True))
        with self._count:
            self.answered += sum(one.prediction is not None for one in found)
        return found

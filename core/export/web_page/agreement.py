"""How far a page in 8 bits agrees with the studio on validation photos."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.export.web_page.int8_network import NativeNetwork
from core.export.web_page.photos import PagePhotos, ViewReader
from core.inspection.deciding.decide import softmax
from core.training.linear.linear_head import LinearHead

MOST_POINTS_LOST = 0.5


@dataclass(frozen=True)
class Agreement:
    """What a test on validation photos counted. The network runs on this machine with the sums of a browser."""

    n: int
    same: int
    """Photos with the same most likely class."""
    studio_correct: int
    page_correct: int
    largest_difference: float
    """Of any probability of any photo."""

    @property
    def lost_points(self) -> float:
        """By how many per cent of the photos the page is worse."""
        return 100 * (self.studio_correct - self.page_correct) / self.n

    @property
    def sentence(self) -> str:
        photos = "photo" if self.n == 1 else "photos"
        most = math.ceil(1000 * self.largest_difference) / 1000  # rounded up: the sentence promises a limit
        text = (
            f"On {self.n:,} validation {photos}, this page and ResNet Studio name the same class for {self.same:,}; "
            f"{self.page_correct:,} are correct here, {self.studio_correct:,} in the studio. No probability differs by "
            f"more than {most:.3f}."
        )
        if self.lost_points > MOST_POINTS_LOST:
            text += f" Computing in 8 bits costs {self.lost_points:.1f} points of accuracy."
        return text


def agreement(
    network: NativeNetwork,
    head: LinearHead,
    photos: PagePhotos,
    reader: ViewReader,
    scale: float,
    done: Callable[[int], None] = lambda _: None,
) -> Agreement | None:
    """Compare on the tested photos; None if there are none. ``scale`` is what the logits are divided by."""
    if photos.logits is None or photos.tested_labels is None or not photos.tested:
        return None
    found, rows = list[np.ndarray](), list[int]()
    for pixels, places in reader.batches(photos.tested, done):
        found += [head.logits(vectors) for vectors in network.vectors([pixels])]
        rows += places
    if not rows:
        return None
    page, studio = np.concatenate(found).astype(np.float64), photos.logits[rows].astype(np.float64)
    labels = photos.tested_labels[rows]
    difference = np.abs(softmax(page / scale) - softmax(studio / scale)).max()
    return Agreement(
        len(rows),
        int((page.argmax(axis=1) == studio.argmax(axis=1)).sum()),
        int((studio.argmax(axis=1) == labels).sum()),
        int((page.argmax(axis=1) == labels).sum()),
        float(difference),
    )

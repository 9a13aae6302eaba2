"""The photos that a page is made with: they calibrate its network, are learned together with new ones, and test it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.errors import DataError, ImageRefused, LogitsMissing, RunError
from core.inspection.doubt.run_logits import logits_of
from core.runs.folder import RunFolder
from core.workspace import SAMPLE_IMAGES, Workspace

if TYPE_CHECKING:
    import pandas as pd

CALIBRATION_PHOTOS = 32
LEARNED_PHOTOS = 400
"""Training photos whose vectors go with the page, so that it can learn new classes beside those it knows."""
TESTED_PHOTOS = 200
LEAST_CALIBRATION = 8
"""With fewer photos of its own, a network is calibrated on the sample images."""
_BATCH = 8


@dataclass(frozen=True)
class PagePhotos:
    """Photos of a run; a bundle alone has none."""

    calibration: np.ndarray
    """Their views, uint8 [n, S, S, 3]."""
    own: bool
    """Whether these are training photos; otherwise, because there are too few, sample images of the studio."""
    learned: tuple[Source, ...] = ()
    labels: tuple[int, ...] = ()
    """The class numbers of the learned photos."""
    tested: tuple[Source, ...] = ()
    tested_labels: np.ndarray | None = None
    logits: np.ndarray | None = None
    """What the studio's network said about the tested photos, float32 [n, classes]."""


def page_photos(
    run: RunFolder | None, classes: Sequence[str], preprocessing: Preprocessing, workspace: Workspace, seed: int = 0
) -> tuple[PagePhotos, "ViewReader"]:
    """Return the photos for a page of a run's model, or for a bundle (None), and what reads them."""
    reader = ViewReader(ResizedCache(workspace.cache / "resized", preprocessing))
    numbers = {name: number for number, name in enumerate(classes)}
    training = _training(run, numbers, seed)
    learned = training[:LEARNED_PHOTOS]
    calibration = reader.all([source for source, _ in learned[:CALIBRATION_PHOTOS]])
    own = len(calibration) >= LEAST_CALIBRATION
    if not own:
        calibration = reader.all(_sample_images())
    tested, labels, logits = _tested(run, seed)
    return PagePhotos(
        calibration,
        own,
        tuple(source for source, _ in learned),
        tuple(number for _, number in learned),
        tested,
        labels,
        logits,
    ), reader


class ViewReader:
    """Reads views of photos, and leaves out those that cannot be read."""

    def __init__(self, cache: ResizedCache) -> None:
        self._cache = cache

    def batches(
        self, sources: Sequence[Source], done: Callable[[int], None] = lambda _: None
    ) -> Iterator[tuple[np.ndarray, list[int]]]:
        """Yield views, uint8 [n, S, S, 3], with the places of their photos; ``done`` is told how many were read."""
        for start in range(0, len(sources), _BATCH):
            views, places = list[np.ndarray](), list[int]()
            for place, source in enumerate(sources[start : start + _BATCH], start):
                with suppress(ImageRefused):
                    views.append(self._cache.view(source))
                    places.append(place)
            done(min(start + _BATCH, len(sources)))
            if views:
                yield np.stack(views), places

    def all(self, sources: Sequence[Source]) -> np.ndarray:
        """Return the views of all readable photos, uint8 [n, S, S, 3]."""
        found = [views for views, _ in self.batches(sources)]
        return np.concatenate(found) if found else np.empty((0, 0, 0, 3), np.uint8)


def _training(run: RunFolder | None, numbers: dict[str, int], seed: int) -> list[tuple[Source, int]]:
    """Return the training photos in a random order that takes one of each class after the other."""
    if run is None:
        return []
    try:
        frame = run.snapshot().part("train")
    except DataError:  # the photos are not needed for a page
        return []
    frame = frame[frame["label"].isin(list(numbers))].sample(frac=1, random_state=seed)
    turn = frame.groupby("label").cumcount()
    frame = frame.assign(turn=turn).sort_values("turn", kind="stable")
    return [(source, numbers[str(label)]) for source, label in zip(_sources(frame), frame["label"], strict=True)]


def _tested(run: RunFolder | None, seed: int) -> tuple[tuple[Source, ...], np.ndarray | None, np.ndarray | None]:
    """Return validation photos, their classes, and the logits that the run's evaluation stored."""
    if run is None:
        return (), None, None
    try:
        logits, labels, frame = logits_of(run.path)
        snapshot = run.snapshot().part("val")
    except (LogitsMissing, RunError, DataError):
        return (), None, None
    if "image" not in frame:
        return (), None, None
    paths = dict(zip(snapshot["image"], snapshot["path"], strict=True))
    rows = [row for row, image in enumerate(frame["image"]) if image in paths]
    rows = sorted(np.random.default_rng(seed).permutation(rows)[:TESTED_PHOTOS].tolist())
    chosen = frame.iloc[rows]
    return tuple(_sources(chosen.assign(path=chosen["image"].map(paths)))), labels[rows], logits[rows]


def _sources(frame: "pd.DataFrame") -> list[Source]:
    rows = frame[["image", "path", "filename"]].itertuples(index=False)
    return [Source(str(row.image), Path(str(row.path)), str(row.filename)) for row in rows]


def _sample_images() -> list[Source]:
    """Return some of the birds and the single photos: thirty varied pictures."""
    files = [
        *sorted((SAMPLE_IMAGES / "birds" / "images").rglob("*.jpg"))[::5],
        *(SAMPLE_IMAGES / "photos").glob("*.jpg"),
    ]
    return [Source(f"sample-{path.stem}", path, path.name) for path in sorted(files)]

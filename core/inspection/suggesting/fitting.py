"""One fit of the suggestion model: from some labels to the probable class of each photo, and the most unlike ones."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.inspection.suggesting.acquisition import most_unlike
from core.inspection.suggesting.probe import Probe, fit

_one_fit = threading.Lock()


@dataclass(frozen=True, eq=False)
class FitJob:
    """What a fit is made from."""

    places: np.ndarray
    """float32 [n, D], of all photos."""
    labels: np.ndarray
    """int64 [n], numbers of classes; -1 for photos without a label."""
    classes: int
    begun: bool
    """Whether there are enough labels for a classifier."""
    unlike: int
    """How many of the photos most unlike the labelled ones are wanted."""
    start: Probe | None = None
    """The probe of the fit before, if it is of the same space and classes."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of a fit."""

    probe: Probe | None
    """None if there are too few labels."""
    probabilities: np.ndarray | None
    """float64 [n, classes]"""
    unlike: np.ndarray | None
    """Rows of photos; None if none were wanted."""


Fit = Callable[[FitJob], Fitted]


def fit_here(job: FitJob) -> Fitted:
    """Fit in this process."""
    with one_core():
        return fitted(job)


@contextmanager
def one_core() -> Iterator[None]:
    """Compute inside on one core: the other one serves the pages. One thread at a time, for all projects."""
    with _one_fit, _libraries().limit(limits=1, user_api="blas"):
        yield


def fitted(job: FitJob) -> Fitted:
    """Fit with the threads that there are."""
    probe = probabilities = None
    if job.begun:
        known = job.labels >= 0
        probe = fit(job.places[known], job.labels[known], job.classes, job.start)
        probabilities = probe.probabilities(job.places)
    unlike = most_unlike(job.places, job.labels >= 0, job.unlike) if job.unlike else None
    return Fitted(probe, probabilities, unlike)


@lru_cache(maxsize=1)
def _libraries() -> Any:
    """Return the libraries that compute with several threads, looked for once: that takes as long as a small fit."""
    import sklearn.utils.extmath  # noqa: F401 - only libraries that are loaded can be limited
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()

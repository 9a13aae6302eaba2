"""Suggested classes for all photos of a project, from a small model that is refitted after each label.

One thread of the server refits for all tabs of a project, on one core. Nobody waits for it: pages request newer
suggestions, and `SuggestionModel.holds` says whether the latest still answer to the labels as they are now. The feature
vectors are computed beforehand (`vector_job`).
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.data.store.store import Store
from core.errors import StudioError
from core.features.vectors import Vectors
from core.inspection.suggesting.acquisition import at_random, likeliest, most_uncertain

if TYPE_CHECKING:
    from core.inspection.suggesting.fitting import Fit
    from core.inspection.suggesting.probe import Probe, ProbeSpace

LABELS_PER_CLASS = 2
"""Suggestions start when each class has this many labels."""
PATIENCE = 5
"""Or when there are this many labels per class on average, so that a rare class does not prevent suggestions."""
ORDERS = ("uncertain", "unlike", "random", "class")
RANDOM_SEED = 0
_GROWTH = 1.25
_UNLIKE = 64
_CHEAP_PAIRS = 5_000_000
"""Pairs of photos that are compared in a tenth of a second."""
_PAUSE_SECONDS = 0.15
"""Before a slow fit in the background, so that the page that follows a key press comes first."""
_QUICK_SECONDS = 0.1
"""A page waits for a fit that takes less: usual are 10 ms for 200 photos, 20 ms for 1,000."""
_WAIT_SECONDS = 0.25
log = logging.getLogger(__name__)


def enough_labels(counts: Sequence[int]) -> bool:
    """Return whether suggestions start, given the number of labels of each class."""
    ready = sum(count >= LABELS_PER_CLASS for count in counts)
    return ready >= 2 and (ready == len(counts) or sum(counts) >= PATIENCE * len(counts))


@dataclass(frozen=True, eq=False)
class Suggestions:
    """The result of a fit; rows are photos that have a vector, in the order of their ids."""

    ids: np.ndarray
    places: np.ndarray
    """[n, D]"""
    labelled: np.ndarray
    """[n], true for photos that had a label at that time."""
    revision: int = 0
    """The number of label changes (`LabelRevision.changed`) that the fit knows."""
    classes: tuple[str, ...] = ()
    probabilities: np.ndarray | None = None
    """[n, K]; None if there are too few labels."""
    lacking: tuple[str, ...] = ()
    """Classes with fewer than two labels."""
    unlike: np.ndarray | None = None
    """Rows of the photos most unlike the labelled ones; None if not requested."""
    row_of: dict[int, int] = field(default_factory=dict)

    def of(self, image_id: int) -> tuple[str, float] | None:
        """Return the suggested class of a photo and its probability, or None if there is no suggestion yet."""
        row = self.row_of.get(image_id)
        if row is None or self.probabilities is None:
            return None
        number = int(self.probabilities[row].argmax())
        return self.classes[number], float(self.probabilities[row, number])

    def ranking(self, order: str, label: str | None = None) -> np.ndarray:
        """Return the ids of unlabelled photos in the order to label them; ``order`` is one of ``ORDERS``.

        Without probabilities, the most unlike photos are returned instead. Empty if nothing is known.
        """
        if order == "random":
            rows = at_random(len(self.ids), RANDOM_SEED)
        elif self.probabilities is None or order == "unlike":
            rows = np.empty(0, np.int64) if self.unlike is None else self.unlike
        elif order == "class" and label in self.classes:
            rows = likeliest(self.probabilities, self.classes.index(label))
        else:
            rows = most_uncertain(self.probabilities)
        return self.ids[rows[~self.labelled[rows]]]

    def sure(self, least: float) -> list[tuple[int, str, float]]:
        """Return (id, class, probability) of unlabelled photos whose suggested class has at least that probability."""
        if self.probabilities is None:
            return []
        best, highest = self.probabilities.argmax(axis=1), self.probabilities.max(axis=1)
        rows = np.flatnonzero(~self.labelled & (highest >= least))
        rows = rows[np.argsort(-highest[rows], kind="stable")]
        return [(int(self.ids[row]), self.classes[best[row]], float(highest[row])) for row in rows]


class SuggestionModel:
    """Keeps a project's suggestions up to date; may be shared by threads."""

    def __init__(self, store: Store, project_id: int, vectors: Vectors, fit: "Fit | None" = None) -> None:
        """``fit`` computes a fit; the default does so in this process."""
        self.store = store
        self._fit = fit
        self.project_id = project_id
        self.vectors = vectors
        self.suggestions: Suggestions | None = None
        self.unlike_wanted = False  # with many labels they take longer than the fit itself
        self.failed = False
        """Whether the last fit ended with an error, which is in the server's log; the next ``ask`` tries again."""
        self._lock = threading.Lock()
        self._asked = False
        self._working = False
        self._fitting = threading.Lock()
        self._fitted = threading.Condition()
        self._fit_seconds = float("inf")  # of the last fit
        self._overtaken = False  # labels were added faster than the last fit took
        self._space: ProbeSpace | None = None
        self._made_of = 0
        self._places: dict[str, np.ndarray] = {}
        self._probe: tuple[tuple[str, ...], Probe] | None = None

    @property
    def fresh(self) -> bool:
        """Whether no fit is requested or running."""
        return not (self._asked or self._working)

    def holds(self, revision: int, least: int = 0) -> bool:
        """Return whether what was fitted at this label revision still answers to the labels as they are now.

        It does while no label or class has changed since. Where many people label at once, labels are added faster
        than a fit takes, and no fit would ever hold. Then it may lack the labels that were added since the last fit
        began. It never relies on a label that was changed or undone since, nor lacks those up to ``least``: the
        revision after the caller's own newest label.
        """
        now = self.store.label_revision(self.project_id)
        return revision >= now.changed or (self._overtaken and revision >= max(now.withdrawn, least))

    def current(self, least: int = 0) -> Suggestions | None:
        """Return suggestions that hold now (see ``holds``); None while they are recomputed, which this requests.

        Where fits are quick, this waits for one. After a fit that failed, it is None until the next ``ask``.
        """
        found = self.suggestions
        if found is not None and self.holds(found.revision, least):
            return found
        if self.failed:
            return None
        self.ask()
        end = time.monotonic() + _WAIT_SECONDS
        with self._fitted:
            while self._fit_seconds < _QUICK_SECONDS and self._fitted.wait(end - time.monotonic()):
                found = self.suggestions
                if found is not None and self.holds(found.revision, least):
                    return found
        return None

    def answer(self, vectors: np.ndarray) -> tuple[tuple[str, ...], np.ndarray] | None:
        """Return the classes and their probabilities [n, K] for vectors of other pictures [n, C].

        None before the first fit with enough labels. The pictures need not be in the project.
        """
        with self._fitting:
            if self._space is None or self._probe is None:
                return None
            classes, probe = self._probe
            return classes, probe.probabilities(self._space.place(vectors))

    def ask(self) -> None:
        """Request a refit in the background; several requests during a fit lead to one refit after it."""
        with self._lock:
            self._asked = True
            if self._working:
                return
            self._working, self.failed = True, False
        threading.Thread(target=self._work, name=f"suggestions-{self.project_id}", daemon=True).start()

    def refresh(self) -> Suggestions:
        """Read all labels, refit now and return the suggestions."""
        with self._fitting:
            begun = time.monotonic()
            made = self._refit()
            seconds = time.monotonic() - begun
            overtaken = self.store.label_revision(self.project_id).changed > made.revision
            with self._fitted:
                self.suggestions, self._fit_seconds, self._overtaken = made, seconds, overtaken
                self._fitted.notify_all()
        return made

    def _work(self) -> None:
        while True:
            if self._fit_seconds >= _QUICK_SECONDS:
                time.sleep(_PAUSE_SECONDS)
            with self._lock:
                if not self._asked:
                    self._working = False
                    return
                self._asked = False
            try:
                self.refresh()
            except StudioError as error:  # the project was deleted, for example
                log.info("No suggestions for project %s: %s", self.project_id, error)
            except Exception:
                with self._lock:
                    self._working, self.failed = False, True
                raise

    def _refit(self) -> Suggestions:
        from core.inspection.suggesting.fitting import FitJob, fit_here

        # First, so that a label that is given meanwhile counts as unknown to this fit.
        revision = self.store.label_revision(self.project_id).changed
        names = [one.name for one in self.store.classes(self.project_id)]
        images = self.store.image_labels(self.project_id)
        self._place_new([one.hash for one in images])
        there = [one for one in images if one.hash in self._places]
        width = self._space.components.shape[1] if self._space else 0
        places = np.stack([self._places[one.hash] for one in there]) if there else np.empty((0, width), np.float32)
        number_of = {name: number for number, name in enumerate(names)}
        labels = np.array([number_of.get(one.label or "", -1) for one in there], dtype=np.int64)
        count = Counter(one.label for one in images if one.label is not None)
        lacking = tuple(name for name in names if count[name] < LABELS_PER_CLASS)
        able = len(np.unique(labels[labels >= 0])) >= 2
        begun = able and enough_labels([count[name] for name in names])
        classes = tuple(names)
        cheap = int((labels >= 0).sum()) * len(there) <= _CHEAP_PAIRS
        job = FitJob(
            places,
            labels,
            len(names),
            begun,
            _UNLIKE if cheap or self.unlike_wanted else 0,
            self._probe[1] if self._probe and self._probe[0] == classes else None,
        )
        found = (self._fit or fit_here)(job)
        if found.probe is not None:
            self._probe = (classes, found.probe)
        ids = np.array([one.id for one in there], dtype=np.int64)
        labelled = np.array([one.label is not None for one in there], dtype=bool)
        return Suggestions(
            ids=ids,
            places=places,
            labelled=labelled,
            revision=revision,
            classes=classes,
            probabilities=found.probabilities,
            lacking=lacking,
            unlike=found.unlike,
            row_of={int(number): row for row, number in enumerate(ids)},
        )

    def _place_new(self, hashes: list[str]) -> None:
        """Project new vectors; the space is computed again when the number of photos has grown enough."""
        from core.inspection.suggesting.fitting import one_core
        from core.inspection.suggesting.probe import ProbeSpace

        new = [one for one in hashes if one not in self._places]
        if not new or len(self.vectors.missing(new)) == len(new):
            return
        found, vectors = self.vectors.known(hashes)
        with one_core():
            if self._space is None or len(found) >= self._made_of * _GROWTH:
                self._space, self._made_of, self._probe = ProbeSpace.of(vectors), len(found), None
            self._places = dict(zip(found, self._space.place(vectors), strict=True))

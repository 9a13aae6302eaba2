"""Makes the early first model: computes the vectors of its photos, solves a head on them, and saves it as ``best/``."""

import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

import numpy as np

from core.data.pictures.source import Source
from core.data.snapshot import GROUP, Snapshot
from core.features.engines.remembered import remembered_speed
from core.features.frozen_pass import AnyVectors, compute
from core.features.views import ORIGINAL
from core.progress import COMPUTING_FEATURES, Progress
from core.training.early.early_photos import (
    FIRST_SECONDS,
    Candidates,
    EarlyPhotos,
    at_once,
    early_photos,
    is_worthwhile,
)
from core.training.early.seen_photos import OF, SEEN, VALIDATION_OF
from core.training.events import EarlyModel, Event, SolverIteration
from core.training.linear.frozen_start import FrozenStart
from core.training.linear.kept_vectors import (
    TRAIN,
    VALIDATION,
    OpenedPass,
    WantedVectors,
    lacking_views,
    refuse,
    vectors_of,
)
from core.training.linear.linear_head import LinearHead
from core.training.linear.logistic import DEFAULT_STRENGTH, LogisticRegression, TrainingVectors
from core.training.linear.nearest_mean import few_labels, nearest_mean
from core.training.recipe import Recipe
from core.training.saving.head_bundle import save_best
from core.training.saving.run_bundle import run_bundle_info

EARLY_PHASE = f"{COMPUTING_FEATURES} for a first model"
"""It begins as the name of the pass over all photos does."""


class EarlyHead:
    """The early model of one run: a head on the vectors of the last stage, of the original view alone.

    It takes the stores and the engine of the pass over all photos, so nothing is computed twice, and the final head is
    the same with it as without it.
    """

    def __init__(
        self, snapshot: Snapshot, recipe: Recipe, start: FrozenStart, folder: Path, wanted: WantedVectors
    ) -> None:
        self._snapshot = snapshot
        self._recipe = recipe
        self._start = start
        self._folder = folder
        self._wanted = wanted
        self._began = time.monotonic()
        place = {name: number for number, name in enumerate(snapshot.classes)}
        self._labels = {
            split: np.array([place[name] for name in snapshot.part(split)["label"]], dtype=np.int64)
            for split in (TRAIN, VALIDATION)
        }

    def sources(self, stores: Mapping[str, AnyVectors]) -> list[Source]:
        """Return the photos that are to be computed first; none where an early model is not worthwhile."""
        choose = self._choice(stores)
        some, most = (None, None) if choose is None else (choose(self._at_once()), choose(None))
        if some is None or most is None:
            return []
        return list(dict.fromkeys([*self._photos(some), *self._photos(most)]))

    def events(self, opened: OpenedPass) -> Generator[Event]:
        """Make the model and say so, if the pass is long enough for one and each class has photos for it.

        Raises ImageRefused for a broken photo, and the errors of ``save_best``.
        """
        choose = self._choice(opened.stores)
        chosen = None if choose is None else choose(self._at_once())
        if choose is None or chosen is None:
            return
        began, first = time.monotonic(), len(self._photos(chosen))
        yield from self._compute(chosen, opened)
        if self._speed() is None:  # it is known now
            per_second = first / max(1e-9, time.monotonic() - began)
            chosen = choose(max(self._at_once(), int(per_second * FIRST_SECONDS))) or chosen
            yield from self._compute(chosen, opened)
        sources = self._sources(chosen)
        vectors = {split: vectors_of(opened.stores[ORIGINAL], some)[-1] for split, some in sources.items()}
        yield self._save(chosen, vectors, opened.engine.name)

    def _compute(self, chosen: EarlyPhotos, opened: OpenedPass) -> Generator[Progress]:
        original = {ORIGINAL: opened.filled[ORIGINAL]}
        for progress in compute(original, self._photos(chosen), opened.cache, opened.engine, refuse):
            yield Progress(EARLY_PHASE, progress.done, progress.total)

    def _speed(self) -> float | None:
        wanted = self._wanted
        return remembered_speed(wanted.workspace, wanted.network, exact=wanted.exact)

    def _at_once(self) -> int:
        return at_once(len(np.unique(self._labels[TRAIN])), self._speed())

    def _choice(self, stores: Mapping[str, AnyVectors]) -> Callable[[int | None], EarlyPhotos | None] | None:
        """Return a function that chooses at most so many photos; None where an early model is not worthwhile."""
        wanted = self._wanted
        lacking = wanted.lacking(stores, (VALIDATION,))
        views = lacking_views(lacking)
        if not is_worthwhile(views, self._speed()):
            return None
        train, val = (
            Candidates(self._labels[split], [one.hash for one in wanted.sources.get(split, ())])
            for split in (TRAIN, VALIDATION)
        )
        missing = set(lacking[ORIGINAL])  # computing some of them changes nothing about the choice
        return lambda most: early_photos(train, val, views, missing, most)

    def _photos(self, chosen: EarlyPhotos) -> list[Source]:
        return [one for some in self._sources(chosen).values() for one in some]

    def _sources(self, chosen: EarlyPhotos) -> dict[str, list[Source]]:
        rows = {TRAIN: chosen.train, VALIDATION: chosen.val}
        return {split: [self._wanted.sources[split][row] for row in some.tolist()] for split, some in rows.items()}

    def _save(self, chosen: EarlyPhotos, vectors: Mapping[str, np.ndarray], engine: str) -> EarlyModel:
        train, val = self._labels[TRAIN][chosen.train], self._labels[VALIDATION][chosen.val]
        head = self._solved(train, vectors[TRAIN], chosen)
        seconds = time.monotonic() - self._began
        figures = self._figures(head, vectors, train, val, seconds)
        settings, arch = self._start.network.settings, self._start.network.arch
        info = run_bundle_info(
            arch=arch,
            task="classification",
            snapshot=self._snapshot,
            recipe=self._recipe,
            preprocessing=self._recipe.preprocessing(settings["mean"], settings["std"]),
            origin=self._start.origin,
            figures=figures,
        )
        every = {split: len(labels) for split, labels in self._labels.items()}
        seen = {SEEN: len(train), OF: every[TRAIN], VALIDATION_OF: every[VALIDATION]}
        save_best(self._folder, self._start, head, info.model_copy(update={"metrics": info.metrics | seen}))
        logits = head.logits(vectors[VALIDATION])
        return EarlyModel(
            photos=len(train),
            of=every[TRAIN],
            correct=int((logits.argmax(axis=1) == val).sum()),
            val_n=len(val),
            arch=arch,
            engine=engine,
            seconds=time.monotonic() - self._began,
            rows=chosen.val,
            logits=logits,
        )

    def _solved(self, labels: np.ndarray, vectors: np.ndarray, chosen: EarlyPhotos) -> LinearHead:
        """Return the head at the default strength: choosing one by cross-validation is for all photos."""
        part = self._snapshot.part(TRAIN)
        training = TrainingVectors(
            [vectors],
            labels,
            len(self._snapshot.classes),
            groups=list(part[GROUP].iloc[chosen.train]) if GROUP in part else None,
            class_weighting=self._recipe.class_weighting,
            label_smoothing=self._recipe.label_smoothing,
        )
        return nearest_mean(training) if few_labels(labels) else LogisticRegression(training).solve(DEFAULT_STRENGTH)

    def _figures(
        self, head: LinearHead, vectors: Mapping[str, np.ndarray], train: np.ndarray, val: np.ndarray, seconds: float
    ) -> SolverIteration:
        on_train, on_val = head.score(vectors[TRAIN], train), head.score(vectors[VALIDATION], val)
        return SolverIteration(
            epoch=1,
            epochs=1,
            train_loss=on_train.loss,
            train_accuracy=on_train.accuracy,
            val_loss=on_val.loss,
            val_accuracy=on_val.accuracy,
            val_n=on_val.n,
            learning_rate=0.0,
            seconds=seconds,
            images_per_second=0.0,
            best=True,
        )

"""Makes the early first model: computes the vectors of its photos, solves a head on them, and saves it as ``best/``."""

import time
from collections.abc import Generator, Mapping
from pathlib import Path

import numpy as np

from core.data.pictures.source import Source
from core.data.snapshot import GROUP, Snapshot
from core.features.engines.remembered import remembered_speed
from core.features.frozen_pass import AnyVectors, compute
from core.features.views import ORIGINAL
from core.progress import COMPUTING_FEATURES, Progress
from core.training.early.early_photos import Candidates, EarlyPhotos, early_photos, is_worthwhile
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
        found = self._choose(stores)
        return [] if found is None else [one for some in self._sources(found).values() for one in some]

    def events(self, opened: OpenedPass) -> Generator[Event]:
        """Make the model and say so, if the pass is long enough for one and each class has photos for it.

        Raises ImageRefused for a broken photo, and the errors of ``save_best``.
        """
        chosen = self._choose(opened.stores)
        if chosen is None:
            return
        sources = self._sources(chosen)
        photos = [one for some in sources.values() for one in some]
        original = {ORIGINAL: opened.filled[ORIGINAL]}
        for progress in compute(original, photos, opened.cache, opened.engine, refuse):
            yield Progress(EARLY_PHASE, progress.done, progress.total)
        vectors = {split: vectors_of(opened.stores[ORIGINAL], some)[-1] for split, some in sources.items()}
        yield self._save(chosen, vectors, opened.engine.name)

    def _choose(self, stores: Mapping[str, AnyVectors]) -> EarlyPhotos | None:
        wanted = self._wanted
        speed = remembered_speed(wanted.workspace, wanted.network, exact=wanted.exact)
        lacking = wanted.lacking(stores, (VALIDATION,))
        views = lacking_views(lacking)
        if not is_worthwhile(views, speed):
            return None
        train, val = (
            Candidates(self._labels[split], [one.hash for one in wanted.sources.get(split, ())])
            for split in (TRAIN, VALIDATION)
        )
        return early_photos(train, val, views, lacking[ORIGINAL])

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

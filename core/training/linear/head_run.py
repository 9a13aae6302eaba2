"""A training of the head alone, solved as logistic regression on kept vectors; torch only computes missing vectors."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.snapshot import GROUP, Snapshot, check_trainable
from core.features.views import ORIGINAL
from core.free_memory import return_free_memory
from core.models.zoo import with_stages_head
from core.training.advice import advice
from core.training.early.early_head import EarlyHead
from core.training.events import Event, Progress, SolverIteration
from core.training.linear.chosen_vectors import LogFunction, chosen_vectors
from core.training.linear.frozen_start import fetched_start, start_sentences
from core.training.linear.kept_iterations import KeptIterations
from core.training.linear.kept_vectors import (
    TRAIN,
    VALIDATION,
    KeptVectors,
    WantedVectors,
    finish_pass,
    open_pass,
    with_chosen_engine,
)
from core.training.linear.linear_head import LinearHead, Score
from core.training.linear.logistic import TrainingVectors
from core.training.linear.nearest_mean import few_labels, nearest_mean
from core.training.recipe import Recipe
from core.training.saving.head_bundle import save_head
from core.training.saving.run_bundle import run_bundle_info
from core.workspace import Workspace

SPLITS = (VALIDATION,)
"""What a head is evaluated on."""
SAVING = "saving the model"
"""The progress that is reported just before ``best/`` is replaced."""
MOST_POINTS = 60
"""Iterations that are recorded; of more, some are left out evenly."""


@dataclass(frozen=True)
class SolvedHead:
    """The result of a run: its logits on the validation photos."""

    arch: str
    """Of its bundle: with a head on several stages, where it takes those."""
    engine: str
    logits: np.ndarray
    """float32 [n, classes], in the order of ``Snapshot.part``."""
    seconds: float
    share_with_maps: float = 0.0
    """The share of the photos whose maps were kept in the same pass."""


@dataclass(frozen=True)
class _Point:
    number: int
    train: Score
    val: Score
    seconds: float


def solve_head(
    snapshot: Snapshot,
    recipe: Recipe,
    folder: Path,
    workspace: Workspace,
    *,
    log: LogFunction,
    maps_of: str | None = None,
    early: bool = False,
) -> Generator[Event, None, SolvedHead]:
    """Train the head and yield events: the progress, then each iteration; returns the logits for an evaluation.

    ``best/`` and ``last/`` are written before the last iteration is yielded. There is nothing to resume: an interrupted
    run starts over, with the vectors that were computed. ``maps_of`` is a stage whose maps are kept in the same pass,
    for a training of the layers above it that follows. With ``early``, and if many vectors are missing, ``best/`` first
    gets a model from a few photos of each class; the event that says so comes once in a run.
    Raises TooLittleData, ImageRefused, RunError, and the errors of weights and bundles.
    """
    began = time.monotonic()
    check_trainable(snapshot)
    for sentence in advice(recipe, snapshot.counts(), snapshot.task):
        log(sentence)
    start = yield from fetched_start(recipe)
    for sentence in start_sentences(recipe, start.network.arch, start.origin):
        log(sentence)
    counts = {split: len(snapshot.part(split)) for split in ("train", "val", "test")}
    log(
        f"{counts['train']:,} training photos, {counts['val']:,} validation photos, {counts['test']:,} test photos "
        "(kept back for the final exam)."
    )
    wanted = WantedVectors(workspace, start.network, snapshot, recipe, maps_of)
    first = EarlyHead(snapshot, recipe, start, folder, wanted) if early else None
    opened = yield from open_pass(wanted, SPLITS, log, first.sources if first else lambda stores: ())
    if first and opened:
        yield from first.events(opened)
        # Only now, since measuring the engines takes longer than the early model.
        opened = yield from with_chosen_engine(wanted, SPLITS, opened)
    if opened:
        return_free_memory()  # of reading the weights, and of engines that were measured
    vectors = yield from finish_pass(wanted, SPLITS, opened)
    log(_vectors_sentence(vectors, sum(map(len, wanted.sources.values()))))
    yield Progress("solving the head", 0, None)
    solution = _solved(snapshot, recipe, vectors, log)
    points, arch = solution.points, start.network.arch
    if solution.vectors is vectors.stages:
        arch = with_stages_head(arch)
    kept = _thinned(points)
    for point in kept[:-1]:
        yield _event(point, points[-1].number, best=False)
    last = _event(points[-1], points[-1].number, best=True)
    yield Progress(SAVING, 0, None)
    values = start.network.settings
    info = run_bundle_info(
        arch=arch,
        task="classification",
        snapshot=snapshot,
        recipe=recipe,
        preprocessing=recipe.preprocessing(values["mean"], values["std"]),
        origin=start.origin,
        figures=last,
    )
    save_head(folder, start, solution.head, info, last, solution.last_stage)
    if recipe.keep_epochs:
        figures = [*(_event(point, points[-1].number, best=False) for point in points[:-1]), last]
        try:
            solution.kept.write(folder, figures, solution.head, arch)
        except OSError as error:
            log(f"The iterations are not kept for the Explain page: {error.strerror or error}.")
    yield last
    logits = solution.head.logits(solution.vectors.others[VALIDATION])
    photos = sum(len(wanted.sources.get(split, ())) for split in (TRAIN, VALIDATION))
    with_maps = vectors.computed / photos if vectors.with_maps else 0.0
    return SolvedHead(arch, vectors.engine, logits, time.monotonic() - began, with_maps)


@dataclass(frozen=True)
class _Solution:
    """The head at the optimum, and the points of the curves."""

    head: LinearHead
    points: list[_Point]
    vectors: KeptVectors
    """Those that the head takes."""
    kept: KeptIterations
    last_stage: LinearHead | None = None
    """A head on the last stage alone, where the other takes several."""


def _solved(snapshot: Snapshot, recipe: Recipe, vectors: KeptVectors, log: LogFunction) -> _Solution:
    began = time.monotonic()
    place = {name: number for number, name in enumerate(snapshot.classes)}
    parts = {split: snapshot.part(split) for split in ("train", "val")}
    labels = {split: np.array([place[name] for name in part["label"]]) for split, part in parts.items()}

    def training(some: KeptVectors) -> TrainingVectors:
        return TrainingVectors(
            list(some.views.values()),
            labels["train"],
            len(snapshot.classes),
            groups=list(parts["train"][GROUP]) if GROUP in parts["train"] else None,
            class_weighting=recipe.class_weighting,
            label_smoothing=recipe.label_smoothing,
        )

    if few_labels(labels["train"]):
        several = vectors.stages if recipe.head_features == "stages" else None
        taken = several or vectors
        head = nearest_mean(training(taken))
        log("With so few labels, the nearest class mean predicts better than logistic regression, so it is used.")
        scores = (
            head.score(taken.views[ORIGINAL], labels["train"]),
            head.score(taken.others["val"], labels["val"]),
        )
        last_stage = nearest_mean(training(vectors)) if several else None
        return _Solution(head, [_Point(1, *scores, time.monotonic() - began)], taken, KeptIterations(), last_stage)
    chosen = chosen_vectors(recipe, vectors, training, log)
    points: list[_Point] = []
    kept, last = KeptIterations(), None
    for last in chosen.regression.iterations(chosen.strength, (chosen.vectors.others["val"], labels["val"])):
        now = time.monotonic()
        assert last.val is not None
        points.append(_Point(last.number + 1, last.train, last.val, now - began))
        if recipe.keep_epochs:
            kept.add(last)
        began = now
    if last is None:
        raise AssertionError("the regression yields at least its start")
    log(
        f"Logistic regression was solved to its optimum in {len(points)} iterations; the first is the start, where all "
        "classes are equally likely."
    )
    return _Solution(last.head(), points, chosen.vectors, kept, chosen.last and chosen.last())


def _thinned(points: list[_Point]) -> list[_Point]:
    if len(points) <= MOST_POINTS:
        return points
    chosen = np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int))
    return [points[place] for place in chosen]


def _event(point: _Point, iterations: int, *, best: bool) -> SolverIteration:
    return SolverIteration(
        epoch=point.number,
        epochs=iterations,
        train_loss=point.train.loss,
        train_accuracy=point.train.accuracy,
        val_loss=point.val.loss,
        val_accuracy=point.val.accuracy,
        val_n=point.val.n,
        learning_rate=0.0,
        seconds=point.seconds,
        images_per_second=0.0,
        best=best,
    )


def _vectors_sentence(vectors: KeptVectors, photos: int) -> str:
    views = len(vectors.views)
    seen = f"in {views} views" if views > 1 else "in 1 view"
    there = "all kept from before" if not vectors.computed else f"{vectors.computed:,} computed now"
    return f"Features of {photos:,} photos, the training photos {seen}: {there} ({vectors.engine})."

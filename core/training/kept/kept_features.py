"""Computes the features that a phase needs of its frozen layers, once, and knows where they are kept."""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator

from core.cache_use import hold_until_exit
from core.data.dataset import BoxedPhotos
from core.data.pictures.source import Source
from core.data.snapshot import LOCALIZATION
from core.features.boxed_views import boxes_in_views
from core.features.budget import room_for_features
from core.features.frozen_pass import outputs_of
from core.features.half_maps import TooLargeForHalf, as_half
from core.features.maps import CHUNK_BYTES, Maps, maps_name
from core.features.vectors import SAVE_EVERY, Vectors, vectors_name
from core.features.views import ORIGINAL, view_names
from core.free_memory import return_free_memory
from core.models.zoo import POOLED, STAGES
from core.progress import COMPUTING_FEATURES
from core.training.device import precision_name
from core.training.events import Progress
from core.training.kept.frozen_part import FrozenPart, fastest_engine, frozen_network
from core.training.kept.reasons import (
    ANOTHER_PROCESS,
    TOO_LARGE_FOR_HALF,
    does_not_fit,
    not_written,
    reason_against_keeping,
)
from core.training.kept.view_choice import ViewChoice
from core.training.network import Phase
from core.training.setup import TrainingSetup

# Of a photo's hash and its share of a header.
_OVERHEAD_BYTES = 200


@dataclass(frozen=True)
class KeptFeatures:
    """The kept features of a phase: for each view a store, and which view each photo shows when."""

    stage: str
    """The last frozen stage; vectors of layer4 are its maps of one pixel."""
    views: tuple[str, ...]
    stores: dict[str, "Vectors | Maps"]
    choice: ViewChoice
    used: np.ndarray
    """The views that the phase uses of each training photo, bool [photos, views]."""
    boxes: np.ndarray | None
    """The object's box in each view of each training photo, float32 [photos, views, 4]."""

    @property
    def pooled(self) -> bool:
        return isinstance(self.stores[ORIGINAL], Vectors)


def keep_features(run: TrainingSetup, phase: Phase, first: int) -> Generator[Progress, None, KeptFeatures | None]:
    """Compute and store what is missing of a phase's features, from epoch ``first`` on; yields the photos' progress.

    None if the phase has no frozen layers or if something speaks against it, which the log then says. With several
    processes each computes a share. Raises ImageRefused for a broken photo.
    """
    stage = last_frozen_stage(phase)
    if stage is None:
        return None
    if reason := reason_against_keeping(run.recipe):
        run.log(f"{reason[0].upper()}{reason[1:]}")
        return None
    features = _planned(run, phase, stage, first)
    hold_until_exit([store.folder for store in features.stores.values()])
    missing = _missing(run, features)
    computed = bool(missing)
    problem = _does_not_fit(run, features, missing) if missing else ""
    # Twice at most: where processes do not share a disk, each computes what the others have stored on theirs.
    for shared in (True, False):
        if problem := _problem_of_any(run.accelerator, problem):
            run.log(problem)
            return None
        if not _any(run.accelerator, bool(missing)):
            break
        problem = yield from _compute(run, features, missing, shared=shared)
        run.accelerator.wait_for_everyone()
        missing = _missing(run, features)
    if problem := _problem_of_any(run.accelerator, problem):
        run.log(problem)
        return None
    if computed:
        return_free_memory()  # of the engine
    run.log(_sentence(features, computed))
    return features


def last_frozen_stage(phase: Phase) -> str | None:
    """Return the stage at which a phase's gradients end; None if all stages are trained."""
    frozen = [stage for stage in STAGES if stage not in phase.rates]
    return frozen[-1] if frozen else None


def _planned(run: TrainingSetup, phase: Phase, stage: str, first: int) -> KeptFeatures:
    photos, recipe = run.photos["train"], run.recipe
    pooled = stage == STAGES[-1] and run.snapshot.task != LOCALIZATION
    views = view_names(recipe.views, recipe.augmentation)
    boxes, usable = None, None
    if isinstance(photos, BoxedPhotos):
        boxes, usable = boxes_in_views(photos.sources, photos.boxes, photos.sizes, views, run.preprocessing)
    choice = ViewChoice(len(photos), len(views), recipe.seed, usable)
    # Balanced sampling shows a photo several times in an epoch, each time another view.
    used = choice.pairs(first, phase.end + (2 * len(views) if recipe.balanced_sampling else 0))
    network = frozen_network(run, stage, pooled=pooled)
    precision = precision_name(run.accelerator)
    stores: dict[str, Vectors | Maps] = {}
    for view in views:
        name = vectors_name(network, precision, view)
        stores[view] = Vectors(run.workspace, name) if pooled else Maps(run.workspace, maps_name(name, stage))
    return KeptFeatures(stage, views, stores, choice, used, boxes)


def _missing(run: TrainingSetup, features: KeptFeatures) -> list[tuple[Source, list[str]]]:
    """Return the photos of each view that have no features yet, one view after the other."""
    found: list[tuple[Source, list[str]]] = []
    for number, view in enumerate(features.views):
        wanted = {one.hash: one for one, used in zip(_sources(run), features.used[:, number], strict=True) if used}
        if view == ORIGINAL:
            wanted |= {one.hash: one for one in run.photos["val"].sources}
        found += [(wanted[name], [view]) for name in features.stores[view].missing(list(wanted))]
    return found


def _sources(run: TrainingSetup) -> list[Source]:
    return run.photos["train"].sources


def _does_not_fit(run: TrainingSetup, features: KeptFeatures, missing: list[tuple[Source, list[str]]]) -> str:
    size = run.preprocessing.size
    output = POOLED if features.pooled else features.stage
    engine = FrozenPart(run.model, run.preprocessing, run.accelerator)
    one = engine.run(np.zeros((1, size, size, 3), np.uint8), (output,))[output]
    wanted = len(missing) * (one.size * (4 if features.pooled else 2) + _OVERHEAD_BYTES)
    room = room_for_features(run.workspace.cache, wanted)
    return does_not_fit(wanted, room) if wanted > room else ""


def _compute(
    run: TrainingSetup, features: KeptFeatures, missing: list[tuple[Source, list[str]]], *, shared: bool
) -> Generator[Progress, None, str]:
    """Compute and store this process's share; returns a sentence if it cannot be stored."""
    processes = run.accelerator.num_processes if shared else 1
    share = missing[run.accelerator.process_index :: processes] if shared else missing
    total = len(missing)
    output = POOLED if features.pooled else features.stage
    engine = fastest_engine(run, output, len(share))
    writer = _Writer(features)
    yield Progress(COMPUTING_FEATURES, 0, total)
    try:
        for done, one in enumerate(outputs_of(run.photos["train"].cache, share, engine, (output,)), 1):
            writer.add(one.view, one.source.hash, one.values[output])
            yield Progress(COMPUTING_FEATURES, min(total, done * processes), total)
        writer.flush()
    except TooLargeForHalf:
        return TOO_LARGE_FOR_HALF
    except OSError as error:
        return not_written(error.strerror or str(error))
    except GeneratorExit:  # stopped: what has been computed so far is kept
        with suppress(OSError):
            writer.flush()
        raise
    return ""


class _Writer:
    """Stores features in files of a good size."""

    def __init__(self, features: KeptFeatures) -> None:
        self._features = features
        self._view = ORIGINAL
        self._rows: list[tuple[str, np.ndarray]] = []

    def add(self, view: str, name: str, values: np.ndarray) -> None:
        if view != self._view:
            self.flush()
        self._view = view
        row = values if self._features.pooled else as_half(values)
        self._rows.append((name, row))
        full = len(self._rows) >= SAVE_EVERY if self._features.pooled else len(self._rows) * row.nbytes >= CHUNK_BYTES
        if full:
            self.flush()

    def flush(self) -> None:
        if not self._rows:
            return
        store = self._features.stores[self._view]
        names, rows = [name for name, _ in self._rows], [row for _, row in self._rows]
        self._rows = []
        if isinstance(store, Vectors):
            store.add(names, np.stack(rows))
        else:
            store.add(names, rows)


def _problem_of_any(accelerator: Accelerator, problem: str) -> str:
    """Return a problem if any process has one, so that all go on in the same way."""
    anywhere = _any(accelerator, bool(problem))
    return problem or (ANOTHER_PROCESS if anywhere else "")


def _any(accelerator: Accelerator, mine: bool) -> bool:
    """Return whether this holds in any process; waits for all."""
    if accelerator.num_processes == 1:
        return mine
    return bool(accelerator.reduce(torch.tensor([float(mine)], device=accelerator.device)).item())


def _sentence(features: KeptFeatures, computed: bool) -> str:
    views = len(features.views)
    what = "vectors" if features.pooled else f"maps of {features.stage}"
    how = "computed once and kept" if computed else "taken from an earlier training or from suggestions"
    return f"Frozen layers: {what}, {views} view{'s' if views > 1 else ''} of each photo, {how}."

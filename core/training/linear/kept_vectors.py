"""The vectors that a run's head is trained and evaluated on: those kept from before, and the missing ones computed."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.source import Source
from core.data.snapshot import GROUP, Snapshot
from core.errors import ImageRefused, RunError
from core.features.decoding_ahead import decoding_ahead
from core.features.engines.engine import PreparedEngine
from core.features.frozen_network import FrozenNetwork
from core.features.frozen_pass import AnyVectors, Refused, Store, compute
from core.features.preferred_engine import EXACT, preferred_engine
from core.features.stage_vectors import StageVectors
from core.features.vectors import Vectors, vectors_name
from core.features.views import ORIGINAL, view_names
from core.features.workspace_engine import Begun, engine_at_once, open_engine
from core.models.zoo import STAGE_VECTORS
from core.progress import COMPUTING_FEATURES, Progress
from core.training.linear.several_stages import side_by_side
from core.training.recipe import Recipe
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import ResizedCache

TRAIN, VALIDATION = "train", "val"
PREPARING = "choosing how to compute features"
MOST_VIEWS_OF_STAGES = 30_000
"""Comparing the last stage with several holds both; of ResNet-50 and so many training views, an estimated 1.8 GB."""


@dataclass(frozen=True)
class KeptVectors:
    """The vectors of a run's photos, all of one network and one engine; of the last stage, if nothing else is said."""

    engine: str
    views: dict[str, np.ndarray]
    """Of the training photos, for each view: float32 [n, C]."""
    others: dict[str, np.ndarray]
    """Of the photos of each other split that has any, in the original view: float32 [n, C]."""
    computed: int
    """How many photos were computed for this run; the vectors of the others were there."""
    with_maps: bool = False
    """Whether the maps of the stage that was asked for were kept with those that were computed."""
    stages: "KeptVectors | None" = None
    """The same with the vectors of several stages side by side, if the recipe asks for them."""


@dataclass(frozen=True)
class Readiness:
    """How many of a run's photos have all the vectors that it needs."""

    done: int
    total: int

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 0.0


class WantedVectors:
    """Which vectors a run needs: all views of its training photos, the original view of the others."""

    def __init__(
        self,
        workspace: Workspace,
        network: FrozenNetwork,
        snapshot: Snapshot,
        recipe: Recipe,
        maps_of: str | None = None,
    ) -> None:
        """``maps_of`` is a stage whose maps are kept in the same pass, for a training that goes on with this recipe."""
        self.maps_of = maps_of
        self.outputs = STAGE_VECTORS if maps_of is None else (*STAGE_VECTORS, maps_of)
        self.recipe = recipe
        self.workspace = workspace
        self.network = network
        self.exact = recipe.precision == "fp32"
        self.device = recipe.device
        self.views = view_names(max(1, recipe.views), recipe.augmentation)
        frame = snapshot.frame
        self.sources: dict[str, list[Source]] = {}
        rows = zip(frame["image"], frame["path"], frame["filename"], frame["split"], strict=True)
        for image, path, name, split in rows:
            self.sources.setdefault(str(split), []).append(Source(str(image), Path(path), str(name)))
        train = snapshot.part(TRAIN)
        views = len(train) * len(self.views)
        self.too_many_views = views if recipe.head_features == "auto" and views > MOST_VIEWS_OF_STAGES else 0
        self.several_stages = recipe.head_features != "last" and not self.too_many_views
        self.labels = [str(label) for label in train["label"]]
        self.groups = list(train[GROUP]) if GROUP in train else None

    def engine_name(self) -> str:
        """Return the name of the engine whose vectors are used, as far as it is chosen."""
        chosen = None if self.exact else preferred_engine(self.workspace, self.network, self.hashes)
        return chosen or EXACT

    def hashes(self) -> list[str]:
        """Return the content hashes of all photos of the snapshot."""
        return [one.hash for some in self.sources.values() for one in some]

    def stores(self, engine: str) -> Mapping[str, AnyVectors]:
        """Return where the vectors of each view are."""
        kind = StageVectors if self.several_stages else Vectors
        return {view: kind(self.workspace, vectors_name(self.network, engine, view)) for view in self.views}

    def readiness(self, splits: Sequence[str]) -> Readiness:
        """Return how many photos of train and these splits have all their vectors."""
        stores = self.stores(self.engine_name())
        total = sum(len(self.sources.get(split, ())) for split in (TRAIN, *splits))
        missing: set[str] = set().union(*self.lacking(stores, splits).values())
        return Readiness(total - len(missing), total)

    def in_order(self, splits: Sequence[str]) -> list[Source]:
        """Return the photos of some splits in the order in which they are computed.

        From the end of the list: the suggestions' process computes the same vectors from its beginning.
        """
        return [one for split in splits for one in self.sources.get(split, ())][::-1]

    def lacking(self, stores: Mapping[str, AnyVectors], splits: Sequence[str]) -> dict[str, set[str]]:
        """Return for each view the content hashes of the photos whose vectors are to be computed."""
        train = [one.hash for one in self.sources.get(TRAIN, ())]
        others = [one.hash for split in splits for one in self.sources.get(split, ())]
        found = {view: set(store.missing(train)) for view, store in stores.items()}
        found[ORIGINAL].update(stores[ORIGINAL].missing(others))
        return found


@dataclass(frozen=True)
class OpenedPass:
    """A pass that is about to compute missing vectors: its engine, and where it stores what it computes."""

    engine: PreparedEngine
    cache: "ResizedCache"
    stores: Mapping[str, AnyVectors]
    """The vectors of each view."""
    filled: Mapping[str, Store]
    """The same; with the maps of the stage that was asked for beside them, where these can be kept."""
    photos: int
    """How many photos lack vectors."""
    views: int
    """And how many views of them."""
    chosen: bool
    """Whether the engine was chosen; otherwise it is only the one that could begin at once."""


def kept_vectors(
    wanted: WantedVectors, splits: Sequence[str], log: Callable[[str], None]
) -> Generator[Progress, None, KeptVectors]:
    """Yield progress and return the vectors of the training photos and of these splits.

    torch is imported only if vectors are missing. Raises ImageRefused for a broken photo.
    """
    opened = yield from open_pass(wanted, splits, log)
    return (yield from finish_pass(wanted, splits, opened))


def open_pass(
    wanted: WantedVectors,
    splits: Sequence[str],
    log: Callable[[str], None],
    first: Callable[[Mapping[str, AnyVectors]], Sequence[Source]] = lambda stores: (),
) -> Generator[Progress, None, OpenedPass | None]:
    """Yield progress and return the pass over the photos that lack vectors; None if none does.

    ``first`` says which photos will be computed before the others, from the vectors that there are. If there are any,
    the pass opens with the engine that needs no measuring: when they are computed, call `with_chosen_engine`. While the
    engine is prepared, only these are decoded, since decoding the others slows the start down.
    """
    if wanted.too_many_views:
        log(
            f"The head takes the last stage alone: with {wanted.too_many_views:,} views of training photos, comparing "
            "it with several stages needs too much memory. Set head_features to stages to use them anyway."
        )
    stores = wanted.stores(wanted.engine_name())
    lacking = wanted.lacking(stores, splits)
    missing: set[str] = set().union(*lacking.values())
    if not missing:
        return None
    yield Progress(PREPARING, 0, None)
    cache, views = _cache(wanted, log), lacking_views(lacking)
    some = first(stores)
    ahead = some or (*wanted.in_order((TRAIN,)), *wanted.in_order(splits))
    with decoding_ahead(cache, [one for one in ahead if one.hash in missing]):
        engine = _at_once(wanted) if some else _chosen(wanted, views, cache)
    return _with_engine(wanted, splits, OpenedPass(engine, cache, stores, stores, len(missing), views, not some))


def with_chosen_engine(
    wanted: WantedVectors, splits: Sequence[str], opened: OpenedPass
) -> Generator[Progress, None, OpenedPass]:
    """Yield progress and return the pass with the engine that is to compute the rest of the photos.

    That is measured at the first use of a workspace, and may be tested. If another engine is chosen than the one that
    the pass was opened with, and its vectors have another name, those computed so far are left where they are and
    computed again. There are few, and a head whose vectors come from two engines would be another one than without an
    early model. Two engines in fp32 share their vectors in any case: they differ by rounding.
    """
    if opened.chosen:
        return opened
    yield Progress(PREPARING, 0, None)
    lacking = wanted.lacking(opened.stores, splits)
    missing: set[str] = set().union(*lacking.values())
    ahead = [one for one in (*wanted.in_order((TRAIN,)), *wanted.in_order(splits)) if one.hash in missing]
    begun = Begun(opened.engine, opened.views - lacking_views(lacking))
    with decoding_ahead(opened.cache, ahead):
        engine = _chosen(wanted, opened.views, opened.cache, begun)
    known = replace(opened, engine=engine, chosen=True)
    return known if engine.name == opened.engine.name else _with_engine(wanted, splits, known)


def _with_engine(wanted: WantedVectors, splits: Sequence[str], opened: OpenedPass) -> OpenedPass:
    """Return the pass with the stores of its engine's vectors and maps."""
    stores = wanted.stores(opened.engine.name)
    filled: Mapping[str, Store] = stores
    if wanted.maps_of is not None:
        from core.training.kept.maps_in_advance import with_maps

        filled = with_maps(wanted, splits, stores, opened.engine)
    return replace(opened, stores=stores, filled=filled)


def finish_pass(
    wanted: WantedVectors, splits: Sequence[str], opened: OpenedPass | None
) -> Generator[Progress, None, KeptVectors]:
    """Yield progress and return all vectors, once those are computed that are still missing.

    ``opened`` is from `open_pass`. Raises ImageRefused for a broken photo.
    """
    name = wanted.engine_name() if opened is None else opened.engine.name
    stores = wanted.stores(name) if opened is None else opened.stores
    if opened is not None:
        yield from _compute(wanted, splits, opened)
    views = {view: vectors_of(store, wanted.sources[TRAIN]) for view, store in stores.items()}
    others = {split: vectors_of(stores[ORIGINAL], wanted.sources[split]) for split in splits if split in wanted.sources}

    def taken(take: Callable[[list[np.ndarray]], np.ndarray]) -> KeptVectors:
        return KeptVectors(
            name,
            {view: take(found) for view, found in views.items()},
            {split: take(found) for split, found in others.items()},
            0 if opened is None else opened.photos,
            opened is not None and opened.filled is not opened.stores,
        )

    last = taken(lambda stages: stages[-1])
    return replace(last, stages=taken(side_by_side)) if wanted.several_stages else last


def lacking_views(lacking: Mapping[str, set[str]]) -> int:
    """Return how many views are to be computed."""
    return sum(map(len, lacking.values()))


def _cache(wanted: WantedVectors, log: Callable[[str], None]) -> "ResizedCache":
    from core.data.pictures.network_input.preprocessing import Preprocessing
    from core.data.pictures.resized_cache import ResizedCache

    return ResizedCache(wanted.workspace.cache / "resized", Preprocessing(**wanted.network.settings), log)


def _at_once(wanted: WantedVectors) -> PreparedEngine:
    return engine_at_once(
        wanted.workspace,
        wanted.network,
        exact=wanted.exact,
        photos=wanted.hashes,
        device=wanted.device,
        outputs=wanted.outputs,
    )


def _chosen(wanted: WantedVectors, images: int, cache: "ResizedCache", begun: Begun | None = None) -> PreparedEngine:
    from core.training.linear.engine_photos import labelled_photos

    train = wanted.sources[TRAIN]
    labelled = labelled_photos(
        wanted.workspace, wanted.network, train, wanted.labels, wanted.groups, cache, stages=wanted.several_stages
    )
    return open_engine(
        wanted.workspace,
        wanted.network,
        images=images,
        exact=wanted.exact,
        labelled=labelled,
        photos=wanted.hashes,
        device=wanted.device,
        outputs=wanted.outputs,
        begun=begun,
    )


def _compute(wanted: WantedVectors, splits: Sequence[str], opened: OpenedPass) -> Generator[Progress]:
    """Compute what is missing."""
    parts = [(opened.filled, wanted.in_order((TRAIN,)))]
    # The photos of other splits are seen in the original view; a training that follows validates on those of val.
    parts += [
        ({ORIGINAL: (opened.filled if split == VALIDATION else opened.stores)[ORIGINAL]}, wanted.in_order((split,)))
        for split in splits
    ]
    total, done = sum(len(photos) for _, photos in parts), 0
    for where, photos in parts:
        for progress in compute(where, photos, opened.cache, opened.engine, refuse) if photos else ():
            yield Progress(COMPUTING_FEATURES, done + progress.done, total)
        done += len(photos)


def refuse(photo: Refused) -> None:
    """Raise ImageRefused: a training names a photo that it cannot read, and skips none."""
    raise ImageRefused(photo.name, photo.reason)


def vectors_of(store: AnyVectors, sources: Sequence[Source]) -> list[np.ndarray]:
    """Return the vectors of photos at each stage that is kept, the last one's at the end: each float32 [n, C].

    Raises RunError if some are not there any more.
    """
    hashes = [one.hash for one in sources]
    found = []
    for one in store.stores.values() if isinstance(store, StageVectors) else (store,):
        known, vectors = one.known(hashes)
        if len(known) != len(hashes):
            raise RunError("Features were deleted while the run used them. Resume the run to compute them again.")
        found.append(vectors)
    return found

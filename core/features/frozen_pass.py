"""One pass of a frozen network over photos: decodes ahead, computes in batches, stores the vectors of all views."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from core.data.pictures.source import Source
from core.errors import ImageRefused
from core.features.engines.engine import BATCH, Engine
from core.features.stage_vectors import StageVectors
from core.features.vectors import SAVE_EVERY, Vectors
from core.features.views import view_pixels
from core.models.zoo import POOLED
from core.processors import available_processors
from core.progress import COMPUTING_FEATURES, Progress

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import Pixels, ResizedCache

AnyVectors = Vectors | StageVectors
Rows = dict[str, list[tuple[str, Mapping[str, np.ndarray]]]]
T = TypeVar("T")
Result = TypeVar("Result")


class Store(Protocol):
    """Where a pass stores what it computes of one view: Vectors, StageVectors or VectorsWithMaps."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """What it needs of the engine."""

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Return the hashes of the photos that are to be computed."""

    def row(self, values: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Return what is held of an image's outputs until it is stored."""

    def add_outputs(self, hashes: Sequence[str], values: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Store rows of some images."""


@dataclass(frozen=True)
class Refused:
    """An image without features, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class ViewOutputs:
    """What a network computes of one view of a photo."""

    source: Source
    view: str
    values: dict[str, np.ndarray]
    """For each output, float32 [C] or [C, h, w]."""
    last: bool
    """Whether it is the last of the photo's views."""


def compute(
    vectors: Mapping[str, Store],
    wanted: Sequence[Source],
    cache: "ResizedCache",
    engine: Engine | Callable[[], Engine],
    refused: Callable[[Refused], None] | None = None,
) -> Iterator[Progress]:
    """Compute and store the missing vectors of each view, in the given order; yields how many photos have all of them.

    What other processes store meanwhile is not computed again, except for the photos that are being decoded.
    ``vectors`` has an entry for each view (core.features.views), all of the engine's name. The engine may be a
    function, called only if vectors are missing. An unreadable image is reported to ``refused`` and skipped. Vectors
    stored before an interruption are kept.
    """
    sources = {one.hash: one for one in wanted}
    missing = {view: set(one.missing(list(sources))) for view, one in vectors.items()}
    left = [name for name in sources if any(name in some for some in missing.values())]
    done, total = len(sources) - len(left), len(sources)
    yield Progress(COMPUTING_FEATURES, done, total)
    if not left:
        return
    jobs = _still_missing(vectors, [sources[name] for name in left])
    ready = engine() if callable(engine) else engine
    outputs = tuple(dict.fromkeys(name for one in vectors.values() for name in one.outputs))
    rows: Rows = {view: [] for view in vectors}
    unsaved = 0
    try:
        for one in outputs_of(cache, jobs, ready, outputs, refused):
            rows[one.view].append((one.source.hash, vectors[one.view].row(one.values)))
            unsaved += one.last
            if unsaved == SAVE_EVERY:
                unsaved = 0
                _store(vectors, rows)
                yield Progress(COMPUTING_FEATURES, total - _count_missing(vectors, left), total)
    finally:
        _store(vectors, rows)
    yield Progress(COMPUTING_FEATURES, total - _count_missing(vectors, left), total)


def _still_missing(vectors: Mapping[str, Store], left: Sequence[Source]) -> Iterator[tuple[Source, list[str]]]:
    """Yield each photo with the views that it lacks at that moment, and none if it lacks none any more."""
    for begin in range(0, len(left), SAVE_EVERY):
        some = left[begin : begin + SAVE_EVERY]
        missing = {view: set(one.missing([source.hash for source in some])) for view, one in vectors.items()}
        for source in some:
            views = [view for view, names in missing.items() if source.hash in names]
            if views:
                yield source, views


def _count_missing(vectors: Mapping[str, Store], names: Sequence[str]) -> int:
    return len({name for one in vectors.values() for name in one.missing(names)})


def outputs_of(
    cache: "ResizedCache",
    jobs: Iterable[tuple[Source, Sequence[str]]],
    engine: Engine,
    outputs: Sequence[str] = (POOLED,),
    refused: Callable[[Refused], None] | None = None,
) -> Iterator[ViewOutputs]:
    """Yield the outputs of the given views of each photo, in order; photos are decoded while the engine computes.

    An unreadable photo is reported to ``refused`` and skipped. Without it, raises ImageRefused.
    """

    def decode(job: tuple[Source, Sequence[str]]) -> tuple[Source, "list[tuple[str, Pixels]] | ImageRefused"]:
        source, views = job
        try:
            return source, [(view, view_pixels(cache, source, view)) for view in views]
        except ImageRefused as error:
            return source, error

    waiting: list[tuple[Source, str, Pixels, bool]] = []
    with closing(map_ahead(decode, jobs)) as decoded:
        for source, found in decoded:
            if isinstance(found, ImageRefused):
                if refused is None:
                    raise found
                refused(Refused(source.name, found.reason))
                continue
            waiting += [(source, *one, place == len(found)) for place, one in enumerate(found, 1)]
            while len(waiting) >= BATCH:
                yield from _run(engine, waiting[:BATCH], outputs)
                del waiting[:BATCH]
        if waiting:
            yield from _run(engine, waiting, outputs)


def _run(
    engine: Engine, some: "Sequence[tuple[Source, str, Pixels, bool]]", outputs: Sequence[str]
) -> Iterator[ViewOutputs]:
    found = engine.run(np.stack([pixels for _, _, pixels, _ in some]), tuple(outputs))
    for row, (source, view, _, last) in enumerate(some):
        yield ViewOutputs(source, view, {name: values[row] for name, values in found.items()}, last)


def map_ahead(
    do: Callable[[T], Result], items: Iterable[T], threads: int | None = None, ahead: int = 2 * BATCH
) -> Generator[Result]:
    """``map`` in threads, for what releases the interpreter lock, such as decoding; at most ``ahead`` results wait."""
    with ThreadPoolExecutor(threads or min(4, available_processors()), thread_name_prefix="reading ahead") as pool:
        pending: deque[Future[Result]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(do, item))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for one in pending:
                one.cancel()


def _store(vectors: Mapping[str, Store], rows: Rows) -> None:
    for view, some in rows.items():
        if some:
            vectors[view].add_outputs([name for name, _ in some], [values for _, values in some])
            some.clear()

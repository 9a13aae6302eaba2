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
from core.features.vectors import SAVE_EVERY, Vectors
from core.features.views import view_pixels
from core.processors import available_processors
from core.progress import Progress

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import Pixels, ResizedCache

BATCH = 16
POOLED = "pooled"
PHASE = "computing features"
T = TypeVar("T")
Result = TypeVar("Result")


class Engine(Protocol):
    """What computes a frozen network; see core.features.engines."""

    @property
    def name(self) -> str:
        """Features of different names are never mixed."""

    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        """Return outputs of views, uint8 [N, size, size, 3]: float32 [N, C] or, for a stage's maps, [N, C, h, w]."""


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
    vectors: Mapping[str, Vectors],
    wanted: Sequence[Source],
    cache: "ResizedCache",
    engine: Engine | Callable[[], Engine],
    refused: Callable[[Refused], None] | None = None,
) -> Iterator[Progress]:
    """Compute and store the missing vectors of each view, in the given order; yields how many photos have all of them.

    ``vectors`` has an entry for each view (core.features.views), all of the engine's name. The engine may be a
    function, called only if vectors are missing. An unreadable image is reported to ``refused`` and skipped. Vectors
    stored before an interruption are kept.
    """
    sources = {one.hash: one for one in wanted}
    missing = {view: set(one.missing(list(sources))) for view, one in vectors.items()}
    jobs = [(one, [view for view, some in missing.items() if name in some]) for name, one in sources.items()]
    jobs = [(one, views) for one, views in jobs if views]
    done, total = len(sources) - len(jobs), len(sources)
    yield Progress(PHASE, done, total)
    if not jobs:
        return
    ready = engine() if callable(engine) else engine
    rows: dict[str, list[tuple[str, np.ndarray]]] = {view: [] for view in vectors}
    unsaved = 0
    try:
        for one in outputs_of(cache, jobs, ready, refused=refused):
            rows[one.view].append((one.source.hash, one.values[POOLED]))
            unsaved += one.last
            if unsaved == SAVE_EVERY:
                done, unsaved = done + unsaved, 0
                _store(vectors, rows)
                yield Progress(PHASE, done, total)
    finally:
        done += unsaved
        _store(vectors, rows)
    if unsaved or done < total:
        yield Progress(PHASE, done, total)


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
    with closing(_map_ahead(decode, jobs)) as decoded:
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


def _map_ahead(do: Callable[[T], Result], items: Iterable[T]) -> Generator[Result]:
    """``map`` in threads, since decoding releases the interpreter lock. The number of waiting results is limited."""
    with ThreadPoolExecutor(min(4, available_processors()), thread_name_prefix="decoding") as pool:
        pending: deque[Future[Result]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(do, item))
                if len(pending) > 2 * BATCH:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for one in pending:
                one.cancel()


def _store(vectors: Mapping[str, Vectors], rows: dict[str, list[tuple[str, np.ndarray]]]) -> None:
    for view, some in rows.items():
        if some:
            vectors[view].add([name for name, _ in some], np.stack([vector for _, vector in some]))
            some.clear()

"""Decode the photos of an import in threads, and store them in batches in the order of the plan.

Files are read one by one, because readers of zips and arrays are not made for threads. Decoding, hashing and encoding,
which take most of the time, let other threads run meanwhile.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Self

from core.data.importing.import_plan import Candidate
from core.data.pictures.decoding import decode
from core.data.store.add_images import PreparedImage, prepare_image
from core.data.store.records import ImageRow
from core.data.store.store import Store
from core.errors import ImageRefused, StudioError
from core.processors import available_processors
from core.workspace import Workspace

BATCH_PHOTOS = 64  # stored in one transaction, of some hundredths of a second
BATCH_SECONDS = 1.0  # a batch is stored earlier after this time, so that progress is seen
HELD_BYTES = 64 * 2**20  # of files that are read but not stored yet; a single larger one is allowed
MAX_THREADS = 4
LARGE_PIXELS = 24_000_000  # only one picture beyond this size is decoded at a time, for the sake of memory

_one_large = Lock()


@dataclass(frozen=True)
class StoredPhoto:
    """A photo that is in the project now."""

    candidate: Candidate
    row: ImageRow
    new: bool  # False: it was there before
    size: tuple[int, int]  # pixels, upright
    remarks: tuple[str, ...]  # of the decoder


@dataclass(frozen=True)
class RefusedPhoto:
    """A file that is not imported."""

    candidate: Candidate
    reason: str


class StoringFailed(Exception):
    """A photo could not be stored; those before it are."""

    def __init__(self, candidate: Candidate, error: StudioError | OSError) -> None:
        super().__init__(candidate.name)
        self.candidate, self.error = candidate, error


@dataclass
class _Batch:
    """Photos that are prepared and not yet stored."""

    photos: list[tuple[Candidate, PreparedImage | ImageRefused]] = field(default_factory=list)
    bytes: int = 0
    started: float = field(default_factory=time.monotonic)

    def add(self, candidate: Candidate, prepared: PreparedImage | ImageRefused) -> None:
        self.photos.append((candidate, prepared))
        self.bytes += len(prepared.data) if isinstance(prepared, PreparedImage) else 0

    @property
    def full(self) -> bool:
        late = time.monotonic() - self.started > BATCH_SECONDS
        return len(self.photos) >= BATCH_PHOTOS or self.bytes >= HELD_BYTES or late


def stored_photos(
    candidates: Sequence[Candidate], store: Store, project_id: int, stop: Callable[[], bool]
) -> Iterator[list[StoredPhoto | RefusedPhoto]]:
    """Store the candidates and yield each batch once it is stored; ``stop`` ends this after the photos in hand.

    Raises StoringFailed for the first photo that cannot be stored.
    """
    threads = _threads()
    todo = iter(candidates)
    ahead: deque[tuple[Candidate, int, Future[PreparedImage] | ImageRefused]] = deque()
    batch = _Batch()
    with ThreadPoolExecutor(threads, thread_name_prefix="import") as pool:
        try:
            while True:
                while len(ahead) < 2 * threads and sum(size for _, size, _ in ahead) < HELD_BYTES and not stop():
                    if (candidate := next(todo, None)) is None:
                        break
                    ahead.append((candidate, *_begin(pool, store.workspace, candidate)))
                if not ahead:
                    break
                candidate, _, future = ahead.popleft()
                try:
                    batch.add(candidate, _result(future))
                except (StudioError, OSError) as error:
                    yield _store(batch, store, project_id)
                    raise StoringFailed(candidate, error) from error
                if batch.full:
                    yield _store(batch, store, project_id)
                    batch = _Batch()
            yield _store(batch, store, project_id)
        finally:
            for _, _, future in ahead:
                if isinstance(future, Future):
                    future.cancel()


def _threads() -> int:
    return min(MAX_THREADS, available_processors())


def _begin(
    pool: ThreadPoolExecutor, workspace: Workspace, candidate: Candidate
) -> tuple[int, Future[PreparedImage] | ImageRefused]:
    """Read a file and begin to prepare it; return its size as well."""
    try:
        raw = candidate.read()
    except ImageRefused as refusal:
        return 0, refusal
    return len(raw), pool.submit(_prepare, workspace, raw, candidate.name)


def _prepare(workspace: Workspace, raw: bytes, name: str) -> PreparedImage:
    with _Turn() as turn:
        return prepare_image(workspace, decode(raw, name, turn.wait, former=True), raw, name)


class _Turn:
    """A large picture's turn: it begins with ``wait`` and ends with the block."""

    def __enter__(self) -> Self:
        self._mine = False
        return self

    def wait(self, pixels: int) -> None:
        if pixels > LARGE_PIXELS:
            self._mine = _one_large.acquire()

    def __exit__(self, *error: object) -> None:
        if self._mine:
            _one_large.release()


def _result(future: Future[PreparedImage] | ImageRefused) -> PreparedImage | ImageRefused:
    if isinstance(future, ImageRefused):
        return future
    try:
        return future.result()
    except ImageRefused as refusal:
        return refusal


def _store(batch: _Batch, store: Store, project_id: int) -> list[StoredPhoto | RefusedPhoto]:
    good = [(candidate, one) for candidate, one in batch.photos if isinstance(one, PreparedImage)]
    try:
        rows = iter(store.add_images(project_id, [one for _, one in good]) if good else [])
    except (StudioError, OSError) as error:
        raise StoringFailed(good[0][0], error) from error
    found: list[StoredPhoto | RefusedPhoto] = []
    for candidate, one in batch.photos:
        if isinstance(one, PreparedImage):
            row, new = next(rows)
            found.append(StoredPhoto(candidate, row, new, (one.width, one.height), one.remarks))
        else:
            found.append(RefusedPhoto(candidate, one.reason))
    return found

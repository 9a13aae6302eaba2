"""Decode the photos of an import in other processes, and store them in batches in the order of the plan."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from core.data.importing.import_plan import Candidate
from core.data.importing.photo_files.decode_ahead import HELD_BYTES, in_threads
from core.data.limited.photos import prepared_photo
from core.data.store.add_images import PreparedImage
from core.data.store.records import ImageRow
from core.data.store.store import Store
from core.errors import ImageRefused, StudioError

BATCH_PHOTOS = 64  # stored in one transaction, of some hundredths of a second
BATCH_SECONDS = 1.0  # a batch is stored earlier after this time, so that progress is seen


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
    batch = _Batch()
    prepare = partial(prepared_photo, store.workspace)
    with closing(in_threads(candidates, prepare, stop)) as results:
        for candidate, result in results:
            try:
                batch.add(candidate, _prepared(result))
            except (StudioError, OSError) as error:
                yield _store(batch, store, project_id)
                raise StoringFailed(candidate, error) from error
            if batch.full:
                yield _store(batch, store, project_id)
                batch = _Batch()
    yield _store(batch, store, project_id)


def _prepared(result: Callable[[], PreparedImage]) -> PreparedImage | ImageRefused:
    try:
        return result()
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

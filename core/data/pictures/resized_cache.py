"""Resized copies of pictures on disk, so that every photo is decoded once and no epoch reads a JPEG again.

A copy is a ``.npy`` file of uint8 [H, W, 3] under ``<folder>/<policy>/<ab>/<hash>.npy``, shared by all runs. It may be
deleted at any time, and a damaged one is made again. If nothing can be written, pictures are decoded each time.
"""

import errno
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.pictures.decoding import DECODER, decode, decode_reduced
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.source import Source
from core.errors import ImageRefused
from core.processors import available_processors

CacheKind = Literal["view", "copy"]
Pixels = NDArray[np.uint8]

_STALE_SECONDS = 3600.0
_MARK_EVERY = 86_400.0

# Left free on the disk: the run's checkpoints matter more than copies that can be made again.
_RESERVE_BYTES = 2**30


class ResizedCache:
    """Views and training copies of pictures under one preprocessing, stored in a folder (None: not stored)."""

    def __init__(
        self, folder: Path | None, preprocessing: Preprocessing, log: Callable[[str], None] | None = None
    ) -> None:
        self.folder = folder
        self.preprocessing = preprocessing
        self._log = log
        self._writable = folder is not None
        self._lock = threading.Lock()

    def view(self, source: Source) -> Pixels:
        """Return [size, size, 3], exactly Preprocessing.view of the decoded original."""
        return self._get(source, "view")

    def copy(self, source: Source) -> Pixels:
        """Return [H, W, 3], Preprocessing.training_copy of the decoded original.

        A large JPEG is decoded at reduced scale, which changes no pixel by more than 4 of 255: training varies the copy
        much more. The view is exact, because evaluations, predictions and the exported programs must agree.
        """
        return self._get(source, "copy")

    def keep_view(self, content_hash: str, image: Image.Image) -> None:
        """Store the view of a picture that is decoded already, so that it is not decoded for the network again."""
        path = self._path(content_hash, "view")
        if self._writable and not path.is_file():
            self._keep(np.array(self.preprocessing.view(image)), path)

    def fill(
        self, wanted: Sequence[tuple[Source, CacheKind]], threads: int | None = None
    ) -> Generator[tuple[int, int]]:
        """Make the missing copies and yield (done, total) on the way. Raises ImageRefused for a broken picture.

        Ends early if nothing can be written. Only a few pictures are in memory at a time.
        """
        if self.folder is None:
            return
        self._sweep()
        missing = [(source, kind) for source, kind in wanted if not self._path(source.hash, kind).is_file()]
        done, total = len(wanted) - len(missing), len(wanted)
        if not missing:
            return
        yield done, total
        threads = threads or min(8, available_processors())
        pool = ThreadPoolExecutor(threads, thread_name_prefix="resize")
        pending: deque[Future[Pixels]] = deque()
        try:
            for source, kind in missing:
                if not self._writable:
                    return
                pending.append(pool.submit(self._make, source, kind))
                if len(pending) >= 4 * threads:
                    pending.popleft().result()
                    done += 1
                    yield done, total
            while pending:
                pending.popleft().result()
                done += 1
                yield done, total
        finally:
            pool.shutdown(cancel_futures=True)

    def __getstate__(self) -> dict[str, object]:
        """Drop the log for worker processes: the main process has filled the cache before them."""
        return {**self.__dict__, "_log": None, "_lock": None}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def _get(self, source: Source, kind: CacheKind) -> Pixels:
        if self.folder is not None:
            path = self._path(source.hash, kind)
            try:
                pixels = np.load(path, allow_pickle=False)
            except (OSError, ValueError, EOFError):
                # Missing, cut short by a full disk or a crash, or not readable: it is made again.
                pass
            else:
                if pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3:
                    _mark_used(path)
                    return pixels
        return self._make(source, kind)

    def _make(self, source: Source, kind: CacheKind) -> Pixels:
        if not source.path.is_file():
            raise ImageRefused(source.name, f"its file {source.path} is missing; restore it or make a new snapshot")
        if kind == "view":
            resized = self.preprocessing.view(decode(source.path, source.name).image)
        else:
            reduced = decode_reduced(source.path, source.name, self.preprocessing.reduced_side)
            resized = self.preprocessing.reduced_copy(reduced)
        pixels = np.array(resized)
        if self._writable:
            self._keep(pixels, self._path(source.hash, kind))
        return pixels

    def _keep(self, pixels: Pixels, path: Path) -> None:
        # One name for each process and thread, because two of them may make the same picture at the same time.
        part = path.with_name(f"{path.stem}.{os.getpid()}-{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(path.parent).free < _RESERVE_BYTES:
                raise OSError(errno.ENOSPC, "the disk is nearly full")
            try:
                with part.open("wb") as file:
                    np.save(file, pixels, allow_pickle=False)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        with self._lock:
            if not self._writable:
                return
            self._writable = False
        if self._log:
            self._log(
                f"Resized photos cannot be stored in {self.folder} ({error.strerror}), so photos are decoded in every "
                "epoch, which is slower. Free some disk space, or make the folder writable."
            )

    def _path(self, content_hash: str, kind: CacheKind) -> Path:
        p = self.preprocessing
        measures = f"{p.size}-{p.resize}" if p.mode == "crop" or kind == "copy" else str(p.size)
        bars = "-" + "".join(f"{channel:02x}" for channel in p.gray) if p.mode == "letterbox" else ""
        policy = f"{kind}-{p.mode}-{measures}{bars}-{DECODER}"
        return (self.folder or Path()) / policy / content_hash[:2] / f"{content_hash}.npy"

    def _sweep(self) -> None:
        """Remove files that killed processes left incomplete."""
        now = time.time()
        for part in (self.folder or Path()).glob("*/*/*.part"):
            try:
                if now - part.stat().st_mtime > _STALE_SECONDS:
                    part.unlink()
            except OSError:
                continue  # another process removed it, or the folder is read-only


def _mark_used(path: Path) -> None:
    """Set the file's time to now, once a day: when the disk budget is used up, what is older is deleted first."""
    with suppress(OSError):  # deleted meanwhile, or read-only
        if time.time() - path.stat().st_mtime > _MARK_EVERY:
            os.utime(path)

"""Decodes photos in the background while the engine that will compute them is imported and prepared."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from core.data.pictures.source import Source
from core.errors import ImageRefused

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import ResizedCache


_running: dict[Thread, Event] = {}


@contextmanager
def decoding_ahead(cache: "ResizedCache", wanted: Sequence[Source]) -> Iterator[None]:
    """Store the views of photos in the cache, in the given order, until the context ends.

    It stops at a broken photo, which the pass over the photos will find too, and say so, and where speeds are measured.
    """
    ended = Event()

    def decode() -> None:
        with suppress(ImageRefused), closing(cache.fill([(source, "view") for source in wanted])) as filling:
            for _ in filling:
                if ended.is_set():
                    return

    thread = Thread(target=decode, name="decoding ahead", daemon=True)
    _running[thread] = ended
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _running.pop(thread, None)


def end_decoding_ahead() -> None:
    """End all decoding in the background and wait until the processors are free, to measure how fast engines are."""
    for thread, ended in list(_running.items()):
        ended.set()
        thread.join()

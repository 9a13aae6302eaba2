"""Decodes photos in the background while the engine that will compute them is imported and prepared."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from core.data.pictures.source import Source
from core.errors import ImageRefused

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import ResizedCache


@contextmanager
def decoding_ahead(cache: "ResizedCache", wanted: Sequence[Source]) -> Iterator[None]:
    """Store the views of photos in the cache, in the given order, until the context ends.

    It stops at a broken photo, which the pass over the photos will find too, and say so.
    """
    ended = Event()

    def decode() -> None:
        with suppress(ImageRefused), closing(cache.fill([(source, "view") for source in wanted])) as filling:
            for _ in filling:
                if ended.is_set():
                    return

    thread = Thread(target=decode, name="decoding ahead", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()

"""Large pictures wait for each other, for the sake of memory."""

from threading import Lock
from typing import Self

LARGE_PIXELS = 24_000_000  # only one picture beyond this size is decoded at a time

_one_large = Lock()


class LargeTurn:
    """A large picture's turn: it begins with ``wait`` and ends with the block."""

    def __enter__(self) -> Self:
        self._mine = False
        return self

    def wait(self, pixels: int) -> None:
        """Wait until no other large picture is being decoded; small ones need not wait."""
        if pixels > LARGE_PIXELS:
            self._mine = _one_large.acquire()

    def __exit__(self, *error: object) -> None:
        if self._mine:
            _one_large.release()

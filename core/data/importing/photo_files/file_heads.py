"""Files that can be read whole, or only at their beginning, where their kind is told."""

from collections.abc import Callable


class ReadableFile:
    """Returns the bytes of a file when called. Raises ImageRefused where it cannot be read, in both ways."""

    def __init__(self, read: Callable[[], bytes], head: Callable[[int], bytes]) -> None:
        self._read, self._head = read, head

    def __call__(self) -> bytes:
        return self._read()

    def head(self, count: int) -> bytes:
        """Return the first bytes, without reading the others."""
        return self._head(count)

"""Look up the sizes of the photos beside a table, to tell how its boxes are meant."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath

from core.data.importing.folder_layout import is_picture
from core.data.importing.formats.image_size import StoredSize, stored_size_of
from core.errors import ImageRefused

MOST_MEASURED = 200
"""How many photos are opened for one table."""


class PhotoSizes:
    """The photos beside a table by the last part of their names; their sizes are read when they are asked for."""

    def __init__(self, photos: Mapping[str, Callable[[], bytes]] | None = None) -> None:
        self._photos = photos or {}
        self._known: dict[str, StoredSize | None] = {}

    def size_of(self, name: str) -> StoredSize | None:
        """Return the size of the only photo that a row may mean; None where it is unclear or cannot be read."""
        paths = self.paths_of(name)
        if len(paths) != 1:
            return None
        path = paths[0]
        if path not in self._known:
            if len(self._known) >= MOST_MEASURED:
                return None
            try:
                self._known[path] = stored_size_of(self._photos[path]())
            except (ImageRefused, OSError):  # whoever decodes the photo reports it
                self._known[path] = None
        return self._known[path]

    def paths_of(self, name: str) -> Sequence[str]:
        """Return the photos that have this name, with their suffix or without, in any folder."""
        return self._by_name.get(PurePosixPath(name.replace("\\", "/")).name, ())

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Return the photos by their names, and by these without suffix."""
        found: dict[str, list[str]] = {}
        for path in self._photos:
            if is_picture(path):
                last = PurePosixPath(path)
                for name in {last.name, last.stem}:
                    found.setdefault(name, []).append(path)
        return found

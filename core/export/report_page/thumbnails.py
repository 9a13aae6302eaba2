"""Small pictures for the page, made anew: they hold nothing of the photo's file but its pixels."""

import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from core.data.pictures.decoding import decode
from core.data.pictures.stored_files import thumbnail_path
from core.errors import ImageRefused
from core.inspection.predicting.draw_boxes import Corners, draw_boxes
from core.workspace import Workspace

SIDE = 200
"""Pixels of the longer side."""

MOST = 60
"""Most thumbnails of a page."""

_QUALITY = 78


@dataclass
class Thumbnails:
    """Makes the thumbnails of one page, and counts those whose file is missing."""

    workspace: Workspace
    left: int = MOST
    lost: int = 0
    _made: dict[str, bytes | None] = field(default_factory=dict)

    def take(self, wanted: int) -> int:
        """Return how many of the wanted thumbnails there is still room for, and count them."""
        given = max(0, min(wanted, self.left))
        self.left -= given
        return given

    def of(self, image: str, path: str, filename: str) -> bytes | None:
        """Return the JPEG of a photo by content hash and path; None if its file is missing or damaged."""
        if image not in self._made:
            small = self._stored(image) or self.photo(path, filename)
            self._made[image] = None if small is None else jpeg(small)
        return self._made[image]

    def with_boxes(self, path: str, filename: str, predicted: Corners, true: Corners) -> bytes | None:
        """Return the JPEG of a photo with its two boxes; None if its file is missing or damaged."""
        picture = self.photo(path, filename)
        return None if picture is None else jpeg(draw_boxes(picture, predicted, true))

    def photo(self, path: str, filename: str) -> Image.Image | None:
        """Return a photo, upright and small; None if its file is missing or damaged, which is counted."""
        try:
            picture = decode(Path(path), filename).image
        except ImageRefused:
            self.lost += 1
            return None
        picture.thumbnail((2 * SIDE, 2 * SIDE))
        return picture

    def _stored(self, image: str) -> Image.Image | None:
        """Return the workspace's own thumbnail, which is quick to read; None where it has none."""
        path = thumbnail_path(self.workspace, image)
        if not path.is_file():
            return None
        try:
            return decode(path, path.name).image
        except ImageRefused:
            return None


def jpeg(picture: Image.Image, side: int = SIDE) -> bytes:
    """Return a picture as a small JPEG without metadata."""
    small = picture.convert("RGB")
    small.thumbnail((side, side))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()

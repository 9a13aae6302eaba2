"""A picture decoded at reduced scale, and where the whole picture lies in it."""

from dataclasses import dataclass

from PIL import Image

from core.data.pictures.box import Box

Extent = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class ReducedImage:
    """An upright RGB picture of ``size`` pixels, of which ``image`` has fewer: a JPEG at 1/2, 1/4 or 1/8 of its scale.

    A JPEG's last pixels at reduced scale may lie partly beyond the picture. ``extent`` is the picture's own part, left,
    top, right and bottom in pixels of ``image``; without it, the right edge would be shifted by up to a pixel.
    """

    image: Image.Image
    size: tuple[int, int]
    extent: Extent

    @classmethod
    def of(cls, image: Image.Image) -> "ReducedImage":
        """Return a picture of which nothing was reduced."""
        return cls(image, image.size, (0.0, 0.0, float(image.width), float(image.height)))

    @property
    def whole(self) -> bool:
        """Whether nothing was reduced."""
        return self.image.size == self.size

    def resized(self, size: tuple[int, int], window: Box) -> Image.Image:
        """Return a window of the picture, given in its own pixels, in another size."""
        left, top, right, bottom = self.extent
        across, down = (right - left) / self.size[0], (bottom - top) / self.size[1]
        x, y = left + across * window.x, top + down * window.y
        part = (x, y, min(right, x + across * window.width), min(bottom, y + down * window.height))
        return self.image.resize(size, Image.Resampling.BILINEAR, box=part)


def turned(extent: Extent, size: tuple[int, int], turn: Image.Transpose) -> Extent:
    """Return where a part of an image of that size lies after ``Image.transpose``."""
    left, top, right, bottom = extent
    width, height = size
    if turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180):
        left, right = width - right, width - left
    if turn in (Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180):
        top, bottom = height - bottom, height - top
    if turn in (Image.Transpose.ROTATE_90, Image.Transpose.TRANSVERSE):
        left, right = width - right, width - left
    if turn in (Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE):
        top, bottom = height - bottom, height - top
    if turn in (
        Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_270,
    ):
        left, top, right, bottom = top, left, bottom, right
    return left, top, right, bottom

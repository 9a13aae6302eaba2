"""Convert boxes between a picture and the network's square input."""

from dataclasses import dataclass

from core.data.pictures.box import Box


@dataclass(frozen=True)
class CropGeometry:
    """Maps pixels of a picture to pixels of the square, along each axis: there = scale * here + shift."""

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float

    @classmethod
    def of(cls, window: Box, resized: tuple[int, int], left: int, top: int) -> "CropGeometry":
        """Return the geometry of a window of the picture, resized to (width, height) and placed at (left, top)."""
        scale_x, scale_y = resized[0] / window.width, resized[1] / window.height
        return cls(scale_x, scale_y, left - window.x * scale_x, top - window.y * scale_y)

    def there(self, box: Box) -> Box:
        """Convert a box from the picture to the square; nothing is clipped."""
        x, y = self.scale_x * box.x + self.shift_x, self.scale_y * box.y + self.shift_y
        return Box(x, y, self.scale_x * box.width, self.scale_y * box.height)

    def back(self, box: Box) -> Box:
        """Convert a box from the square to the picture; nothing is clipped."""
        x, y = (box.x - self.shift_x) / self.scale_x, (box.y - self.shift_y) / self.scale_y
        return Box(x, y, box.width / self.scale_x, box.height / self.scale_y)


def corners_of(box: Box) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom."""
    return box.x, box.y, box.x + box.width, box.y + box.height


def box_of(left: float, top: float, right: float, bottom: float) -> Box:
    """Return the box with these corners."""
    return Box(left, top, right - left, bottom - top)

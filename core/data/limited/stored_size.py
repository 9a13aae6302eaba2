"""Read the size and the orientation of an untrusted image from its header, in this process."""

from dataclasses import dataclass

from core.data.pictures.box import Box
from core.data.pictures.decoding_limits import MAX_PIXELS, MAX_SIDE, reduction
from core.data.pictures.formats.heif_header import is_heif
from core.data.pictures.formats.heif_photo import check_heif
from core.data.pictures.opened_picture import BROKEN, check_size, open_picture

ORIENTATION_TAG, TURNED = 274, (5, 6, 7, 8)


@dataclass(frozen=True)
class StoredSize:
    """The size of an image as it is stored, and how it is turned before it is shown."""

    width: int  # pixels
    height: int
    orientation: int = 1  # EXIF tag 274, 1 to 8; 1: shown as stored
    scale: int = 1  # a large JPEG is read at 1/2, 1/4 or 1/8 of its scale; width and height are those of the file

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as the image is shown."""
        return (self.height, self.width) if self.orientation in TURNED else (self.width, self.height)

    @property
    def as_read(self) -> tuple[int, int]:
        """Width and height of the upright image at the scale at which it is read."""
        width, height = self.upright
        return -(-width // self.scale), -(-height // self.scale)

    def turn(self, box: Box) -> Box:
        """Return a box of the stored image in the image as it is shown.

        The eight orientations are those of the EXIF standard (CIPA DC-008, 4.6.4, tag Orientation).
        """
        left, right = box.x, self.width - box.x - box.width
        top, bottom = box.y, self.height - box.y - box.height
        x, y = {2: (right, top), 3: (right, bottom), 4: (left, bottom)}.get(self.orientation, (left, top))
        if self.orientation not in TURNED:
            return Box(x, y, box.width, box.height)
        x, y = {5: (top, left), 6: (bottom, left), 7: (bottom, right), 8: (top, right)}[self.orientation]
        return Box(x, y, box.height, box.width)


def header_size(raw: bytes) -> StoredSize | None:
    """Return an image's size and orientation; None where they cannot be read or the image is too large."""
    try:
        if is_heif(raw):  # its turn is part of the picture
            size = check_heif(raw, MAX_PIXELS, MAX_SIDE)
            return StoredSize(*size)
        with open_picture(raw) as image:
            scale = reduction(image, raw, MAX_PIXELS)
            check_size(image.size, scale)  # a PNG is decoded in search of its EXIF data
            orientation = image.getexif().get(ORIENTATION_TAG)
            known = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
            return StoredSize(image.width, image.height, known, scale)
    except BROKEN:
        return None

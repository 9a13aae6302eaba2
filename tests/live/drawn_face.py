"""A drawn face that the detector finds, with open or closed eyes; no photo of anybody."""

from PIL import Image, ImageDraw, ImageFilter

SKIN = (214, 168, 140)
EYES_APART = 104
"""Pixels at scale 1, as the detector sees them."""


def drawn_face(
    size: tuple[int, int] = (1280, 720), centre: tuple[int, int] = (640, 360), scale: float = 1.0, *, closed: bool
) -> Image.Image:
    """Return a picture with a face, whose head is about 300 pixels high at scale 1."""
    image = Image.new("RGB", size, (120, 135, 150))
    draw = ImageDraw.Draw(image)
    middle_x, middle_y = centre

    def disc(x: float, y: float, wide: float, high: float, color: tuple[int, int, int]) -> None:
        left, top = middle_x + scale * (x - wide), middle_y + scale * (y - high)
        draw.ellipse((left, top, middle_x + scale * (x + wide), middle_y + scale * (y + high)), fill=color)

    disc(0, 330, 260, 140, (60, 70, 110))  # shoulders
    disc(0, 180, 50, 60, (182, 143, 119))
    disc(0, -40, 135, 165, (50, 35, 28))  # hair
    disc(0, 10, 115, 150, SKIN)
    for side in (-48, 48):
        disc(side, -48, 30, 6, (60, 42, 34))
        if closed:
            disc(side, -16, 22, 3, (60, 40, 35))
        else:
            disc(side, -18, 23, 11, (245, 245, 245))
            disc(side, -18, 10, 10, (30, 20, 20))
    disc(0, 25, 12, 25, (196, 150, 124))
    for side in (-9, 9):
        disc(side, 45, 6, 4, (120, 80, 65))
    disc(0, 88, 40, 12, (170, 80, 80))
    return image.filter(ImageFilter.GaussianBlur(2 * scale))

"""Photo files: turned, deep, wide in colour, animated, damaged, of cameras and phones."""

import io

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from core.data.pictures.formats.color_profiles import matrix_profile
from tests.data.importing.kinds.contents import HEIGHT, ORIENTATION, TURNED, WIDTH, noise, photos, saved, turned
from tests.data.importing.kinds.kind import Kind, Look, Photo, exact, problem, question, remark
from tests.data.pictures.test_color_profiles import DISPLAY_P3, expected_from_p3

AREA = "Photo files"

RED, BLUE, WIDE = (200, 40, 30), (30, 40, 200), (200, 80, 60)
OTHER = photos("duck/b.png", "owl/z.png")
SIZE = (WIDTH, HEIGHT)
LEFT, RIGHT, TOP, BOTTOM = (4, 24), (60, 24), (24, 4), (24, 60)


red, green, blue = (round(float(value)) for value in expected_from_p3(WIDE))
WIDE_IN_SRGB = (red, green, blue)


def two_halves() -> Image.Image:
    """A picture that is red at the left and blue at the right."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:, : WIDTH // 2], pixels[:, WIDTH // 2 :] = RED, BLUE
    return Image.fromarray(pixels)


HALVES = two_halves()
SHOWN = Look(SIZE, {LEFT: RED, RIGHT: BLUE})


REST = {"duck/b.png": "duck", "owl/z.png": "owl"}


def beside(name: str, data: bytes) -> dict[str, str | bytes]:
    """The photo in a class folder, and another in a second one."""
    return {f"owl/{name}": data, **OTHER}


def meant(name: str) -> dict[str, str | None]:
    return {f"owl/{name}": "owl", **REST}


def kept(kind: str, name: str, data: bytes, look: Look = SHOWN) -> Kind:
    """A photo that is stored as it looks."""
    return exact(kind, beside(name, data), meant(name), looks={f"owl/{name}": look})


def stored_turned() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    return saved(HALVES, "JPEG", quality=95, exif=exif)


def ramp(step: int) -> Image.Image:
    """A picture of 16 bits whose values are multiples of a step: black at the left, the brightest at the right."""
    return Image.fromarray(np.tile(np.arange(WIDTH, dtype=np.uint16) * step, (HEIGHT, 1)))


def heic(image: Image.Image) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=100, chroma=444)
    return out.getvalue()


def frames(format: str, **options: object) -> bytes:
    others = [Image.new("RGB", SIZE, BLUE)]
    return saved(Image.new("RGB", SIZE, RED), format, save_all=True, append_images=others, **options)


def clear() -> Image.Image:
    """A picture with a transparent right half."""
    image = HALVES.convert("RGBA")
    image.paste((0, 0, 0, 0), (WIDTH // 2, 0, WIDTH, HEIGHT))
    return image


JPEG = saved(HALVES, "JPEG", quality=95)
NOISY = saved(noise(1, 200, 200), "JPEG")
UPRIGHT = Look((HEIGHT, WIDTH), {TOP: RED, BOTTOM: BLUE})
STRIP = Look(SIZE, {(0, 24): (0, 0, 0), (63, 24): (255, 255, 255)})

KINDS: tuple[Kind, ...] = (
    *(
        kept(f"{format} photos", f"a.{suffix}", saved(HALVES, format, **options))
        for format, suffix, options in (
            ("JPEG", "jpg", {"quality": 95}),
            ("PNG", "png", {}),
            ("WEBP", "webp", {"lossless": True}),
            ("BMP", "bmp", {}),
            ("TIFF", "tif", {}),
            ("GIF", "gif", {}),
            ("AVIF", "avif", {"quality": 100}),
            ("JPEG2000", "jp2", {}),
        )
    ),
    kept("HEIC photos of phones", "IMG_1.HEIC", heic(HALVES)),
    remark(
        "a photo that is turned by EXIF",
        beside("a.jpg", stored_turned()),
        meant("a.jpg"),
        "turned upright (EXIF)",
        looks={"owl/a.jpg": UPRIGHT},
    ),
    remark(
        "a JPEG without its two end bytes",
        beside("a.jpg", JPEG[:-2]),
        meant("a.jpg"),
        "a.jpg",
        looks={"owl/a.jpg": SHOWN},
    ),
    problem("a JPEG of which the second half is missing", beside("a.jpg", NOISY[: len(NOISY) // 2]), REST, "owl/a.jpg"),
    problem("a PNG that is cut off", beside("a.png", saved(noise(1))[:-2000]), REST, "owl/a.png"),
    remark(
        "16 bits, the whole range",
        beside("a.png", saved(ramp(1040))),
        meant("a.png"),
        "values scaled by their own range, 0..65520",
        looks={"owl/a.png": STRIP},
    ),
    remark(
        "16 bits, of which 12 are used",
        beside("a.tif", saved(ramp(65), "TIFF")),
        meant("a.tif"),
        "values scaled by their own range, 0..4095",
        looks={"owl/a.tif": STRIP},
    ),
    remark("CMYK", beside("a.jpg", saved(HALVES.convert("CMYK"), "JPEG", quality=95)), meant("a.jpg"), "CMYK"),
    kept("a palette", "a.png", saved(HALVES.quantize(4))),
    remark(
        "transparency",
        beside("a.png", saved(clear())),
        meant("a.png"),
        "transparen",
        looks={"owl/a.png": Look(SIZE, {LEFT: RED, RIGHT: (255, 255, 255)})},
    ),
    kept("black and white", "a.png", saved(HALVES.convert("1")), Look(SIZE)),
    remark(
        "Display P3, a wide gamut",
        beside("a.png", saved(Image.new("RGB", SIZE, WIDE), icc_profile=matrix_profile("Display P3", DISPLAY_P3))),
        meant("a.png"),
        "sRGB",
        looks={"owl/a.png": Look(SIZE, {LEFT: WIDE_IN_SRGB})},
    ),
    kept(
        "sRGB with its profile",
        "a.png",
        saved(HALVES, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
    ),
    question(
        "an animated GIF: the first frame",
        beside("a.gif", frames("GIF")),
        {"frames": "first"},
        meant("a.gif"),
        "frames",
        looks={"owl/a.gif": Look(SIZE, {LEFT: RED})},
    ),
    question(
        "an animated GIF: all frames",
        beside("a.gif", frames("GIF")),
        {"frames": "all"},
        {
            "owl/a.gif#1.png": Photo("owl", group="owl/a.gif"),
            "owl/a.gif#2.png": Photo("owl", group="owl/a.gif"),
            **REST,
        },
        looks={"owl/a.gif#1.png": Look(SIZE, {LEFT: RED}), "owl/a.gif#2.png": Look(SIZE, {LEFT: BLUE})},
    ),
    question(
        "a TIFF of two pages",
        beside("a.tif", frames("TIFF")),
        {"frames": "all"},
        {
            "owl/a.tif#1.png": Photo("owl", group="owl/a.tif"),
            "owl/a.tif#2.png": Photo("owl", group="owl/a.tif"),
            **REST,
        },
    ),
    question("an animated WebP", beside("a.webp", frames("WEBP", lossless=True)), {"frames": "skip"}, REST),
    remark(
        "a raw photo of a camera",
        beside("DSC_1.NEF", b"II*\0" + bytes(40)),
        REST,
        "owl/DSC_1.NEF: it is a raw photo of a camera",
    ),
    remark("a video", beside("a.mov", b"\0\0\0\x14ftypqt  "), REST, "owl/a.mov: it is a video"),
    problem(
        "a HEIC photo that is damaged",
        beside("IMG_1.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        REST,
        "owl/IMG_1.HEIC cannot be imported: it is a HEIC photo that is damaged or cut off",
    ),
    problem(
        "a web page called .jpg", beside("a.jpg", b"<!DOCTYPE html><html><body>404</body></html>"), REST, "owl/a.jpg"
    ),
    problem(
        "a pointer of Git LFS called .jpg",
        beside("a.jpg", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
        REST,
        "owl/a.jpg",
    ),
    problem("an empty file called .jpg", beside("a.jpg", b""), REST, "owl/a.jpg"),
    kept("a PNG called .jpg", "a.jpg", saved(HALVES)),
    kept("a suffix in capitals", "A.JPG", JPEG),
    remark(
        "the same photo twice with one class",
        {"owl/a.png": saved(HALVES), "owl/b.png": saved(HALVES), **photos("duck/c.png")},
        {"owl/a.png": "owl", "duck/c.png": "duck"},
        "owl/b.png: the same photo as owl/a.png",
    ),
    problem(
        "the same photo with two classes",
        {"owl/a.png": saved(HALVES), "duck/b.png": saved(HALVES), **photos("duck/c.png")},
        {"duck/b.png": None, "duck/c.png": "duck"},
        "duck/b.png and owl/a.png are the same photo, and the labels differ (duck, owl)",
    ),
    exact(
        "turned photos in class folders keep their class",
        turned("owl/a.jpg", "duck/b.jpg"),
        {"owl/a.jpg": "owl", "duck/b.jpg": "duck"},
        looks={"owl/a.jpg": Look((HEIGHT, WIDTH))},
    ),
)

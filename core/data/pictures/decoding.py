"""Decode one untrusted picture into an upright RGB image, or reject it with a reason."""

import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import PIL
from PIL import Image, UnidentifiedImageError

from core.data.pictures.decoding_limits import TimedBytes, TooCostly, check_cost, load
from core.data.pictures.network_input.reduced_image import Extent, ReducedImage, turned
from core.data.pictures.pixels import to_rgb
from core.errors import ImageRefused

MAX_PIXELS = 89_478_485
"""Width times height of the largest picture: a quarter of a gigabyte as RGB, Pillow's default for its warning.

It is checked against the size in the header, before any pixel is decoded.
"""

MAX_SIDE = 65_535
"""Width or height of the largest picture, as in JPEG: Pillow's time grows with the square of a row's length."""

MAX_FILE_BYTES = 256 * 2**20
"""The largest file that is read into memory for decoding."""

# Formats whose decoder works inside this process on the bytes given, and whose header gives the size of the result.
# Left out: EPS (Pillow runs Ghostscript on it), WMF and the stubs (another program decodes them), FITS (inflates
# without a limit), ICO, ICNS and CUR (the picture inside may be larger than the header says).
FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "DIB", "QOI", "SGI", "PCX", "PSD", "TGA",
)  # fmt: skip

IMAGE_SUFFIXES = frozenset(
    (
        ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff",
        ".avif", ".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".qoi", ".sgi", ".pcx", ".psd", ".tga",
    )
)  # fmt: skip
"""Suffixes (lower case) of the files that count as pictures in folders and zips."""

# A browser can show these formats, so keeping the user's file is better than one format for all.
_STORED_UNCHANGED = {"JPEG", "MPO", "PNG", "WEBP"}

_VERSION = 2
DECODER = f"pillow{PIL.__version__}-{_VERSION}"
"""Pixels of another decoder are not mixed with ours. Increase the version when decoding or resizing changes here."""

# What Pillow raises for damaged pictures, found by reading its plugins and by fuzzing them:
BROKEN = (
    OSError,  # cut off, decoder errors, no known format
    EOFError,  # a frame that is announced but missing (WebP)
    SyntaxError,  # Pillow's error for a file that breaks its format
    ValueError,  # sizes, palettes or colour modes out of range; text that is not UTF-8; text chunks over Pillow's limit
    TypeError,  # TIFF tags of an unexpected type
    IndexError,  # pixel data that ends early (QOI)
    OverflowError,  # offsets and sizes beyond a C integer
    RuntimeError,  # AVIF containers without a picture
    struct.error,  # PNG chunks that are shorter than their kind
    zlib.error,  # compressed text in PNG
    MemoryError,  # a header that asks for more memory than there is
    Image.DecompressionBombError,  # over Pillow's own limit, found while opening
    Image.DecompressionBombWarning,  # the same, if Python raises warnings as errors
)

_ORIENTATION_TAG = 0x0112
_ROTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF orientation -> what makes the picture upright
_FIRST_SIDEWAYS = 5  # of the orientations: width and height change places


# First bytes of other files that people upload as pictures, with what to do about them.
_OTHER_SIGNATURES = (
    (b"%PDF", "it is a PDF document; save its page as JPEG or PNG"),
    (b"%!PS", "it is a PostScript (EPS) file, which is a program; save it as JPEG or PNG"),
    (
        b"\xc5\xd0\xd3\xc6",
        "it is a PostScript (EPS) file, which is a program; save it as JPEG or PNG",
    ),
    (b"PK\x03\x04", "it is a zip or an Office document, not an image"),
    (b"\x00\x00\x01\x00", "it is an icon file; save it as PNG"),
)
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")

_IMAGE_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"RIFF")

THUMBNAIL_SIDE = 256
"""Pixels of the longer side."""

_HASHED_PIXELS = 2**16  # so few that they stay in the processor's cache
_COUNTED_BYTES = 8 * 2**20
_TINY_SIDE = 8
_LONG = 10


@dataclass(frozen=True)
class Decoded:
    """One decoded picture.

    ``verbatim`` means that the file itself can be stored: a browser shows it, and
    ``Image.open(file).convert("RGB")`` gives exactly these pixels.
    """

    image: Image.Image
    remarks: tuple[str, ...]
    format: str
    verbatim: bool


def decode(source: bytes | Path, name: str, before: Callable[[int], None] | None = None) -> Decoded:
    """Decode a file's bytes or a file on disk into an upright RGB picture; ``name`` is the user's name for it.

    ``before`` is called with the number of pixels before they are decoded; it may wait until there is memory for them.
    Raises ImageRefused, and nothing else, for anything that is not one whole picture of an allowed size.
    """
    return _decode(source, name, before)[0]


def decode_reduced(source: bytes | Path, name: str, least_side: int) -> ReducedImage:
    """Decode as `decode` does, but a large JPEG at 1/2, 1/4 or 1/8 of its scale, with no side under ``least_side``.

    That takes a third of the time for 12 megapixels. Pictures of other formats, and JPEGs of less than twice
    ``least_side``, are decoded whole.
    """
    return _decode(source, name, None, least_side)[1]


def _decode(
    source: bytes | Path, name: str, before: Callable[[int], None] | None = None, least_side: int | None = None
) -> tuple[Decoded, ReducedImage]:
    data = _bytes_of(source, name)
    try:
        with Image.open(TimedBytes(data), formats=FORMATS) as file:
            width, height = file.size
            if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
                allowed = f"at most {MAX_PIXELS:,} pixels and {MAX_SIDE:,} a side are allowed"
                raise ImageRefused(name, f"it has {width} x {height} pixels; {allowed}; make it smaller")
            check_cost(file, data)
            if before is not None:
                before(width * height)
            extent = None
            if least_side is not None and file.format in ("JPEG", "MPO") and min(width, height) >= 2 * least_side:
                drafted = file.draft(None, (least_side, least_side))
                extent = drafted[1] if drafted else None
            return _upright_rgb(file, data, (width, height), extent)
    except UnidentifiedImageError:
        raise ImageRefused(name, _what_it_is(data)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageRefused(name, f"it has more than the {MAX_PIXELS:,} pixels allowed; make it smaller") from None
    except MemoryError:
        raise ImageRefused(name, "there is not enough memory to decode it; make it smaller") from None
    except TooCostly as error:
        raise ImageRefused(name, str(error)) from error
    except BROKEN as error:
        raise ImageRefused(name, _damage(error)) from error


def content_hash(image: Image.Image) -> str:
    """Return the SHA-256 (hex) of size and RGB bytes, the same for the same picture in another file or format."""
    rgb = image if image.mode == "RGB" else image.convert("RGB")
    digest = hashlib.sha256(struct.pack(">II", *rgb.size))
    width, height = rgb.size
    rows = max(1, _HASHED_PIXELS // width)  # in strips, because the bytes of a large photo are a quarter of a gigabyte
    for top in range(0, height, rows):
        strip = rgb if rows >= height else rgb.crop((0, top, width, min(top + rows, height)))
        digest.update(strip.tobytes())
    return digest.hexdigest()


def make_thumbnail(image: Image.Image, side: int = THUMBNAIL_SIDE) -> bytes:
    """Return a JPEG whose longer side is at most ``side`` pixels; small pictures keep their size."""
    scale = side / max(image.size)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        # reducing_gap averages whole blocks down to twice the size first, several times faster for large photos.
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    # A WebP is a quarter smaller, takes ten times as long and hides blur; most of an import's time was spent on it.
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def _bytes_of(source: bytes | Path, name: str) -> bytes:
    if isinstance(source, Path):
        try:
            if not source.is_file():
                raise ImageRefused(
                    name, "the file does not exist" if not source.exists() else "it is not a regular file"
                )
            if source.stat().st_size > MAX_FILE_BYTES:
                raise ImageRefused(name, f"the file is larger than {MAX_FILE_BYTES // 2**20} MB")
            source = source.read_bytes()
        except OSError as error:
            raise ImageRefused(name, f"the file cannot be read ({error.strerror})") from error
    if not source:
        raise ImageRefused(name, "the file is empty")
    if len(source) > MAX_FILE_BYTES:
        raise ImageRefused(name, f"the file is larger than {MAX_FILE_BYTES // 2**20} MB")
    return source


def _upright_rgb(
    file: Image.Image, data: bytes, size: tuple[int, int], extent: Extent | None
) -> tuple[Decoded, ReducedImage]:
    """Return the picture upright; ``extent`` is where it lies in its pixels if they are fewer than ``size``."""
    stored_format = file.format or "unknown"
    # Pillow turns a TIFF upright while loading it and drops the tag.
    turned_by_pillow = stored_format == "TIFF" and _orientation(file)[0] in _ROTATIONS
    image, remarks = to_rgb(load(file, data))
    # An ICC profile that describes RGB still applies; all other information about the pixels no longer does.
    profile = file.info.get("icc_profile") if file.mode in ("RGB", "RGBA", "P") else None
    image.info = {"icc_profile": profile} if profile else {}

    orientation, exif_remark = _orientation(file)
    if exif_remark:
        remarks.append(exif_remark)
    turn = _ROTATIONS.get(orientation)  # one of the turns is number 0
    if turn is not None:
        extent = turned(extent, image.size, turn) if extent else None
        size = size[::-1] if orientation >= _FIRST_SIDEWAYS else size
        image = image.transpose(turn)
    if turn is not None or turned_by_pillow:
        remarks.append("turned upright (EXIF)")
    frames = _frames(file, len(data))
    verbatim = stored_format in _STORED_UNCHANGED and not frames and not remarks
    if frames:
        remarks.append(f"first of {frames}")

    width, height = image.size
    if min(width, height) < _TINY_SIDE:
        remarks.append(f"tiny: {width} x {height} pixels")
    if max(width, height) >= _LONG * min(width, height):
        remarks.append(f"very long and narrow: {width} x {height} pixels")
    reduced = ReducedImage(image, size, extent) if extent else ReducedImage.of(image)
    return Decoded(image, tuple(remarks), stored_format, verbatim), reduced


def _orientation(file: Image.Image) -> tuple[int, str | None]:
    """Return the EXIF orientation, 1 to 8, and a remark if the EXIF data is broken: the pixels may be sound."""
    try:
        stored = file.getexif().get(_ORIENTATION_TAG, 1)
    except BROKEN:
        return 1, "its EXIF data is broken, so it was not turned"
    return (stored if isinstance(stored, int) else 1), None


def _frames(file: Image.Image, file_bytes: int) -> str | None:
    """Return "12 frames" or "several pages"; None for a single picture.

    The second picture of an MPO is a stereo view or a preview, and the layers of a PSD are parts of one picture.
    """
    if file.format not in ("GIF", "PNG", "WEBP", "AVIF", "TIFF") or not getattr(file, "is_animated", False):
        return None
    # Pillow counts by reading the whole file, and a TIFF in quadratic time.
    if file.format == "TIFF":
        return "several pages"
    if file_bytes > _COUNTED_BYTES:
        return "several frames"
    return f"{getattr(file, 'n_frames', 1)} frames"


def _what_it_is(data: bytes) -> str:
    """Return why Pillow found no picture, judging by the first bytes."""
    for start, reason in _OTHER_SIGNATURES:
        if data.startswith(start):
            return reason
    if data[4:8] == b"ftyp":
        if data[8:12] in _HEIC_BRANDS:
            return "it is a HEIC photo, which cannot be read; export it as JPEG (iPhone: Settings, Camera, Formats)"
        return "it is a video or a damaged AVIF image"
    if data.startswith(_IMAGE_SIGNATURES):
        return "it begins like an image, but is damaged or cut off"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<") and b"<svg" in head.lower():
        return "it is an SVG drawing, which has no pixels; save it as PNG"
    if not any(byte < 9 or 13 < byte < 32 for byte in head):
        return "it is a text file, not an image"
    return "it is not an image that can be read, or its first bytes are damaged"


def _damage(error: BaseException) -> str:
    message = str(error).strip().rstrip(".")
    if "truncated" in message.lower() or isinstance(error, EOFError):
        return "it is cut off: the file ends before the picture is complete"
    if message.startswith("it"):  # the messages of core.data.pictures.pixels
        return message
    return f"it is damaged and cannot be read ({message or type(error).__name__})"

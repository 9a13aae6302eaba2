"""Open one untrusted picture with Pillow within the limits, and load its pixels in the file's own colour mode."""

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import jpeg_factory

from core.data.pictures.decoding_limits import (
    MAX_PIXELS,
    MAX_SCANS,
    MAX_SIDE,
    TimedBytes,
    TooCostly,
    check_cost,
    count_scans,
    load,
    reduction,
)
from core.data.pictures.formats.color_profiles import profile_of_primaries
from core.data.pictures.formats.cut_jpeg import completed, is_cut
from core.data.pictures.formats.deep_colors import by_own_range, is_deep, read_lower_bytes, uses_lower_half
from core.data.pictures.formats.heif_header import color_primaries, is_heif
from core.data.pictures.formats.heif_photo import check_heif, load_heif
from core.data.pictures.formats.tiff_pages import tiff_pages
from core.data.pictures.network_input.reduced_image import Extent

# Formats whose decoder works inside this process on the bytes given, and whose header gives the size of the result.
# Left out: EPS (Pillow runs Ghostscript on it), WMF and the stubs (another program decodes them), FITS (inflates
# without a limit), ICO, ICNS and CUR (the picture inside may be larger than the header says). HEIF is not Pillow's.
FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "DIB", "QOI", "SGI", "PCX", "PSD", "TGA",
)  # fmt: skip

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

ROTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF orientation -> what makes the picture upright

_ORIENTATION_TAG = 0x0112
_JPEG_START = b"\xff\xd8\xff"
_COUNTED_BYTES = 8 * 2**20
_CUT_PIXELS = 500_000_000  # pixels times scans of a cut JPEG that is decoded again to see what is missing


@dataclass(frozen=True)
class Loaded:
    """Decoded pixels in the file's own colour mode, and what the file says about them."""

    image: Image.Image
    format: str
    size: tuple[int, int]  # of the whole picture, at the scale of ``decode``
    profile: bytes | None = None  # the colour profile
    orientation: int = 1  # of EXIF
    turned: bool = False  # Pillow has turned it upright
    frames: str | None = None  # "12 frames" or "3 pages", if the first of them was loaded
    extent: Extent | None = None  # where the picture lies in its pixels, if they are fewer than ``size``
    full_size: tuple[int, int] | None = None  # in the file, if ``size`` is smaller
    remarks: tuple[str, ...] = ()
    former: Image.Image | None = None  # what earlier versions loaded, if that was another picture


def open_picture(data: bytes) -> Image.Image:
    """Open a file without decoding its pixels. Raises one of BROKEN.

    Image.open warns of a JPEG of more than MAX_PIXELS and refuses one of twice as many; those are decoded at reduced
    scale, so that their size is no danger.
    """
    if not data.startswith(_JPEG_START):
        return Image.open(TimedBytes(data), formats=FORMATS)
    try:
        return jpeg_factory(TimedBytes(data))
    except (SyntaxError, IndexError, TypeError, struct.error) as error:  # as in Image.open
        raise UnidentifiedImageError("the header cannot be read") from error


def load_picture(
    data: bytes,
    before: Callable[[int], None] | None = None,
    least_side: int | None = None,
    frame: int | None = None,
) -> Loaded:
    """Load a file's pixels; the arguments are those of ``decode`` and its siblings.

    Raises TooCostly for a picture over the limits, one of BROKEN for anything that is no picture.
    """
    if is_heif(data):
        size = check_heif(data, MAX_PIXELS, MAX_SIDE)
        if before is not None:
            before(size[0] * size[1])
        photo = load_heif(data)
        return Loaded(photo.image, "HEIF", photo.image.size, photo.profile, remarks=photo.remarks)
    # Not closed at its end: Pillow reads on in the file of an animation when its pixels are converted.
    file = open_picture(data)
    if frame:
        file.seek(frame)
    full_size = file.size
    scale = reduction(file, data, MAX_PIXELS)
    check_size(full_size, scale)
    check_cost(file, data)
    size = (-(-full_size[0] // scale), -(-full_size[1] // scale))
    if before is not None:
        before(size[0] * size[1])
    extent = None
    if least_side is not None and file.format in ("JPEG", "MPO") and min(size) >= 2 * least_side:
        drafted = file.draft(None, (least_side, least_side))
        extent = drafted[1] if drafted else None
    elif scale > 1:
        file.draft(None, (full_size[0] // scale, full_size[1] // scale))
    check_size(file.size)
    stored_format = file.format or "unknown"
    # Pillow turns a TIFF upright while loading it and drops the tag.
    turned = stored_format == "TIFF" and _orientation(file)[0] in ROTATIONS
    deep = is_deep(file)
    image = load(file, data)
    orientation, broken = _orientation(file)
    own = _by_own_range(image, data, frame) if deep else None
    notes = [broken, own and f"16-bit colours scaled by their own range, 0..{own[1]}, to 8-bit"]
    return Loaded(
        own[0] if own else image,
        stored_format,
        size,
        _profile(file, data),
        orientation,
        turned,
        _frames(file, data) if frame is None else None,
        extent,
        full_size if scale > 1 else None,
        tuple(note for note in notes if note),
        image if own else None,
    )


def check_size(size: tuple[int, int], scale: int = 1) -> None:
    """Raise TooCostly for a picture of too many pixels, unless it is decoded at reduced scale."""
    width, height = size
    if (scale == 1 and width * height > MAX_PIXELS) or max(width, height) > MAX_SIDE:
        allowed = f"at most {MAX_PIXELS:,} pixels and {MAX_SIDE:,} a side are allowed"
        raise TooCostly(f"it has {width} x {height} pixels; {allowed}; make it smaller")


def with_end_mark(data: bytes, error: OSError) -> bytes | None:
    """Return a JPEG with its end mark if loading it failed for want of that alone, None for all other files."""
    if not is_cut(error) or not data.startswith(_JPEG_START):
        return None
    with open_picture(data) as file:
        if file.width * file.height * count_scans(data, MAX_SCANS) > _CUT_PIXELS:
            return None  # decoding it twice more would take too long
    return completed(data, _fingerprint)


def _fingerprint(data: bytes) -> str:
    with open_picture(data) as file:
        scale = reduction(file, data, MAX_PIXELS)
        if scale > 1:
            file.draft(None, (file.width // scale, file.height // scale))
        file.load()
        return hashlib.sha256(file.tobytes()).hexdigest()


def _by_own_range(high: Image.Image, data: bytes, frame: int | None) -> tuple[Image.Image, int] | None:
    """Return a picture with colours of 16 bits that is nearly black, made brighter; None for all others."""
    if high.mode not in ("RGB", "RGBA") or "transparency" in high.info or not uses_lower_half(high):
        return None
    with open_picture(data) as file:
        if frame:
            file.seek(frame)
        read_lower_bytes(file)
        file.load()
        image, brightest = by_own_range(high, file)
    return (image, brightest) if brightest else None


def _profile(file: Image.Image, data: bytes) -> bytes | None:
    """Return the colour profile; an AVIF without one may name its primaries."""
    profile: bytes | None = file.info.get("icc_profile")
    if not profile and file.format == "AVIF":
        profile = profile_of_primaries(color_primaries(data))
    return profile


def _orientation(file: Image.Image) -> tuple[int, str | None]:
    """Return the EXIF orientation, 1 to 8, and a remark if the EXIF data is broken: the pixels may be sound."""
    try:
        stored = file.getexif().get(_ORIENTATION_TAG, 1)
    except BROKEN:
        return 1, "its EXIF data is broken, so it was not turned"
    return (stored if isinstance(stored, int) else 1), None


def _frames(file: Image.Image, data: bytes) -> str | None:
    """Return "12 frames" or "3 pages"; None for a single picture.

    The second picture of an MPO is a stereo view or a preview, and the layers of a PSD are parts of one picture.
    """
    if file.format not in ("GIF", "PNG", "WEBP", "AVIF", "TIFF") or not getattr(file, "is_animated", False):
        return None
    if file.format == "TIFF":
        pages = len(tiff_pages(data))  # Pillow counts them in quadratic time
        return f"{pages:,} pages" if pages > 1 else None
    if len(data) > _COUNTED_BYTES:  # Pillow counts by reading the whole file
        return "several frames"
    return f"{getattr(file, 'n_frames', 1)} frames"

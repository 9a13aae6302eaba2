"""Decode one untrusted picture into an upright RGB image, or reject it with a reason."""

import hashlib
import io
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import PIL
from PIL import Image, UnidentifiedImageError

from core.data.pictures.decoding_limits import MAX_FILE_BYTES, MAX_PIXELS, MAX_SIDE, TooCostly
from core.data.pictures.formats.color_profiles import to_srgb
from core.data.pictures.formats.other_files import RAW, raw_photo, what_it_is
from core.data.pictures.network_input.reduced_image import ReducedImage, turned
from core.data.pictures.opened_picture import BROKEN, ROTATIONS, Loaded, load_picture, with_end_mark
from core.data.pictures.pixels import NUMBERS, to_rgb
from core.errors import ImageRefused

__all__ = [
    "BROKEN",
    "DECODER",
    "IMAGE_SUFFIXES",
    "MAX_FILE_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "PART_READ",
    "THUMBNAIL_SIDE",
    "Decoded",
    "content_hash",
    "decode",
    "decode_frame",
    "decode_reduced",
    "make_thumbnail",
]

IMAGE_SUFFIXES = frozenset(
    (
        ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff",
        ".avif", ".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".qoi", ".sgi", ".pcx", ".psd", ".tga",
        ".heic", ".heif", ".hif",
    )
)  # fmt: skip
"""Suffixes (lower case) of the files that count as pictures in folders and zips."""

# A browser can show these formats, so keeping the user's file is better than one format for all.
_STORED_UNCHANGED = {"JPEG", "MPO", "PNG", "WEBP"}

_VERSION = 2
DECODER = f"pillow{PIL.__version__}-{_VERSION}"
"""Pixels of another decoder are not mixed with ours. Increase the version when decoding or resizing changes here.

What changed only for files that are not stored yet does not count (colour profiles, the range of 16 bits): they get
other pixels and so another hash, and stored files are decoded as they were.
"""

_FIRST_SIDEWAYS = 5  # of the EXIF orientations: width and height change places
_IS_HASH = re.compile("[0-9a-f]{64}")

THUMBNAIL_SIDE = 256
"""Pixels of the longer side."""

_HASHED_PIXELS = 2**16  # so few that they stay in the processor's cache
_TINY_SIDE = 8
_LONG = 10
PART_READ = ("first of ", "read at reduced scale", "the main one of ")
"""How the remarks begin that say that only a part of a file is read."""
_NO_END = "its last two bytes are missing; the picture itself is whole"


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
    full_size: tuple[int, int] | None = None  # of the upright picture in the file, where it was read at reduced scale
    former_hash: str | None = None  # content hash of the pixels that earlier versions made of the file, if they differ
    orientation: int = 1  # EXIF tag 274 of the file: how it was turned upright

    @property
    def size_in_file(self) -> tuple[int, int]:
        """Width and height of the upright picture in the file."""
        return self.full_size or self.image.size


@dataclass(frozen=True)
class _Wanted:
    """What is to be made of a file; the fields are the arguments of the functions below."""

    before: Callable[[int], None] | None = None
    least_side: int | None = None
    frame: int | None = None
    as_before: bool = False
    former: bool = False


def decode(
    source: bytes | Path,
    name: str,
    before: Callable[[int], None] | None = None,
    *,
    as_before: bool = False,
    former: bool = False,
) -> Decoded:
    """Decode a file's bytes or a file on disk into an upright RGB picture; ``name`` is the user's name for it.

    ``before`` is called with the number of pixels before they are decoded; it may wait until there is memory for them.
    Colours are converted to sRGB, except with ``as_before`` and those of a stored file: its pixels stay as they were
    when it was stored. ``former`` also computes the hash of those pixels.
    Raises ImageRefused, and nothing else, for anything that is not one whole picture of an allowed size.
    """
    return _decode(source, name, _Wanted(before, as_before=as_before, former=former))[0]


def decode_frame(source: bytes, name: str, number: int) -> Decoded:
    """Decode one frame of an animation or one page of a TIFF like ``decode``; the first is number 0."""
    return _decode(source, name, _Wanted(frame=number))[0]


def decode_reduced(source: bytes | Path, name: str, least_side: int) -> ReducedImage:
    """Decode as `decode` does, but a large JPEG at 1/2, 1/4 or 1/8 of its scale, with no side under ``least_side``.

    That takes a third of the time for 12 megapixels. Pictures of other formats, and JPEGs of less than twice
    ``least_side``, are decoded whole.
    """
    return _decode(source, name, _Wanted(least_side=least_side))[1]


def _decode(source: bytes | Path, name: str, wanted: _Wanted) -> tuple[Decoded, ReducedImage]:
    if isinstance(source, Path) and _is_stored(source):
        wanted = replace(wanted, as_before=True)
    data = _bytes_of(source, name)
    try:
        if raw_photo(data):
            raise ImageRefused(name, RAW)
        try:
            return _decode_bytes(data, wanted)
        except OSError as error:
            whole = with_end_mark(data, error)
            if whole is None:
                raise
            return _decode_bytes(whole, replace(wanted, before=None), _NO_END)
    except UnidentifiedImageError:
        raise ImageRefused(name, what_it_is(data, PurePath(name).suffix.lower())) from None
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


def _decode_bytes(data: bytes, wanted: _Wanted, remark: str = "") -> tuple[Decoded, ReducedImage]:
    loaded = load_picture(data, wanted.before, wanted.least_side, wanted.frame)
    pixels = loaded.former or loaded.image if wanted.as_before else loaded.image
    plain, remarks = to_rgb(pixels, as_before=wanted.as_before)
    image, about_colors, mode = plain, None, pixels.mode
    if loaded.profile and not wanted.as_before and mode not in NUMBERS:
        image, about_colors = to_srgb(pixels, plain, loaded.profile)
    converted = image is not plain
    if converted and about_colors:
        remarks = [about_colors, *(remarks if mode != "CMYK" else [])]
    # A profile that describes RGB still applies; all other information about the pixels no longer does.
    keeps = loaded.profile and not about_colors and mode in ("RGB", "RGBA", "P")
    image.info = {"icc_profile": loaded.profile} if keeps else {}
    former = _former_hash(loaded) if wanted.former and (converted or mode in NUMBERS or loaded.former) else None
    said = () if wanted.as_before and loaded.former else loaded.remarks
    remarks = [*([remark] if remark else []), *remarks, *said]
    return _upright(image, loaded, remarks, None if converted else about_colors, former)


def _former_hash(loaded: Loaded) -> str:
    """Return the content hash of the pixels that earlier versions made of a file."""
    before, _ = to_rgb(loaded.former or loaded.image, as_before=True)
    turn = ROTATIONS.get(loaded.orientation)  # one of the turns is number 0
    return content_hash(before if turn is None else before.transpose(turn))


def _upright(
    image: Image.Image, loaded: Loaded, remarks: list[str], ignored: str | None, former: str | None
) -> tuple[Decoded, ReducedImage]:
    """Return the picture upright; ``ignored`` is a remark that does not change the pixels."""
    turn, extent = ROTATIONS.get(loaded.orientation), loaded.extent
    size, full = loaded.size, loaded.full_size
    if turn is not None:
        extent = turned(extent, image.size, turn) if extent else None
        image = image.transpose(turn)
        if loaded.orientation >= _FIRST_SIDEWAYS:
            size, full = size[::-1], full[::-1] if full else None
    if turn is not None or loaded.turned:
        remarks.append("turned upright (EXIF)")
    if full:
        remarks.append(f"{PART_READ[1]}, {size[0]} x {size[1]} of its {full[0]} x {full[1]} pixels")
    verbatim = loaded.format in _STORED_UNCHANGED and not loaded.frames and not remarks
    if loaded.frames:
        remarks.append(f"{PART_READ[0]}{loaded.frames}")
    if ignored:
        remarks.append(ignored)
    width, height = image.size
    if min(width, height) < _TINY_SIDE:
        remarks.append(f"tiny: {width} x {height} pixels")
    if max(width, height) >= _LONG * min(width, height):
        remarks.append(f"very long and narrow: {width} x {height} pixels")
    reduced = ReducedImage(image, size, extent) if extent else ReducedImage.of(image)
    orientation = loaded.orientation if turn is not None else 1
    return Decoded(image, tuple(remarks), loaded.format, verbatim, full, former, orientation), reduced


def _is_stored(path: Path) -> bool:
    """Return whether it is a file of the store (`stored_files`), whose name is the hash of its pixels."""
    return path.parent.name == path.stem[:2] and bool(_IS_HASH.fullmatch(path.stem))


def _damage(error: BaseException) -> str:
    message = str(error).strip().rstrip(".")
    if "truncated" in message.lower() or isinstance(error, EOFError):
        return "it is cut off: the file ends before the picture is complete"
    if message.startswith("it"):  # the messages of core.data.pictures.pixels
        return message
    return f"it is damaged and cannot be read ({message or type(error).__name__})"

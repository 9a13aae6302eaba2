"""Say what a file is that is not a photo that can be read, by its first bytes or by its suffix, with what to do."""

import re
import struct
from collections.abc import Iterator

RAW_SUFFIXES = frozenset(
    (
        ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2", ".raf", ".pef", ".srw",
        ".raw", ".rwl", ".3fr", ".fff", ".iiq", ".x3f", ".mrw", ".mef", ".mos", ".erf", ".kdc", ".dcr", ".gpr",
    )
)  # fmt: skip
"""Suffixes (lower case) of the raw photos of cameras."""
VIDEO_SUFFIXES = frozenset(
    (".mov", ".mp4", ".m4v", ".avi", ".mkv", ".webm", ".3gp", ".3g2", ".mts", ".m2ts", ".wmv", ".mpg", ".mpeg", ".flv")
)

_AS_JPEG = "export it as JPEG"
RAW = f"it is a raw photo of a camera, which has to be developed first; {_AS_JPEG}"
VIDEO = "it is a video, not a photo; save single frames of it as JPEG"
_PDF = "it is a PDF document; save its page as JPEG or PNG"
_POSTSCRIPT = "it is a PostScript (EPS) file, which is a program; save it as JPEG or PNG"
_SVG = "it is an SVG drawing, which has no pixels; save it as PNG"
_JXL = f"it is a JPEG XL image, which cannot be read; {_AS_JPEG}"
_ARCHIVE = "it is an archive, not an image; unpack it first"
_OFFICE = "it is a document; save its pictures as JPEG or PNG"
_DICOM = "it is a DICOM file; export its image as PNG"
_EDITOR = "it is a file of an image editor; export it as PNG"
_ICON = "it is an icon file; save it as PNG"
_HIGH_RANGE = "it is an image with a high dynamic range; export it as PNG or JPEG"
_FITS = "it is a FITS file; export its image as PNG"

# First bytes of other files that people upload as photos.
_SIGNATURES = (
    (b"%PDF", _PDF),
    (b"%!PS", _POSTSCRIPT),
    (b"\xc5\xd0\xd3\xc6", _POSTSCRIPT),
    (b"PK\x03\x04", "it is a zip or an Office document, not an image"),
    (b"\x00\x00\x01\x00", _ICON),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"II\x1a\x00\x00\x00HEAPCCDR", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\0", RAW),
    (b"FOVb", RAW),
    (b"\0MRM", RAW),
    (b"\x1aE\xdf\xa3", VIDEO),
    (b"\0\0\x01\xba", VIDEO),
    (b"FLV\x01", VIDEO),
    (b"\xff\x0a", _JXL),
    (b"\0\0\0\x0cJXL ", _JXL),
    (b"\x1f\x8b", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"\xd0\xcf\x11\xe0", _OFFICE),
    (b"gimp xcf", _EDITOR),
    (b"v/1\x01", _HIGH_RANGE),
    (b"#?RADIANCE", _HIGH_RANGE),
    (b"SIMPLE  =", _FITS),
    (b"\0\x05\x16\x07", "it belongs to another file of the same name (macOS keeps notes in it); delete it"),
    (b"version https://git-lfs", "it is a Git LFS pointer, not the photo itself; fetch it with git lfs pull"),
)
_SUFFIXES = {
    ".pdf": _PDF, ".ai": _PDF, ".eps": _POSTSCRIPT, ".ps": _POSTSCRIPT, ".svg": _SVG, ".jxl": _JXL, ".dcm": _DICOM,
    ".xcf": _EDITOR, ".kra": _EDITOR, ".afphoto": _EDITOR, ".ico": _ICON, ".exr": _HIGH_RANGE, ".hdr": _HIGH_RANGE,
    ".fits": _FITS, ".fit": _FITS, ".rar": _ARCHIVE, ".7z": _ARCHIVE, ".tar": _ARCHIVE, ".gz": _ARCHIVE,
    ".tgz": _ARCHIVE, ".doc": _OFFICE, ".docx": _OFFICE, ".ppt": _OFFICE, ".pptx": _OFFICE, ".xls": _OFFICE,
    ".xlsx": _OFFICE,
}  # fmt: skip
_IMAGE_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"RIFF", b"8BPS")

_TIFF_HEADS = (b"II*\0", b"MM\0*")
_SUBFILE, _PHOTOMETRIC, _SUB_DIRECTORIES, _DNG_VERSION = 254, 262, 330, 50706
_SENSOR_COLORS = (32803, 34892)  # a colour filter array, and linear raw values (DNG 1.6, PhotometricInterpretation)
_MOST_TAGS = 512
_HTML = re.compile(rb"<(!doctype html|html|head|body)\b", re.IGNORECASE)


def kind_by_suffix(suffix: str) -> str | None:
    """Return why a file with this suffix (lower case) is no photo, in half a sentence; None for unknown ones."""
    if suffix in RAW_SUFFIXES:
        return RAW
    return VIDEO if suffix in VIDEO_SUFFIXES else _SUFFIXES.get(suffix)


def raw_photo(data: bytes) -> bool:
    """Return whether a TIFF is the raw photo of a camera, of which Pillow would show the preview.

    The first directory of such files holds a small preview beside others (Nikon, Sony, Canon and most others), values
    of the sensor, or the version of the DNG format.
    """
    if not data.startswith(_TIFF_HEADS):
        return False
    if data[8:10] == b"CR" or data[8:12] in (b"IIII", b"MMMM"):
        return True
    tags = dict(_first_tags(data))
    preview = bool(tags.get(_SUBFILE, 0) & 1) and _SUB_DIRECTORIES in tags
    return _DNG_VERSION in tags or preview or tags.get(_PHOTOMETRIC) in _SENSOR_COLORS


def _first_tags(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the tags of a TIFF's first directory with their first value, where it stands in the directory itself."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        at = struct.unpack_from(order + "I", data, 4)[0]
        count = struct.unpack_from(order + "H", data, at)[0]
        for place in range(min(count, _MOST_TAGS)):
            tag, kind, _, value = struct.unpack_from(order + "HHII", data, at + 2 + 12 * place)
            short = struct.unpack_from(order + "H", data, at + 10 + 12 * place)[0]
            yield tag, short if kind == 3 else value
    except struct.error:
        return


def what_it_is(data: bytes, suffix: str = "") -> str:
    """Return why Pillow found no picture, judging by the first bytes and, if these say nothing, by the suffix."""
    for start, reason in _SIGNATURES:
        if data.startswith(start):
            return reason
    if raw_photo(data):
        return RAW
    if data[4:8] == b"ftyp":
        return _of_container(data[8:12])
    if data[4:8] in (b"moov", b"mdat", b"wide") or (data.startswith(b"RIFF") and data[8:12] == b"AVI "):
        return VIDEO
    if data[128:132] == b"DICM":
        return _DICOM
    if data.startswith(_IMAGE_SIGNATURES):
        return "it begins like an image, but is damaged or cut off"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<") and b"<svg" in head.lower():
        return _SVG
    if _HTML.match(head):
        return "it is a web page, not an image; download the image itself"
    if not any(byte < 9 or 13 < byte < 32 for byte in head):
        return "it is a text file, not an image"
    return kind_by_suffix(suffix) or "it is not an image that can be read, or its first bytes are damaged"


def _of_container(brand: bytes) -> str:
    """Say what an ISO file of this brand is; HEIF is known elsewhere."""
    if brand in (b"crx ",):
        return RAW
    if brand in (b"avif", b"avis", b"mif1", b"msf1"):
        return "it is an AVIF image that is damaged or cut off"
    return VIDEO

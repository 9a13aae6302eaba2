"""What of a folder would be published, and what is held back because it is or holds a photo."""

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.errors import DataError
from core.export.hub.drawn_pictures import is_chart
from core.export.hub.secrets import secret_reason
from core.models.decision import FOREIGN_FILE

# The first bytes of pictures and films, whatever their files are called.
_PICTURE_STARTS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"\x00\x00\x00\x0cjP  ",
    b"\xff\x0a",
    b"8BPS",
)
_PICTURE_BOXES = (b"WEBP", b"ftyp", b"AVI ")  # at byte 8 of RIFF, at byte 4 of the others
_CONTAINERS = frozenset(
    (
        ".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".npz", ".npy", ".h5", ".hdf5", ".parquet", ".arrow", ".pdf",
        ".mp4", ".mov", ".avi", ".mkv", ".webm", ".pkl", ".db",
    )
)  # fmt: skip
_CONTAINER_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\x89HDF", b"PAR1", b"%PDF", b"\x1aE\xdf\xa3")
# Pictures inside pages and tables: as data addresses, or as the base64 of a JPEG, PNG or WebP.
_EMBEDDED = re.compile(
    rb"(?i:data:image/(?!svg)[a-z0-9.+-]+;base64,)[A-Za-z0-9+/]{40}"
    rb"|/9j/(?:4AAQSkZJR|4[A-Za-z0-9+/]{3}RXhp|2wBD)|iVBORw0KGgo|UklGR[A-Za-z0-9+/]{6}XRUJQ"
)
# A compressed file inside a text, as a web page of this program carries its sample photos: gzip in base64.
_COMPRESSED = re.compile(rb"H4sI[A-Za-z0-9+/]{12,8192}")
_TEXTS = frozenset(
    (
        ".html", ".htm", ".js", ".mjs", ".css", ".json", ".jsonl", ".svg", ".xml", ".md", ".txt", ".csv", ".tsv",
        ".yaml", ".yml", ".ipynb", ".py",
    )
)  # fmt: skip
_HIDDEN_PUBLISHED = frozenset((".gitattributes", ".gitignore"))
_LEFT_OUT = frozenset(("__pycache__",))
_MOST_FILES = 20_000
_PAGE_VECTORS = ("data/foreign.js", "data/known.js")


@dataclass(frozen=True)
class FolderFile:
    """A file of the folder, and in half a sentence each what speaks against publishing it.

    ``name`` is its path in the folder, with slashes. ``photo`` says why it counts as a photo, ``secret`` why it looks
    like it holds a key or a token, ``left_out`` why it never goes.
    """

    name: str
    path: Path
    bytes: int
    photo: str = ""
    left_out: str = ""
    secret: str = ""

    @property
    def vectors(self) -> bool:
        """Whether it holds vectors of training photos: those of the score for "none of these", or a web page's."""
        return self.path.name == FOREIGN_FILE or self.name in _PAGE_VECTORS


def files_in(folder: Path) -> list[FolderFile]:
    """Return the files below a folder by name; raises DataError if there are too many or one cannot be read."""
    found: list[FolderFile] = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(folder).as_posix()
        left_out = _left_out(path, name)
        try:
            size = 0 if left_out else path.stat().st_size
            photo = "" if left_out else photo_reason(path)
            secret = "" if left_out else secret_reason(path)
        except OSError as error:
            raise DataError(
                f"{path} cannot be read ({error.strerror}). Repair or delete it, then try again."
            ) from error
        found.append(FolderFile(name, path, size, photo, left_out, secret))
        if len(found) > _MOST_FILES:
            raise DataError(f"{folder} has more than {_MOST_FILES:,} files. Give the folder of an export.")
    return found


def photo_reason(path: Path) -> str:
    """Return why a file counts as a photo, in half a sentence; empty if it does not. Raises OSError."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(32)
        if _is_picture(start) or suffix in IMAGE_SUFFIXES:
            return "" if is_chart(path) else "it is a picture"
        if start.startswith(_CONTAINER_STARTS) or suffix in _CONTAINERS:
            return "it may hold pictures"
        if suffix in _TEXTS and _holds_picture(start + file.read()):
            return "it holds pictures"
    return ""


def _holds_picture(text: bytes) -> bool:
    return bool(_EMBEDDED.search(text)) or any(_is_picture(start) for start in _unpacked_starts(text))


def _unpacked_starts(text: bytes) -> Iterator[bytes]:
    """Yield the first bytes of each compressed file inside a text."""
    for found in _COMPRESSED.finditer(text):
        packed = base64.b64decode(found[0][: len(found[0]) // 4 * 4])
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, 32)
        except zlib.error:  # other letters that begin like one
            continue


def _is_picture(start: bytes) -> bool:
    if start.startswith(_PICTURE_STARTS):
        # "BM" alone is too short to tell: a BMP's next four bytes are its size, and four zeros follow.
        return not start.startswith(b"BM") or start[6:10] == bytes(4)
    return (start.startswith(b"RIFF") and start[8:12] in _PICTURE_BOXES) or start[4:8] in _PICTURE_BOXES


def _left_out(path: Path, name: str) -> str:
    parts = name.split("/")
    if path.is_symlink():
        return "it is a link"
    if not path.is_file():
        return "it is not a plain file"
    if any(part.startswith(".") for part in parts[:-1]) or (
        parts[-1].startswith(".") and parts[-1] not in _HIDDEN_PUBLISHED
    ):
        return "it is hidden"
    return "it is a cache" if _LEFT_OUT & set(parts) else ""

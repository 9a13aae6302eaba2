"""Photos that strangers have uploaded: decoded, stored, hashed and counted in limited processes.

The functions return and raise what their namesakes in core.data.pictures do. A file that crashes its decoder, hangs or
takes all memory raises ImageRefused, too.
"""

from pathlib import Path
from typing import NamedTuple

from PIL import Image

from core.data.limited.processes import PROCESSES
from core.data.limited.stored_size import StoredSize
from core.data.pictures.box_drawing import DrawnBoxes, Labelled
from core.data.pictures.decoding import MAX_FILE_BYTES, Decoded
from core.data.store.adding.prepare_image import PreparedImage
from core.errors import ImageRefused
from core.workspace import Workspace

_FIELDS = ("hash", "filename", "suffix", "width", "height", "phash", "remarks")


class PhotoHashes(NamedTuple):
    """What tells whether a project has a photo already."""

    hash: str
    former: str | None
    """Of the pixels that earlier versions made of the file, if they differ."""
    size: tuple[int, int]
    """Width and height in pixels, upright."""


def prepared_photo(workspace: Workspace, raw: bytes, name: str, *, frame: bool = False) -> PreparedImage:
    """Decode a photo and write its files, as ``decode`` and ``prepare_image`` do; with ``frame``, of a camera.

    Raises ImageRefused for a photo that cannot be used, StorageError or DataError where a file cannot be written,
    OSError if no process can be started.
    """
    answer, data = PROCESSES.answer("prepare", raw, name, workspace=str(workspace.root), frame=frame)
    about = {field: answer[field] for field in _FIELDS}
    return PreparedImage(**{**about, "remarks": tuple(about["remarks"])}, data=raw if answer["unchanged"] else data)


def decoded_photo(source: bytes | Path, name: str, *, frame: bool = False) -> Decoded:
    """Return the upright RGB picture of a file's bytes or of a file on disk; with ``frame``, of a camera."""
    answer, data = PROCESSES.answer("pixels", _bytes_of(source, name), name, frame=frame)
    image = Image.frombytes("RGB", tuple(answer["size"]), data)
    full = tuple(answer["full_size"]) if answer["full_size"] else None
    # The file itself is stored by ``prepared_photo`` alone, which decides about it in the other process.
    return Decoded(image, tuple(answer["remarks"]), answer["format"], False, full, None, answer["orientation"])


def photo_hashes(raw: bytes, name: str) -> PhotoHashes:
    """Return the hashes of a photo's pixels."""
    answer, _ = PROCESSES.answer("hashes", raw, name)
    return PhotoHashes(answer["hash"], answer["former"], tuple(answer["size"]))


def size_in_header(raw: bytes) -> StoredSize | None:
    """Return the size and the orientation of an image, as ``header_size`` does; None also for one that crashes."""
    try:
        answer, _ = PROCESSES.answer("size", raw, "photo")
    except ImageRefused:  # whoever decodes the file reports it
        return None
    return StoredSize(*answer["stored"]) if answer["stored"] else None


def drawn_boxes(raw: bytes, name: str, boxes: Labelled, bad: Labelled = (), pixels: int = 480) -> DrawnBoxes:
    """Return a JPEG of the photo with its boxes, as ``draw_boxes`` does."""
    sent = {"boxes": _sent(boxes), "bad": _sent(bad), "pixels": pixels}
    answer, data = PROCESSES.answer("drawn", raw, name, **sent)
    return DrawnBoxes(data, int(answer["cut_off"]))


def frames_in(raw: bytes, name: str) -> int:
    """Return the number of frames or pages, as ``count_frames`` does; 1 also for a file that cannot be read."""
    try:
        answer, _ = PROCESSES.answer("frames", raw, name)
    except ImageRefused:  # whoever decodes the file reports it
        return 1
    return int(answer["count"])


def frame_of(raw: bytes, name: str, number: int) -> bytes:
    """Return one frame, from 0, as a PNG."""
    _, data = PROCESSES.answer("frame", raw, name, number=number)
    return data


def _sent(boxes: Labelled) -> list[tuple[str, float, float, float, float]]:
    return [(label, box.x, box.y, box.width, box.height) for label, box in boxes]


def _bytes_of(source: bytes | Path, name: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        if source.stat().st_size > MAX_FILE_BYTES:
            raise ImageRefused(name, f"the file is larger than {MAX_FILE_BYTES // 2**20} MB")
        return source.read_bytes()
    except OSError as error:
        raise ImageRefused(name, f"the file cannot be read ({error.strerror})") from error

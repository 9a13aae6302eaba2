"""Do what is asked with one untrusted file after the other in this process, within a limit on memory.

Started by core.data.limited.processes, whose messages it answers on its standard streams. A damaged file that crashes a
decoder, or takes all of its memory, ends this process alone.
"""

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from core import errors
from core.data.limited.camera_frames import check_frame
from core.data.limited.large_turn import LARGE_PIXELS
from core.data.limited.stored_size import header_size
from core.data.pictures.box import Box
from core.data.pictures.box_drawing import draw_boxes
from core.data.pictures.decoding import content_hash, decode
from core.data.pictures.formats.frames import count_frames, frame_bytes
from core.data.store.adding.prepare_image import PreparedImage, prepare_image
from core.errors import ImageRefused, StudioError
from core.free_memory import return_free_memory
from core.limited_process import limit_memory
from core.workspace import Workspace

MEMORY_BYTES = 4 * 2**30
"""Of address space. The costliest photo that the decoder allows takes 1.2 GB, and its file a quarter."""
Answer = tuple[dict[str, Any], bytes]
Ask = Callable[[int], None]
"""Is told how many pixels a picture has, and returns when it is its turn."""


def prepare(request: dict[str, Any], raw: bytes, ask: Ask) -> Answer:
    """Write a photo's files into a workspace, and return what the store needs to know of it."""
    name = request["name"]
    if request["frame"]:
        check_frame(raw, name)
    decoded = decode(raw, name, ask, former=True)
    made = prepare_image(Workspace(Path(request["workspace"])), decoded, raw, name)
    unchanged = made.data is raw or made.data == raw
    return as_record(made) | {"unchanged": unchanged}, b"" if unchanged else made.data


def pixels(request: dict[str, Any], raw: bytes, ask: Ask) -> Answer:
    """Return the upright RGB pixels."""
    name = request["name"]
    if request["frame"]:
        check_frame(raw, name)
    decoded = decode(raw, name, ask)
    about = {"size": decoded.image.size, "remarks": decoded.remarks, "format": decoded.format}
    return about | {"full_size": decoded.full_size, "orientation": decoded.orientation}, decoded.image.tobytes()


def hashes(request: dict[str, Any], raw: bytes, ask: Ask) -> Answer:
    """Return the content hash, and that of the pixels that earlier versions made of the file."""
    decoded = decode(raw, request["name"], ask, former=True)
    return {"hash": content_hash(decoded.image), "former": decoded.former_hash, "size": decoded.image.size}, b""


def size(request: dict[str, Any], raw: bytes, ask: Ask) -> Answer:
    """Return the size and the orientation in the header, or nothing where they cannot be read."""
    found = header_size(raw)
    return {"stored": found and (found.width, found.height, found.orientation, found.scale)}, b""


def drawn(request: dict[str, Any], raw: bytes, ask: Ask) -> Answer:
    """Return a JPEG of the photo with its boxes."""
    boxes, bad = ([(label, Box(*sides)) for label, *sides in request[some]] for some in ("boxes", "bad"))
    made = draw_boxes(raw, request["name"], boxes, bad, request["pixels"])
    return {"cut_off": made.cut_off}, made.jpeg


def frames(request: dict[str, Any], raw: bytes, ask: Ask) -> Answer:
    """Return the number of frames or pages."""
    return {"count": count_frames(raw)}, b""


def frame(request: dict[str, Any], raw: bytes, ask: Ask) -> Answer:
    """Return one frame as a PNG."""
    return {}, frame_bytes(raw, request["name"], request["number"])


TASKS: dict[str, Callable[[dict[str, Any], bytes, Ask], Answer]] = {
    "prepare": prepare,
    "pixels": pixels,
    "hashes": hashes,
    "size": size,
    "drawn": drawn,
    "frames": frames,
    "frame": frame,
}


def main() -> None:
    """Answer requests until the other side closes."""
    limit_memory(MEMORY_BYTES)
    # What libraries print must not come between the answers.
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while line := source.readline():
        request = json.loads(line)
        raw = source.read(request["bytes"])
        answer, data = _answer(request, raw, source, target)
        _send(target, answer, data)


def _answer(request: dict[str, Any], raw: bytes, source: BinaryIO, target: BinaryIO) -> Answer:
    seen = 0

    def ask(pixels: int) -> None:
        nonlocal seen
        seen = max(seen, pixels)
        if pixels > request["large"]:
            _send(target, {"pixels": pixels}, b"")
            source.readline()  # comes when it is this photo's turn

    try:
        return TASKS[request["task"]](request, raw, ask)
    except ImageRefused as refusal:
        return {"refused": refusal.reason}, b""
    except StudioError as error:
        return {"error": str(error), "kind": type(error).__name__}, b""
    except MemoryError:
        return {"refused": "there is not enough memory to decode it; make it smaller"}, b""
    except Exception:  # noqa: BLE001 - a bug: raised again on the other side, with this traceback
        return {"bug": traceback.format_exc()}, b""
    finally:
        if seen > LARGE_PIXELS:  # after such a photo, memory is given back
            return_free_memory()


def as_record(made: PreparedImage) -> dict[str, Any]:
    """Return what JSON can hold of a prepared photo: everything but its file."""
    return {name: value for name, value in vars(made).items() if name != "data"}


def raise_again(answer: dict[str, Any], name: str) -> None:
    """Raise on the other side what was raised here, if anything."""
    if "refused" in answer:
        raise ImageRefused(name, str(answer["refused"]))
    if "error" in answer:
        kind = getattr(errors, str(answer.get("kind")), StudioError)
        raise kind(str(answer["error"])) if issubclass(kind, StudioError) else StudioError(str(answer["error"]))
    if "bug" in answer:
        raise RuntimeError(f"a file could not be read:\n{answer['bug']}")


def _send(target: BinaryIO, answer: dict[str, Any], data: bytes) -> None:
    target.write(json.dumps({**answer, "bytes": len(data)}).encode("ascii") + b"\n")
    target.write(data)
    target.flush()


if __name__ == "__main__":
    main()

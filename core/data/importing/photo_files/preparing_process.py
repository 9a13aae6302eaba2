"""Decode and store the photos of an import in this process, one after the other, within a limit on memory.

Started by limited_preparing, whose messages it answers on its standard streams. A damaged photo that crashes the
decoder, or takes all of its memory, ends this process alone.
"""

import json
import os
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from core import errors
from core.data.pictures.decoding import decode
from core.data.store.adding.prepare_image import PreparedImage, prepare_image
from core.errors import ImageRefused, StudioError
from core.free_memory import return_free_memory
from core.limited_process import limit_memory
from core.workspace import Workspace

MEMORY_BYTES = 4 * 2**30
"""Of address space. The costliest photo that the decoder allows takes 1.2 GB, and its file a quarter."""
_LARGE_PIXELS = 24_000_000  # after a photo beyond this, memory is given back


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


def _answer(request: dict[str, Any], raw: bytes, source: BinaryIO, target: BinaryIO) -> tuple[dict[str, Any], bytes]:
    seen = 0

    def ask(pixels: int) -> None:
        nonlocal seen
        seen = max(seen, pixels)
        if pixels > request["large"]:
            _send(target, {"pixels": pixels}, b"")
            source.readline()  # comes when it is this photo's turn

    try:
        decoded = decode(raw, request["name"], ask, former=True)
        made = prepare_image(Workspace(Path(request["workspace"])), decoded, raw, request["name"])
    except ImageRefused as refusal:
        return {"refused": refusal.reason}, b""
    except StudioError as error:
        return {"error": str(error), "kind": type(error).__name__}, b""
    except MemoryError:
        return {"refused": "there is not enough memory to decode it; make it smaller"}, b""
    except Exception:  # noqa: BLE001 - a bug: raised again on the other side, with this traceback
        return {"bug": traceback.format_exc()}, b""
    finally:
        if seen > _LARGE_PIXELS:
            return_free_memory()
    unchanged = made.data is raw or made.data == raw
    return as_record(made) | {"unchanged": unchanged}, b"" if unchanged else made.data


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
        raise RuntimeError(f"a photo could not be prepared:\n{answer['bug']}")


def _send(target: BinaryIO, answer: dict[str, Any], data: bytes) -> None:
    target.write(json.dumps({**answer, "bytes": len(data)}).encode("ascii") + b"\n")
    target.write(data)
    target.flush()


if __name__ == "__main__":
    main()

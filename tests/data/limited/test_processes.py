"""A file that crashes, hangs or starves its decoder is refused; whoever asked and their process go on."""

import io
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.data.limited import photos, processes
from core.data.limited.processes import LimitedProcesses
from core.data.pictures.decoding import decode
from core.data.store.add_images import prepare_image
from core.errors import ImageRefused
from core.workspace import Workspace, open_workspace

# In the other process, a photo with one of these names does what a hole in a decoder might do.
HOSTILE = """
import os, sys, time
from core.data.limited import process

real = process.decode

def decode(raw, name, *more, **also):
    if name == "crash": os.abort()
    if name == "hang": time.sleep(60)
    if name == "memory": bytearray(8 * 2**30)
    if name == "bug": 1 / 0
    if name == "chatter": print("a library says something", flush=True)
    return real(raw, name, *more, **also)

process.decode = decode
process.main()
"""


def photo(format: str = "PNG", size: tuple[int, int] = (30, 20)) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, format)
    return out.getvalue()


def prepared_width(pool: LimitedProcesses, workspace: Workspace, name: str) -> int:
    """Prepare the photo under this name, and return its width."""
    answer, _ = pool.answer("prepare", photo(), name, workspace=str(workspace.root), frame=False)
    return int(answer["width"])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], LimitedProcesses]:
    monkeypatch.setattr(processes, "_PROGRAM", ("-c", HOSTILE))
    return lambda patience: LimitedProcesses(patience_seconds=patience)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "TIFF"])  # the last two are stored as PNG
def test_the_result_is_that_of_the_same_work_here(workspace: Workspace, tmp_path: Path, format: str) -> None:
    raw, here = photo(format), open_workspace(tmp_path / "here")
    made = photos.prepared_photo(workspace, raw, "häuser/🐦.x")
    assert made == prepare_image(here, decode(raw, "häuser/🐦.x", former=True), raw, "häuser/🐦.x")
    for folder in ("images", "thumbnails"):
        ours, theirs = (sorted(path.relative_to(root) for path in root.rglob("*.*"))
                        for root in (workspace.root / folder, here.root / folder))  # fmt: skip
        assert ours == theirs and ours


def test_refusals_and_errors_of_the_disk_are_the_same_as_here(workspace: Workspace) -> None:
    with pytest.raises(ImageRefused, match="empty"):
        photos.prepared_photo(workspace, b"", "a.png")
    with pytest.raises(ImageRefused) as refused:
        photos.prepared_photo(workspace, b"no photo", "a.png")
    assert refused.value.name == "a.png"
    workspace.images.rmdir()
    workspace.images.write_text("a file in the place of the folder")
    with pytest.raises(Exception, match=r"cannot be stored|could not be stored"):
        photos.prepared_photo(workspace, photo(), "a.png")


def test_a_crash_refuses_the_photo_and_nothing_else(
    workspace: Workspace, hostile: Callable[[float], LimitedProcesses]
) -> None:
    pool = hostile(60)
    with pytest.raises(ImageRefused, match="crashes the library"):
        prepared_width(pool, workspace, "crash")
    with pytest.raises(ImageRefused, match="not enough memory"):
        prepared_width(pool, workspace, "memory")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        prepared_width(pool, workspace, "bug")
    assert prepared_width(pool, workspace, "chatter") == 30
    (one,) = pool.pids()
    assert prepared_width(pool, workspace, "good") == 30
    assert pool.pids() == [one]  # it stays


def test_a_photo_that_takes_too_long_is_refused(
    workspace: Workspace, hostile: Callable[[float], LimitedProcesses]
) -> None:
    pool = hostile(6)
    prepared_width(pool, workspace, "good")  # the process has started
    began = time.monotonic()
    with pytest.raises(ImageRefused, match="takes too long"):
        prepared_width(pool, workspace, "hang")
    assert time.monotonic() - began < 30


def test_a_process_that_was_killed_meanwhile_refuses_no_photo(workspace: Workspace) -> None:
    pool = LimitedProcesses()
    prepared_width(pool, workspace, "good")
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGKILL)
    assert prepared_width(pool, workspace, "good") == 30
    assert pool.pids() != [pid]


def test_processes_end_when_nobody_needs_them(workspace: Workspace) -> None:
    pool = LimitedProcesses(idle_seconds=0.2)
    prepared_width(pool, workspace, "good")
    deadline = time.monotonic() + 20
    while pool.pids() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not pool.pids()
    assert threading.active_count() < 20

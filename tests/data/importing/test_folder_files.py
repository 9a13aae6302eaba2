"""Folders on disk with names that are no text: each file has a name of its own, however many there are."""

import os
import sys
import time
from pathlib import Path

import pytest

from core.data.importing.folder_files import free_name, list_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows such names")


def test_no_file_hides_another_of_the_same_shown_name(tmp_path: Path) -> None:
    """The second refused one replaced the first, and a refused one could have the name of a file."""
    root = os.fsencode(tmp_path)
    for byte in (0xFE, 0xFF):
        Path(os.fsdecode(root + b"/" + bytes([byte]) + b"a.png")).symlink_to("nowhere")
    (tmp_path / os.fsdecode(b"\xfda.png")).write_bytes(b"x")
    listing = list_folder(tmp_path.resolve())
    shown = {f"\ufffda{number}.png" for number in ("", " (2)", " (3)")}
    assert {*listing.files, *listing.refused} == shown
    assert len(listing.files) == 1 and len(listing.refused) == 2


def test_many_names_that_look_alike_take_no_minutes() -> None:
    taken: set[str] = set()
    tried: dict[str, int] = {}
    start = time.monotonic()
    for _ in range(20_000):
        taken.add(free_name("\ufffd.png", taken, tried))
    assert len(taken) == 20_000 and time.monotonic() - start < 5
    assert free_name("\ufffd.png", taken) == "\ufffd (20001).png"

"""Uploads are copied to disk once: one file for all of them, which is gone when nobody needs it any more."""

import errno
import io
import os
import sys
import tempfile
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.data.importing.plan_import import Upload, plan_uploads
from core.data.importing.upload_spool import UploadSpool
from core.errors import StorageError
from tests.data.builders import picture


def test_copies_are_read_like_files_in_any_order_and_by_several_threads(tmp_path: Path) -> None:
    spool = UploadSpool(tmp_path)
    contents = [bytes([number]) * (1000 + number) for number in range(200)]
    copies = spool.copies((str(number), io.BytesIO(data)) for number, data in enumerate(contents))

    def read(place: int) -> bytes:
        copies[place].seek(0)
        return copies[place].read(10) + copies[place].read()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(200))) == contents
    copies[3].seek(-2, os.SEEK_END)
    assert (copies[3].tell(), copies[3].read(2**28), copies[3].read()) == (1001, b"\x03\x03", b"")


def test_a_file_that_is_there_already_is_not_copied_again(tmp_path: Path) -> None:
    spool = UploadSpool(tmp_path)
    (first,) = spool.copies([("a", io.BytesIO(b"first"))])
    again, second = spool.copies([("a", io.BytesIO(b"never read")), ("b", io.BytesIO(b"second"))])
    assert again is first
    assert (again.read(), second.read()) == (b"first", b"second")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are listed in /proc on Linux only")
def test_thousands_of_uploads_are_one_open_file_that_leaves_nothing_behind(tmp_path: Path) -> None:
    before = open_files()
    spool = UploadSpool(tmp_path)
    copies = spool.copies((str(number), io.BytesIO(b"x" * 100)) for number in range(3000))
    assert open_files() == before + 1
    del spool
    assert copies[2999].read() == b"x" * 100
    del copies
    assert open_files() == before
    assert list(tmp_path.iterdir()) == []


def test_the_plan_of_uploads_holds_none_of_them_in_memory(tmp_path: Path) -> None:
    """Two thousand megabytes of upload were held in the import plan as well."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(3):
            archive.writestr(f"owl/{number}.png", picture(number))
        archive.writestr("large.bin", os.urandom(8 * 2**20))
        archive.writestr("arrays.npz", b"PK" + os.urandom(4 * 2**20))
    photo = picture(9) + os.urandom(4 * 2**20)
    sources = [("zip", packed), ("photo", io.BytesIO(photo))]
    tracemalloc.start()
    try:
        spool = UploadSpool(tmp_path)
        uploads = [Upload(name, copy) for name, copy in zip(["birds.zip", "x.png"], spool.copies(sources), strict=True)]
        plan = plan_uploads(uploads)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2**20
    assert len(plan.candidates) == 4
    assert sorted(len(one.read()) for one in plan.candidates)[-1] == len(photo)


def test_a_full_disk_is_a_plain_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **more: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(StorageError, match=r"The disk is full, so the uploaded files could not be stored\. Free some"):
        UploadSpool(tmp_path).copies([("a", io.BytesIO(b"x"))])

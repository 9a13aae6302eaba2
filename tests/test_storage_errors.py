"""The disk's errors, in the words of the system and of every library that writes our files."""

import errno
import sqlite3
from pathlib import Path

import pytest
import torch

from core.errors import StorageError
from core.storage_errors import Trouble, disk_trouble, storage_error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota"),
        (OSError(errno.EROFS, "Read-only file system"), "read-only"),
        (PermissionError(errno.EACCES, "Permission denied"), "denied"),
        (OSError(errno.EIO, "Input/output error"), "failing"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), None),
        (sqlite3.OperationalError("database or disk is full"), "full"),
        (sqlite3.OperationalError("disk I/O error"), "failing"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "read-only"),
        (sqlite3.OperationalError("database is locked"), None),
        # torch's writer, after a short write and when it closes its archive
        (RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 576 vs 470"), "full"),
        (RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed"), "full"),
        # safetensors
        (Exception("Error while serializing: I/O error: No space left on device (os error 28)"), "full"),
        # h5py has an OSError without a number
        (
            OSError("Can't write data (file write failed: time = ..., errno = 28, error message = 'No space left')"),
            "full",
        ),
        (ValueError("the label full is unknown"), None),
    ],
)
def test_what_is_recognised(error: Exception, trouble: Trouble | None) -> None:
    assert disk_trouble(error) == trouble


def test_torch_itself_on_a_full_disk() -> None:
    with pytest.raises(Exception) as raised:
        torch.save({"weights": torch.zeros(100_000)}, Path("/dev/full"))
    assert disk_trouble(raised.value) == "full"


def test_the_cause_is_found_behind_a_library_s_own_error() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as inner:
            raise RuntimeError("could not save") from inner
    except RuntimeError as outer:
        found = storage_error(outer, "the run could not be saved", "resume the run")
    assert isinstance(found, StorageError)
    assert str(found) == "The disk is full, so the run could not be saved. Free some space, then resume the run."


def test_an_error_in_a_circle_and_one_whose_cause_is_hidden() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert disk_trouble(first) is None
    try:
        try:
            raise OSError(errno.ENOSPC, "full")
        except OSError:
            raise ValueError("something else") from None
    except ValueError as error:
        assert disk_trouble(error) is None

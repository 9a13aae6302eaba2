"""Recognise errors of the disk in what the system, SQLite, torch and others raise, and say them in a plain sentence."""

import errno
import re
import sqlite3
from collections.abc import Iterator
from typing import Literal

from core.errors import StorageError

Trouble = Literal["full", "quota", "read-only", "denied", "failing"]

_BY_ERRNO: dict[int, Trouble] = {
    errno.ENOSPC: "full",
    errno.EFBIG: "full",  # a file system, or the system's limit, allows no larger file
    errno.EDQUOT: "quota",
    errno.EROFS: "read-only",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EIO: "failing",
}
_WINDOWS_FULL = (39, 112)  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
# Primary result codes, https://sqlite.org/rescode.html; the extended ones have them in their lowest byte.
_BY_SQLITE: dict[int, Trouble] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR_SHMSIZE: "full",  # no room for the 32 kB that readers and writers share
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "denied",
    sqlite3.SQLITE_IOERR: "failing",
}
_BY_SQLSTATE: dict[str, Trouble] = {"53100": "full", "25006": "read-only"}
# What libraries say that do not pass the system's error on. The two of torch's writer follow every short write.
_WORDS: dict[Trouble, re.Pattern[str]] = {
    "full": re.compile(
        r"no space left|disk is full|not enough space|\bENOSPC\b|os error (28|112)\b"
        r"|PytorchStreamWriter failed|unexpected pos \d+ vs|file write failed",
        re.IGNORECASE,
    ),
    "quota": re.compile(r"quota exceeded|\bEDQUOT\b", re.IGNORECASE),
    "read-only": re.compile(r"read-only file system|readonly database|\bEROFS\b", re.IGNORECASE),
    "failing": re.compile(r"disk I/O error|input/output error", re.IGNORECASE),
}
_SENTENCES: dict[Trouble, str] = {
    "full": "The disk is full, so {so}. Free some space, then {then}.",
    "quota": "Your disk quota is used up, so {so}. Delete files you no longer need, then {then}.",
    "read-only": "The disk or the file is read-only, so {so}. Allow writing to it, then {then}.",
    "denied": "A permission is missing, so {so}. Allow reading and writing in its folder, then {then}.",
    "failing": "The disk reported an error, so {so}. Check the disk and its free space, then {then}.",
}


def storage_error(error: BaseException, so: str, then: str = "try again") -> StorageError | None:
    """Return the sentence for an error of the disk, None for any other error.

    ``so`` is what did not work ("the label could not be saved"), ``then`` what to do after the repair ("resume the
    run"). Use it around writing: ``if known := storage_error(error, "..."): raise known from error``.
    """
    trouble = disk_trouble(error)
    return StorageError(_SENTENCES[trouble].format(so=so, then=then)) if trouble else None


def disk_trouble(error: BaseException) -> Trouble | None:
    """Return what is wrong with the disk if that caused the error, also where a library has wrapped it."""
    return next((trouble for each in _chain(error) if (trouble := _trouble(each))), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        original = getattr(each, "orig", None)  # SQLAlchemy's name for the driver's error
        waiting.append(original if isinstance(original, BaseException) else None)
        waiting.append(each.__cause__)
        waiting.append(None if each.__suppress_context__ else each.__context__)


def _trouble(error: BaseException) -> Trouble | None:
    if isinstance(error, OSError):
        if getattr(error, "winerror", None) in _WINDOWS_FULL:
            return "full"
        if error.errno is not None:  # h5py and others raise it with words only
            return _BY_ERRNO.get(error.errno)
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _BY_SQLITE.get(code) or _BY_SQLITE.get(code & 0xFF)
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        return _BY_SQLSTATE.get(state)
    if getattr(error, "orig", None) is not None:
        return None  # its text quotes the statement with the user's words in it; the driver's error comes next
    words = str(error)
    return next((trouble for trouble, pattern in _WORDS.items() if pattern.search(words)), None)

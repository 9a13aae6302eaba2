"""How much each person may upload in ten minutes: far more than a lesson needs, and less than fills the server.

Streamlit holds uploads in memory until they are imported.
"""

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field

WINDOW_SECONDS = 600.0
MOST_FILES = 1_500
MOST_BYTES = 3 * 2**30
_MOST_PEOPLE = 5_000


@dataclass
class _Uploads:
    """What one person has uploaded lately: moments and bytes."""

    files: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0

    def forget(self, before: float) -> None:
        while self.files and self.files[0][0] <= before:
            self.total -= self.files.popleft()[1]


class UploadRate:
    """The uploads of everybody on this server; may be shared by threads."""

    def __init__(
        self, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES, window_seconds: float = WINDOW_SECONDS
    ) -> None:
        self._files, self._bytes, self._window = most_files, most_bytes, window_seconds
        self._of: dict[int, _Uploads] = {}
        self._lock = threading.Lock()

    def refusal(self, person_id: int, size: int, now: float | None = None) -> tuple[str, int] | None:
        """Count an upload of this many bytes; return why it must wait, and the seconds, where it is too much.

        A single file may be as large as the server's own limit allows: it is never too much by itself.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            if len(self._of) > _MOST_PEOPLE:
                self._of.clear()
            mine = self._of.setdefault(person_id, _Uploads())
            mine.forget(now - self._window)
            too_many = len(mine.files) >= self._files
            if mine.files and (too_many or mine.total + size > self._bytes):
                seconds = max(1, math.ceil(mine.files[0][0] + self._window - now))
                return _sentence(self._files if too_many else None, self._bytes, self._window, seconds), seconds
            mine.files.append((now, size))
            mine.total += size
        return None


def _sentence(files: int | None, most_bytes: int, window: float, seconds: int) -> str:
    much = f"{files:,} files" if files is not None else f"{most_bytes / 2**30:.0f} GB"
    wait = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    advice = " Many photos are one file as a zip." if files is not None else ""
    return f"You have uploaded {much} in the last {window / 60:.0f} minutes. Wait {wait}, then go on.{advice}"


RATE = UploadRate()

"""How pictures look: a perceptual hash, and how dark, bright, sharp and empty they are, kept by content hash.

All are taken on the thumbnails. Darkness, brightness and emptiness are measured as CleanVision does. Its measure of
blur is not taken over: of photos blurred until nothing could be told on them it found half, of softly blurred ones
none. The variance of the Laplacian (Pech-Pacheco and others, "Diatom autofocusing in brightfield microscopy", 2000)
finds both.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.near_duplicates import phash_of
from core.errors import DataError
from core.workspace import Workspace

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)
ASKED_AT_ONCE = 5000
# The version stands in the name: other measures begin another file.
FILE = "looks-1.sqlite"
TABLE = (
    "CREATE TABLE IF NOT EXISTS looks "
    "(hash TEXT PRIMARY KEY, phash TEXT, brightest REAL, darkest REAL, sharpness REAL, entropy REAL)"
)


@dataclass(frozen=True)
class ImageQuality:
    """What was measured of one picture."""

    phash: int  # 64 bits; pictures that look the same differ in few
    brightest: float  # 0 to 1: one pixel in a hundred is brighter
    darkest: float  # 0 to 1: one pixel in twenty is darker
    sharpness: float  # variance of the Laplacian of the gray values, 0 to 255
    entropy: float  # of the histogram of all colors, in bits: 0 is one color


class QualityCache:
    """What was measured so far, in the workspace's cache; any number of processes may read and add at once."""

    def __init__(self, workspace: Workspace) -> None:
        self.path = workspace.cache / FILE

    def known(self, hashes: Sequence[str]) -> dict[str, ImageQuality]:
        """Those of the pictures that were looked at, by content hash."""
        found: dict[str, ImageQuality] = {}
        if not self.path.is_file():
            return found
        with self._open() as file:
            for start in range(0, len(hashes), ASKED_AT_ONCE):
                some = hashes[start : start + ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT hash, phash, brightest, darkest, sharpness, entropy FROM looks WHERE hash IN ({marks})"
                for row in file.execute(query, some):
                    found[row[0]] = ImageQuality(int(row[1], 16), *row[2:])
        return found

    def add(self, looks: Iterable[tuple[str, ImageQuality]]) -> None:
        """Keeps some more."""
        rows = [(hash, f"{look.phash:016x}", *astuple(look)[1:]) for hash, look in looks]
        with self._open() as file:
            file.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?, ?)", rows)
            file.commit()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connected()) as file:
                yield file
        except sqlite3.OperationalError as error:
            raise DataError(
                f"What was measured of the pictures cannot be kept in {self.path} ({error}). "
                "Free some disk space or give write permission, then try again."
            ) from error

    def _connected(self) -> sqlite3.Connection:
        file = sqlite3.connect(self.path, timeout=30)
        try:
            file.execute(TABLE)
        except sqlite3.OperationalError:  # busy or full: nothing is wrong with what is there
            file.close()
            raise
        except sqlite3.DatabaseError as error:
            file.close()
            log.warning("%s is damaged (%s); the pictures are looked at again", self.path, error)
            self.path.unlink(missing_ok=True)
            file = sqlite3.connect(self.path, timeout=30)
            file.execute(TABLE)
        return file


def measure_quality(image: "Image.Image") -> ImageQuality:
    """Measures one picture; its thumbnail is enough."""
    rgb = image.convert("RGB")
    pixels = np.asarray(rgb, np.float32) / 255
    brightness = np.sqrt(pixels**2 @ np.array([0.241, 0.691, 0.068], np.float32))
    darkest, brightest = np.percentile(brightness, [5, 99])
    gray = np.asarray(rgb.convert("L"), np.float32)
    return ImageQuality(phash_of(rgb), float(brightest), float(darkest), _sharpness(gray), float(rgb.entropy()))


def _sharpness(gray: np.ndarray) -> float:
    if min(gray.shape) < 3:
        return 0.0
    around = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:]
    return float((4 * gray[1:-1, 1:-1] - around).var())

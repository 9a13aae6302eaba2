"""Image quality: how dark, bright, sharp and empty pictures are, cached by content hash.

All measures are taken on thumbnails. Darkness, brightness and emptiness are measured as in CleanVision. Its measure of
blur is not used: it found half of the photos that were blurred beyond recognition, and none of the softly blurred ones.
The variance of the Laplacian (Pech-Pacheco and others, "Diatom autofocusing in brightfield microscopy", 2000) finds
both.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import DataError
from core.workspace import Workspace

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)
CHUNK = 5000  # hashes a query
FILE = "looks-2.sqlite"  # other measures need another version, and so another file
TABLE = (
    "CREATE TABLE IF NOT EXISTS looks "
    "(hash TEXT PRIMARY KEY, brightest REAL, darkest REAL, sharpness REAL, entropy REAL)"
)


@dataclass(frozen=True)
class ImageQuality:
    """The measures of one picture."""

    brightest: float  # 0 to 1: one pixel in a hundred is brighter
    darkest: float  # 0 to 1: one pixel in twenty is darker
    sharpness: float  # variance of the Laplacian of the grey values, 0 to 255
    entropy: float  # of the histogram of all colours, in bits; 0 for a single colour


class QualityCache:
    """The measures taken so far, in the workspace's cache; several processes may read and add concurrently."""

    def __init__(self, workspace: Workspace) -> None:
        self.path = workspace.cache / FILE

    def known(self, hashes: Sequence[str]) -> dict[str, ImageQuality]:
        """Return the measures of those pictures that have any, by content hash."""
        found: dict[str, ImageQuality] = {}
        if not self.path.is_file():
            return found
        with self._open() as file:
            for start in range(0, len(hashes), CHUNK):
                some = hashes[start : start + CHUNK]
                marks = ",".join("?" * len(some))
                query = f"SELECT hash, brightest, darkest, sharpness, entropy FROM looks WHERE hash IN ({marks})"
                for content_hash, *measures in file.execute(query, some):
                    found[content_hash] = ImageQuality(*measures)
        return found

    def add(self, measures: Iterable[tuple[str, ImageQuality]]) -> None:
        """Add the measures of more pictures, by content hash."""
        rows = [(content_hash, *astuple(quality)) for content_hash, quality in measures]
        with self._open() as file:
            file.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?)", rows)
            file.commit()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connected()) as file:
                yield file
        except sqlite3.OperationalError as error:
            raise DataError(
                f"The image quality cache {self.path} cannot be opened or written ({error}). "
                "Free some disk space or give write permission, then try again."
            ) from error

    def _connected(self) -> sqlite3.Connection:
        file = sqlite3.connect(self.path, timeout=30)
        try:
            file.execute(TABLE)
        except sqlite3.OperationalError:  # busy or full: the file itself is sound
            file.close()
            raise
        except sqlite3.DatabaseError as error:
            file.close()
            log.warning("%s is damaged (%s); the pictures are measured again", self.path, error)
            self.path.unlink(missing_ok=True)
            file = sqlite3.connect(self.path, timeout=30)
            file.execute(TABLE)
        return file


def measure_quality(image: "Image.Image") -> ImageQuality:
    """Measure one picture; its thumbnail is enough."""
    rgb = image.convert("RGB")
    pixels = np.asarray(rgb, np.float32) / 255
    brightness = np.sqrt(pixels**2 @ np.array([0.241, 0.691, 0.068], np.float32))
    darkest, brightest = np.percentile(brightness, [5, 99])
    gray = np.asarray(rgb.convert("L"), np.float32)
    return ImageQuality(float(brightest), float(darkest), _sharpness(gray), float(rgb.entropy()))


def _sharpness(gray: np.ndarray) -> float:
    if min(gray.shape) < 3:
        return 0.0
    around = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:]
    return float((4 * gray[1:-1, 1:-1] - around).var())

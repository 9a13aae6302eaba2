"""Frames of a recording for the command line: a folder of numbered pictures, or a video file.

Videos are decoded by OpenCV, which the heatmap methods need anyway: its wheel holds FFmpeg under the LGPL, without the
GPL's x264 and x265 that PyAV's has. The pages need neither: there the browser decodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from core.data.importing.folder_layout import is_picture
from core.data.pictures.decoding import MAX_PIXELS, decode
from core.data.tables.names import sort_key
from core.errors import DataError

USUAL_RATE = 10.0
"""Frames a second of a folder, if nothing else is said."""


@dataclass(frozen=True)
class Frame:
    """One frame of a recording."""

    name: str
    at: float
    """Seconds since the recording began."""
    image: Image.Image


def frames_in(path: Path, rate: float | None = None) -> Iterator[Frame]:
    """Yield the frames of a folder or a video, in their order.

    ``rate`` is how many frames a second a folder has, or how many of a video are taken at most. Raises DataError for a
    recording without frames, ImageRefused for a picture that cannot be read.
    """
    if rate is not None and rate <= 0:
        raise DataError("The rate is a number of frames a second, above 0.")
    if path.is_dir():
        return _of_folder(path, rate or USUAL_RATE)
    if not path.is_file():
        raise DataError(f"There is no video or folder {path}. Give a video file, or a folder of numbered pictures.")
    return _of_video(path, rate)


def _of_folder(folder: Path, rate: float) -> Iterator[Frame]:
    files = sorted((one for one in folder.iterdir() if is_picture(one.name)), key=lambda one: sort_key(one.name))
    if not files:
        raise DataError(f"The folder {folder} has no pictures. Give a folder of numbered frames, or a video file.")
    for number, file in enumerate(files):
        yield Frame(file.name, number / rate, decode(file, file.name).image)


def _of_video(path: Path, rate: float | None) -> Iterator[Frame]:
    import cv2  # here, because few commands need it

    # Only from a file, and only with FFmpeg: other readers take a name for a pattern, an address or a camera.
    video = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    found = False
    due = 0.0
    last = -1.0
    try:
        while True:
            there, pixels = video.read()
            if not there:
                break
            at = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
            # Some files have no times of their own: every frame is at 0.
            at = at if at > last else last + 1 / (video.get(cv2.CAP_PROP_FPS) or USUAL_RATE)
            last = at
            if rate is not None and at < due - 1e-6:
                continue
            found = True
            due = at + 1 / rate if rate is not None else 0.0
            if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
                raise DataError(
                    f"A frame of {path} has over {MAX_PIXELS / 1e6:.0f} megapixels. Make the video smaller."
                )
            yield Frame(f"{path.name} at {at:.3f} s", at, Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)))
    finally:
        video.release()
    if not found:
        raise DataError(
            f"{path} cannot be read as a video. Save it as MP4 or WebM, or give a folder of numbered pictures."
        )

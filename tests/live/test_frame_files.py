"""The frames of a recording: numbered pictures in their order, and a video with its own times."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import DataError, ImageRefused
from core.live.frame_files import frames_in


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        Image.new("RGB", (20, 10), (number * 20, 0, 0)).save(tmp_path / f"frame {number}.png")
    (tmp_path / "notes.txt").write_text("no frame", encoding="utf-8")
    found = list(frames_in(tmp_path, 4))
    assert [(one.name, one.at) for one in found] == [("frame 1.png", 0), ("frame 2.png", 0.25), ("frame 10.png", 0.5)]
    assert found[2].image.getpixel((0, 0)) == (200, 0, 0)
    (tmp_path / "frame 3.png").write_bytes(b"broken")
    with pytest.raises(ImageRefused, match=r"frame 3\.png"):
        list(frames_in(tmp_path))


def test_a_video_keeps_its_times_and_colours(tmp_path: Path) -> None:
    path = write_video(tmp_path / "eyes.avi", [(200, 30, 30)] * 10 + [(30, 30, 200)] * 10)
    found = list(frames_in(path))
    assert [one.at for one in found] == pytest.approx([number / 10 for number in range(20)], abs=0.001)
    red, blue = np.asarray(found[2].image).mean(axis=(0, 1)), np.asarray(found[15].image).mean(axis=(0, 1))
    assert red[0] > red[2] + 100 and blue[2] > blue[0] + 100
    assert [one.at for one in frames_in(path, rate=5)] == pytest.approx([number / 5 for number in range(10)], abs=0.001)


def test_what_is_no_recording_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        list(frames_in(tmp_path))
    with pytest.raises(DataError, match="no video or folder"):
        frames_in(tmp_path / "missing.mp4")
    (tmp_path / "text.mp4").write_text("not a video", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read as a video"):
        list(frames_in(tmp_path / "text.mp4"))
    with pytest.raises(DataError, match="above 0"):
        frames_in(tmp_path, 0)


def write_video(path: Path, colors: list[tuple[int, int, int]], rate: float = 10) -> Path:
    """Write a Motion JPEG with a frame of each colour."""
    import cv2

    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (64, 48))
    for red, green, blue in colors:
        video.write(np.full((48, 64, 3), (blue, green, red), np.uint8))
    video.release()
    return path

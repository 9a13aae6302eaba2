"""The files of a long prediction: what tells them from files that an interrupted one has seen."""

import os
from pathlib import Path

from core.cli.predicting.long_prediction import _input_files


def test_a_file_of_the_same_name_size_and_time_in_another_folder_is_another_one(tmp_path: Path) -> None:
    """Unpacked archives give all files one time, and frames of a camera have one size: answers were taken over."""
    stamps = []
    for place in ("monday", "tuesday"):
        path = tmp_path / place / "001.bmp"
        path.parent.mkdir()
        path.write_bytes(place.encode().ljust(100))
        os.utime(path, (0, 0))
        (found,) = _input_files([path.parent], None)
        assert found.name == "001.bmp"
        stamps.append(found.stamp)
    assert stamps[0] != stamps[1]


def test_the_unfinished_table_in_the_folder_of_the_photos_is_none_of_them(tmp_path: Path) -> None:
    for name in ("a.jpg", "answers.csv.unfinished", "answers.csv.unfinished-journal", "b.parquet.part", "notes.csv"):
        (tmp_path / name).write_bytes(b"x")
    assert [one.name for one in _input_files([tmp_path], None)] == ["a.jpg", "notes.csv"]

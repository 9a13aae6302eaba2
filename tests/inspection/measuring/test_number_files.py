"""Numbers of a run as NumPy files: what is read back, and what a damaged or hostile file does."""

from pathlib import Path

import numpy as np
import pytest

from core.inspection.measuring import number_files
from core.inspection.measuring.number_files import read_numbers, write_numbers


def header(shape: str, kind: str = "'<f4'") -> bytes:
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(text + b"\n").to_bytes(2, "little") + text + b"\n"


@pytest.mark.parametrize("shape", [(3, 4), (5,), (0, 4), ()])
def test_numbers_are_read_back(tmp_path: Path, shape: tuple[int, ...]) -> None:
    numbers = np.arange(np.prod(shape)).reshape(shape)
    for some in (numbers, np.asfortranarray(numbers)):
        write_numbers(some, tmp_path / "some.npy")
        found = read_numbers(tmp_path / "some.npy")
        assert found is not None and found.dtype == np.float32 and np.array_equal(found, some)


@pytest.mark.parametrize(
    "data",
    [
        header(f"({10**15}, 4)"),
        header(f"({2**70},)"),
        header(f"({2**70}, 0)"),
        header(f"({2**40}, {2**40}, 0)"),
        header("(-1,)"),
        header("(True,)") + bytes(4),
        header("(2, 2)") + bytes(12),
        header("(2, 2)") + bytes(20),
        header("(2,)", "'<f8'") + bytes(16),
        header("(1,)", "'|O'") + bytes(8),
        header("(" * 9000),
        header("(1, 'x')"),
        header("(1,"),
        header("(2,)") + np.array([1, np.nan], np.float32).tobytes(),
        b"\x93NUMPY\x09\x00" + bytes(100),
        b"\x93NUMPY",
        b"PK\x03\x04",
        b"",
    ],
)
def test_a_file_that_is_anything_else_is_none(tmp_path: Path, data: bytes) -> None:
    """A few bytes can name more numbers than any memory has room for."""
    (tmp_path / "some.npy").write_bytes(data)
    assert read_numbers(tmp_path / "some.npy") is None


def test_no_file_a_folder_and_a_file_that_is_too_large_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_numbers(tmp_path / "some.npy") is None and read_numbers(tmp_path) is None
    write_numbers(np.ones(100), tmp_path / "some.npy")
    monkeypatch.setattr(number_files, "_MOST_BYTES", 400)
    assert read_numbers(tmp_path / "some.npy") is None

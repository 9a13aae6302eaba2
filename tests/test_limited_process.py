"""A file that crashes, hangs or eats its reader ends only the reader's process."""

import io
import time
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from core.limited_process import FileRefused, FileUnreadable, read_limited

WORK = "from core.limited_process import run_limited, refuse\nrun_limited(lambda source, target: {}, {})"


def run(work: str, source: Path, memory_bytes: int = 2**30, patience_seconds: float = 30) -> bytes:
    with source.open("rb") as file, TemporaryFile() as target:
        read_limited(["-c", WORK.format(work, memory_bytes)], file, target, patience_seconds)
        return target.read()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"hello")
    return tmp_path / "file"


def test_what_the_process_writes_comes_back_rewound(source: Path) -> None:
    assert run("target.write(source.read()[::-1])", source) == b"olleh"


def test_a_refusal_is_its_sentence_also_beside_other_output(source: Path) -> None:
    with pytest.raises(FileRefused, match=r"^häßlich is no file\.$"):
        run("(__import__('sys').stderr.write('a warning\\n'), refuse('häßlich is no file.'))", source)


def test_a_crash_and_a_standstill_are_told_apart(source: Path) -> None:
    with pytest.raises(FileUnreadable, match="crashed"):
        run("__import__('os').abort()", source)
    began = time.monotonic()
    with pytest.raises(FileUnreadable, match="to its end"):
        run("__import__('time').sleep(60)", source, patience_seconds=0.5)
    assert time.monotonic() - began < 30


def test_a_bug_in_the_process_keeps_its_traceback(source: Path) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run("1 / 0", source)


def test_the_process_gets_no_more_memory_than_its_limit(source: Path) -> None:
    with pytest.raises(RuntimeError, match="MemoryError"):
        run("target.write(bytes(2**31)[:1])", source)


def test_progress_keeps_a_slow_process_alive(source: Path) -> None:
    work = "[(target.write(b'x'), target.flush(), __import__('time').sleep(0.3)) for _ in range(8)]"
    assert run(work, source, patience_seconds=1.5) == b"x" * 8


def test_io_without_a_file_number_is_not_taken(source: Path) -> None:
    with source.open("rb") as file, pytest.raises(io.UnsupportedOperation):
        read_limited(["-c", "pass"], file, io.BytesIO())

"""The command line in the tests' own process, which has loaded torch already: a process of its own loads it again."""

import contextlib
import io
import subprocess
import sys

import pytest

from core.cli import main


def run_here(*words: object) -> subprocess.CompletedProcess[str]:
    """Run ``core`` with these words; returns its exit status and output, as ``subprocess.run`` does."""
    arguments = ["core", *map(str, words)]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        patch.setattr(sys, "argv", arguments)
        main()
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *said)

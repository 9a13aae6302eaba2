"""The command line as a process, in its own workspace, and one small run shared by all tests."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from core.workspace import REPOSITORY
from tests.cli.in_process import run_here
from tests.runs.photos import write_photos

Core = Callable[..., subprocess.CompletedProcess[str]]

TINY = ["--arch", "resnet18", "--weights", "none", "--size", "32", "--batch-size", "4", "--device", "cpu"]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "RESNET_STUDIO_HOME": str(home), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def core(environment: dict[str, str]) -> Core:
    """Run ``python -m core``; returns its exit status and output."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "core", *map(str, words)],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    return run


def start(words: Sequence[object], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start ``python -m core`` without waiting for its end."""
    return subprocess.Popen(
        [sys.executable, "-m", "core", *map(str, words)],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Core:
    """Run ``core`` in this process; this saves seconds for each command."""
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(home))

    return run_here


@pytest.fixture(scope="session")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labels.csv; its photos are in the folder images beside it."""
    return write_photos(tmp_path_factory.mktemp("photos") / "squares")


@pytest.fixture(scope="session")
def training(
    home: Path, environment: dict[str, str], labels: Path, tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    """The output of a training of two epochs that had to wait for its device; its last argument is the run folder."""
    out = tmp_path_factory.mktemp("runs") / "first"
    settings = [*TINY, "--train", "head", "--epochs", 2]
    words = ["train", labels, "--images", labels.parent / "images", *settings, "--out", out]
    (home / "runs" / ".locks").mkdir(parents=True, exist_ok=True)
    with FileLock(home / "runs" / ".locks" / "cpu.lock"):
        process = start(words, environment)
        assert process.stderr is not None
        heard = ""
        while "waiting for" not in heard and (line := process.stderr.readline()):
            heard += line
    out_text, err_text = process.communicate(timeout=120)
    return subprocess.CompletedProcess(list(map(str, words)), process.returncode, out_text, heard + err_text)


@pytest.fixture(scope="session")
def run(training: subprocess.CompletedProcess[str]) -> Path:
    """The run folder of that training."""
    assert training.returncode == 0, training.stderr
    return Path(training.args[-1])

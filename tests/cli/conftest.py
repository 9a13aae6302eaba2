"""The command line as a process, in its own workspace, and one small run shared by all tests."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.workspace import REPOSITORY
from tests.cli.in_process import run_here
from tests.runs.conftest import SMALLEST, knowing_smallest, smallest_network  # noqa: F401 - a fixture
from tests.runs.photos import write_photos

Core = Callable[..., subprocess.CompletedProcess[str]]

TINY = ["--arch", SMALLEST, "--weights", "none", "--size", "32", "--batch-size", "4", "--device", "cpu"]
TINY_PROCESS = ["--arch", "resnet18", *TINY[2:]]
"""For processes of their own, which do not know the smallest network."""


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
def run(home: Path, labels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two epochs, trained in this process."""
    out = tmp_path_factory.mktemp("runs") / "first"
    settings = [*TINY, "--train", "head", "--epochs", 2]
    with knowing_smallest(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_STUDIO_HOME", str(home))
        done = run_here("train", labels, "--images", labels.parent / "images", *settings, "--out", out)
    assert done.returncode == 0, done.stderr
    return out

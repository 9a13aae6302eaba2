"""The Makefile's parts: PyTorch's build for processors is used where it can be reached, and never stops the rest."""

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from core.workspace import REPOSITORY

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*words: str) -> subprocess.CompletedProcess[str]:
    # Nothing of this machine's own pip settings: the index named in the command is the only one.
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "MAKEFLAGS"):
        environment.pop(name, None)
    return subprocess.run(
        ["make", *words, f"PYTHON={sys.executable}"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def wheel(folder: Path, name: str, version: str) -> None:
    """A wheel that holds nothing but its name and version."""
    folder.mkdir(parents=True)
    info = f"{name}-{version}.dist-info"
    members = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for member, text in members.items():
            archive.writestr(member, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{member},,\n" for member in [*members, f"{info}/RECORD"]))


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def pinned(name: str) -> str:
    found = re.search(rf"^{name}==(.+)$", (REPOSITORY / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"constraints.txt does not name {name}"
    return found.group(1)


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment as make creates it."""
    environment = tmp_path_factory.mktemp("make") / "env"
    done = make(str(environment / "bin" / "python"), f"VENV={environment}")
    assert done.returncode == 0, done.stderr
    return environment


@pytest.fixture
def environment(empty_environment: Path, tmp_path: Path) -> Path:
    return shutil.copytree(empty_environment, tmp_path / "env", symlinks=True)


def test_the_build_for_processors_comes_from_its_own_index_and_fits_the_constraints(
    environment: Path, tmp_path: Path
) -> None:
    for name in ("torch", "torchvision"):
        wheel(tmp_path / "index" / name, name, f"{pinned(name)}+cpu")
    with serving(tmp_path / "index") as index:
        done = make("torch-cpu", f"VENV={environment}", f"TORCH_CPU_INDEX={index}")
    assert done.returncode == 0, done.stderr
    assert "cannot be reached" not in done.stdout, done.stderr
    shown = subprocess.run(
        [str(environment / "bin" / "python"), "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True
    )
    assert f"torch=={pinned('torch')}+cpu" in shown.stdout.splitlines()


def test_an_index_that_cannot_be_reached_is_said_and_stops_nothing(environment: Path) -> None:
    done = make("torch-cpu", f"VENV={environment}", "TORCH_CPU_INDEX=http://127.0.0.1:9/simple")
    assert done.returncode == 0, done.stderr
    assert "cannot be reached; installing the default build of PyTorch instead." in done.stdout


def test_only_cpu_1_asks_for_the_build_for_processors() -> None:
    planned = {cpu: make("--dry-run", "--always-make", "app", f"CPU={cpu}").stdout for cpu in ("", "1")}
    assert "--index-url" in planned["1"] and "--index-url" not in planned[""]
    for text in planned.values():
        assert "-c constraints.txt -r requirements.txt" in text and "streamlit run app.py" in text


def test_make_test_is_made_of_the_parts_that_can_run_alone() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    parts = re.search(r"^test: (.*)$", makefile, re.MULTILINE)
    assert parts and {"check", "unit", "browser-test"} <= set(parts.group(1).split())
    workflow = (REPOSITORY / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    assert "make test" in workflow


def test_the_constraints_fit_the_requirements() -> None:
    from packaging.requirements import Requirement

    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    exact = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (REPOSITORY / file).read_text(encoding="utf-8").splitlines():
            text = line.partition("#")[0].strip()
            if not text or text.startswith("-"):
                continue
            wanted = Requirement(text)
            name = re.sub(r"[-_.]+", "-", wanted.name).lower()
            assert name in exact, f"constraints.txt does not name {name}; run make constraints"
            assert wanted.specifier.contains(exact[name]), f"{name} {exact[name]} is outside of {text}"

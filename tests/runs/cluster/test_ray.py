"""A real Ray cluster of two machines on this one: one of them is killed in the middle, and so is the server."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.data.snapshot import Snapshot
from core.runs.folder import RunFolder
from core.runs.jobs import recover, submit
from core.runs.status import Status
from core.workspace import Workspace, open_workspace
from tests.runs.cluster.conftest import ray_machines
from tests.runs.conftest import tiny

ray = pytest.importorskip("ray", reason="Ray cannot be installed for this Python: see requirements-cluster.txt")

PATIENCE_SECONDS = 300
EPOCHS = 25


def wait_until(run: RunFolder, fits: Callable[[Status], bool]) -> Status:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        status = run.status()
        if fits(status):
            return status
        assert status.live or status.state == "interrupted", f"{status}\n{run.log()}"
        time.sleep(0.05)
    raise AssertionError(f"{run.status()}\n{run.log()}\n{_dispatcher_log(run)}")


def _dispatcher_log(run: RunFolder) -> str:
    return (run.path.parent / ".locks" / "cluster.log").read_text(errors="replace")[-5000:]


def dispatchers(workspace: Workspace) -> list[psutil.Process]:
    """Return the server's dispatcher and its child that talks to Ray."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if str(workspace.root) in words and any(word.startswith("core.runs.cluster.dispatch") for word in words):
            found.append(process)
    return found


@pytest.fixture
def machines() -> Iterator[dict[str, Any]]:
    with ray_machines("first", "second") as machines:
        yield machines


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "home"))
    workspace = open_workspace()
    yield workspace
    for process in dispatchers(workspace):
        process.kill()


def test_a_run_survives_the_loss_of_its_machine_and_of_the_server(
    machines: dict[str, Any], home: Workspace, snapshot: Snapshot
) -> None:
    lost = submit(home, snapshot, tiny(epochs=EPOCHS), title="lost")
    kept = submit(home, snapshot, tiny(epochs=EPOCHS), title="kept")
    first_node = wait_until(lost, lambda status: status.epoch >= 3).node
    assert first_node in ("first", "second")

    for process in dispatchers(home):  # the server is gone, and then a machine
        os.kill(process.pid, signal.SIGKILL)
    before = lost.status()
    machines["cluster"].remove_node(machines[first_node], allow_graceful=False)
    other_node = wait_until(kept, lambda status: status.state == "finished").node
    assert other_node in ("first", "second") and other_node != first_node
    assert kept.epochs()["epoch"].tolist() == list(range(1, EPOCHS + 1))

    recover(home)  # the server is back
    status = wait_until(lost, lambda status: status.state == "finished")
    assert (status.node, status.losses) == (other_node, 1)
    assert lost.epochs()["epoch"].tolist() == list(range(1, EPOCHS + 1))
    assert f"the training on {first_node} was lost; it goes on on {other_node}" in lost.log()
    assert "Resuming after epoch" in lost.log() and before.epoch >= 3

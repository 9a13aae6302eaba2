"""The server that is measured: its folder, its class, its process and the memory and time that this takes."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from core.data.pictures.decoding import decode
from core.data.store.store import Store
from core.people.hand_out import hand_out
from core.people.joining import set_pin
from core.people.records import ClassRoom
from core.people.register import Register
from core.workspace import REPOSITORY, SAMPLE_IMAGES, Workspace, open_workspace

PROJECT = "Birds of the class"
CLASSES = ["duck", "gull", "heron", "owl", "swan"]
LABELLED, UNLABELLED = 60, 120
_SIDE = 640  # pixels
LOOK_SECONDS = 2.0
_of_others: set[int] = set()
"""Processes that have been looked at, so that looking takes no time from the server."""


def make_class(home: Path) -> ClassRoom:
    """Make the folder of a server with a class and the teacher's project."""
    workspace = open_workspace(home)
    register = Register(home)
    set_pin(register, "20262026")
    classroom = register.create_class("7b")
    register.close()
    store = Store(workspace)
    project = store.create_project(PROJECT, classes=CLASSES)
    dice, files = np.random.default_rng(0), sorted((SAMPLE_IMAGES / "birds" / "images").glob("*.jpg"))
    rows = []
    for number in range(LABELLED + UNLABELLED):
        with Image.open(files[number % len(files)]) as small:
            pixels = np.asarray(small.convert("RGB").resize((_SIDE, _SIDE)))
        noisy = np.clip(pixels + dice.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8)
        file = home / "new.jpg"
        Image.fromarray(noisy).save(file, quality=85)
        raw = file.read_bytes()
        row, _ = store.add_image(project.id, decode(raw, f"bird {number}.jpg"), raw, f"bird {number}.jpg")
        rows.append(row.id)
        file.unlink()
    store.apply_labels(
        project.id,
        [(row, CLASSES[place % len(CLASSES)], None) for place, row in enumerate(rows[:LABELLED])],
        "teacher",
        "labels of the teacher",
    )
    store.close()
    # The teacher has looked at the project before it is handed out, so that its features are there.
    vectors = [sys.executable, "-m", "core.inspection.suggesting.vector_job", str(project.id)]
    subprocess.run(vectors, cwd=REPOSITORY, env={**os.environ, "RESNET_STUDIO_HOME": str(home)}, check=True)
    return classroom


def give_project(home: Path, class_id: int) -> None:
    """Hand the teacher's project out to everybody in the class."""
    register, store = Register(home), Store(Workspace(home))
    found = store.find_project(PROJECT)
    assert found is not None
    for _ in hand_out(store, found.id, register.people(class_id)):
        continue
    store.close()
    register.close()


@dataclass
class ClassProcess:
    """A running server of a class, on this computer alone, without https; of one process or several."""

    home: Path
    ports: list[int] = field(default_factory=list)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @classmethod
    def start(cls, home: Path, processes: int = 1, seconds: float = 120.0) -> "ClassProcess":
        started = cls(home)
        environment = {**os.environ, "RESNET_STUDIO_HOME": str(home), "RESNET_STUDIO_PEOPLE": "class"}
        environment |= {"RESNET_STUDIO_SERVER_FILES": "off", "STREAMLIT_SERVER_ADDRESS": "127.0.0.1"}
        for _ in range(processes):
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                port = int(listener.getsockname()[1])
            with (home / "server.log").open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
                    cwd=REPOSITORY,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            started.ports.append(port)
            started.processes.append(process)
            started._wait(port, process, seconds)
        return started

    def _wait(self, port: int, process: "subprocess.Popen[bytes]", seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        self.end()
        log = (self.home / "server.log").read_text(errors="replace")
        raise RuntimeError(f"the server did not start:\n{log}")

    def address(self, pupil: int) -> str:
        """Return the address of the process that serves a pupil, who stays there: as Caddy's cookie does it."""
        return f"http://127.0.0.1:{self.ports[pupil % len(self.ports)]}"

    def end(self) -> None:
        """End the server and the trainings and other processes that it has started for this folder."""
        family = _started_for(self.home)
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        own = {process.pid for process in self.processes}
        for one in family:
            if one.pid not in own:
                with contextlib.suppress(psutil.Error):
                    one.kill()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass
class Watch:
    """Samples of memory and of the processor, every two seconds."""

    server: ClassProcess
    rss: list[tuple[float, float]] = field(default_factory=list)
    """Moment and MiB of the server's processes."""
    everything: list[float] = field(default_factory=list)
    """MiB of the server's processes and all that they have started."""
    training: list[bool] = field(default_factory=list)
    """Whether a training ran."""
    priorities: set[int] = field(default_factory=set)
    """The nice values of trainings."""
    cpu_seconds: float = 0.0
    """Of the server's processes."""

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Take one sample."""
        mine = [psutil.Process(one.pid) for one in self.server.processes]
        total = 0.0
        live = _training_pids(self.server.home)
        for one in _started_for(self.server.home):
            with contextlib.suppress(psutil.Error):
                memory = one.memory_info().rss / 2**20
                total += memory
                if one.pid in live:
                    self.priorities.add(one.nice())
        times = [one.cpu_times() for one in mine]
        self.cpu_seconds = sum(one.user + one.system for one in times)
        self.rss.append((time.monotonic(), sum(one.memory_info().rss for one in mine) / 2**20))
        self.everything.append(total)
        self.training.append(bool(live))


def _training_pids(home: Path) -> set[int]:
    """Return the processes whose runs train now, not those that wait."""
    found = set()
    for path in home.glob("people/*/runs/*/status.json"):
        try:
            status = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if status.get("state") in ("preparing", "running") and status.get("pid"):
            found.add(int(status["pid"]))
    return {pid for pid in found if psutil.pid_exists(pid)}


def _started_for(home: Path) -> list[psutil.Process]:
    """Return the processes that work for this folder, by their environment."""
    found = []
    for one in psutil.process_iter():
        if one.pid not in _of_others:
            with contextlib.suppress(psutil.Error):
                if one.environ().get("RESNET_STUDIO_HOME", "").startswith(str(home)):
                    found.append(one)
                else:
                    _of_others.add(one.pid)
    return found

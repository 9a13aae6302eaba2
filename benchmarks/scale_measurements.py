"""Measures on one core, with few photos, the costs that ``scale.py`` calculates with."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def measure() -> dict[str, float | str]:
    """Measure all costs on one core."""
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, float | str] = {"processor": _processor(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
        found |= measure_photos(Path(folder) / "photos")
        found |= measure_store(Path(folder) / "store")
        found |= measure_runs(Path(folder) / "runs")
        found |= measure_network()
        return {name: value if isinstance(value, str) else float(f"{value:.4g}") for name, value in found.items()}


def measure_photos(folder: Path) -> dict[str, float]:
    """Decode a JPEG of 500 x 375 pixels, and read and augment its resized copy."""
    import numpy as np
    import pandas as pd
    from PIL import Image

    from core.data.dataset import Photos
    from core.data.pictures.network_input.preprocessing import Preprocessing
    from core.data.pictures.resized_cache import ResizedCache

    folder.mkdir(parents=True)
    drawn = np.random.default_rng(0)
    rows = []
    for number in range(64):
        noise = Image.fromarray(drawn.integers(0, 256, (60, 80, 3), dtype=np.uint8)).resize((500, 375), 3)
        path = folder / f"{number}.jpg"
        noise.save(path, quality=90)
        rows.append({"image": f"{number:064x}", "path": str(path), "filename": path.name, "label": "a"})
    frame = pd.DataFrame(rows)
    cold = Photos(frame, ["a"], ResizedCache(None, Preprocessing()), augmentation="standard")
    kept = Photos(frame, ["a"], ResizedCache(folder / "cache", Preprocessing()), augmentation="standard")
    keys = [(number, 1) for number in range(len(frame))]
    kept.batch(keys)
    copies = list((folder / "cache").rglob("*.npy"))
    return {
        "decode_ms": best(lambda: cold.batch(keys)) / len(keys) * 1e3,
        "load_copy_ms": best(lambda: kept.batch(keys)) / len(keys) * 1e3,
        "resized_copy_bytes": sum(path.stat().st_size for path in copies) / len(copies),
    }


def measure_store(folder: Path, photos: int = 3_000) -> dict[str, float]:
    """Add, label, list and count photos, and freeze a snapshot of them."""
    from core.data.snapshot import Snapshot, snapshot_of_project
    from core.data.store.records import ImageFilter
    from core.data.store.store import Store
    from core.workspace import open_workspace
    from tests.data.builders import add

    store = Store(open_workspace(folder))
    project = store.create_project("many", classes=["owl", "duck"]).id
    began = time.perf_counter()
    for number in range(photos):
        add(store, project, number)
    add_ms = (time.perf_counter() - began) / photos * 1e3
    ids = [row.id for row in store.images(project)]
    began = time.perf_counter()
    for number in ids[:300]:
        store.annotate(project, [number], "owl", "benchmark")
    label_ms = (time.perf_counter() - began) / 300 * 1e3
    store.apply_labels(project, [(one, ("owl", "duck")[one % 2], None) for one in ids], "benchmark", "import")
    store.assign_splits(project)
    snapshot = snapshot_of_project(store, project)
    path = folder / "snapshot.csv"
    snapshot.write(path)
    found = {
        "add_photo_ms": add_ms,
        "label_ms": label_ms,
        "page_ms": best(lambda: store.images(project, ImageFilter(order="name"), limit=60, offset=photos // 2)) * 1e3,
        "count_us_per_photo": best(lambda: store.count(project)) / photos * 1e6,
        "row_bytes": float(_bytes_of(lambda: store.images(project))) / photos,
        "snapshot_make_us": best(lambda: snapshot_of_project(store, project)) / photos * 1e6,
        "snapshot_read_us": best(lambda: Snapshot.read(path)) / photos * 1e6,
        "snapshot_row_bytes": float(_bytes_of(lambda: Snapshot.read(path))) / photos,
    }
    store.close()
    return found


def measure_runs(folder: Path, runs: int = 200) -> dict[str, float]:
    """Look at the statuses of many waiting runs, decide whose turn it is, and write one."""
    from core.runs.folder import RunFolder
    from core.runs.process import process_fields
    from core.runs.queueing.queue import next_waiting
    from core.runs.status import Status, now, read_status
    from core.workspace import open_workspace

    workspace = open_workspace(folder)
    made = []
    for number in range(runs):
        run = RunFolder(workspace.runs / f"{number:03d}")
        run.path.mkdir()
        run.replace_status(Status(state="queued", created=now(), **process_fields(os.getpid())))
        made.append(run)
    waiting = "import psutil; from core.runs import worker, jobs; print(psutil.Process().memory_info().rss)"
    printed = subprocess.run([sys.executable, "-c", waiting], cwd=ROOT, capture_output=True, text=True, check=True)
    return {
        "status_read_us": best(lambda: [read_status(run.status_path) for run in made]) / runs * 1e6,
        "status_write_ms": best(lambda: made[0].write_status(heartbeat=now())) * 1e3,
        "turn_us_per_run": best(lambda: next_waiting(workspace, "cpu")) / runs * 1e6,
        "waiting_process_mb": int(printed.stdout) / 1e6,
    }


def measure_network() -> dict[str, float]:
    """The frozen pass of a ResNet-50 at 224 pixels in PyTorch, fp32."""
    import torch

    from core.models.resnet import build

    model = build("resnet50", 1000).eval()
    photos = torch.zeros(8, 3, 224, 224)
    with torch.inference_mode():
        model(photos)
        return {"frozen_pass_ms": best(lambda: model(photos), 3) / 8 * 1e3}


def best(call: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest of a few times, in seconds: others share the machine."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return min(found)


def _bytes_of(call: Callable[[], object]) -> int:
    """Return how many bytes of Python objects the result of a call keeps."""
    import gc
    import tracemalloc

    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = call()
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    del kept
    return size


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()

"""Measures how long imports, label updates and undo hold the database's write lock, while nobody else can label.

    python benchmarks/write_locks.py [--photos 1000] [--classes 1000] [--rows 5000] [--load 2]

Every write transaction is timed from its BEGIN IMMEDIATE to its end. Printed are, for each action, how many there were,
the longest, and the most processor time of one. ``--load`` processes compute at the same time. Target: no transaction
above 200 ms on two cores.
"""

import argparse
import io
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image
from sqlalchemy import Connection, Engine, event

from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.importing.run_import import run_import
from core.data.importing.updates.apply_updates import apply_updates
from core.data.importing.updates.label_updates import LabelUpdates, PhotoUpdate
from core.data.pictures.decoding import decode
from core.data.store.add_images import prepare_image
from core.data.store.store import BoxRow, Store
from core.workspace import open_workspace


@dataclass(frozen=True)
class Held:
    """The time that one write transaction held the lock."""

    seconds: float
    processor: float  # seconds of the thread


@contextmanager
def watched(engine: Engine) -> Iterator[list[Held]]:
    """Note how long each write transaction of the engine holds the lock."""
    found: list[Held] = []
    mine = threading.local()

    def on_begin(connection: Connection) -> None:  # called after the store's own listener, which waits for the lock
        if connection.get_execution_options().get("writes"):
            mine.began = time.perf_counter(), time.thread_time()

    def on_return(*_: object) -> None:  # of the connection to its pool, right after COMMIT
        if began := getattr(mine, "began", None):
            found.append(Held(time.perf_counter() - began[0], time.thread_time() - began[1]))
            mine.began = None

    event.listen(engine, "begin", on_begin)
    event.listen(engine, "checkin", on_return)
    try:
        yield found
    finally:
        event.remove(engine, "begin", on_begin)
        event.remove(engine, "checkin", on_return)


def main() -> None:
    """Print a line for each action; exit with 1 if a transaction held the lock for longer than ``--at-most``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=1000, help="imported, in turn of each of the classes")
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=5000, help="whose labels a labels.csv updates")
    parser.add_argument("--load", type=int, default=0, help="processes that compute meanwhile")
    parser.add_argument("--at-most", type=float, help="milliseconds")
    options = parser.parse_args()
    busy = [multiprocessing.Process(target=_compute, daemon=True) for _ in range(options.load)]
    for one in busy:
        one.start()
    longest = 0.0
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = Store(open_workspace(Path(folder)))
            for name, act in actions(store, options.photos, options.classes, options.rows):
                with watched(store._engine) as found:
                    act()
                worst = 1000 * max(one.seconds for one in found)
                processor = 1000 * max(one.processor for one in found)
                longest = max(longest, worst)
                print(
                    f"{name:42} {len(found):5} transactions, the longest {worst:7.0f} ms ({processor:5.0f} computing)"
                )
            store.close()
    finally:
        for one in busy:
            one.kill()
    if options.at_most and longest > options.at_most:
        sys.exit(f"{longest:.0f} ms is more than {options.at_most:g}.")


def actions(store: Store, photos: int, classes: int, rows: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield each action with its name; each begins where the one before it ended."""
    names = [f"class {number}" for number in range(classes)]
    project = store.create_project("imported").id
    labels = [names[number % classes] for number in range(photos)]
    candidates = tuple(
        Candidate(f"{number}.png", label, None, None, lambda number=number: noise(number))
        for number, label in enumerate(labels)
    )
    plan = ImportPlan(candidates, (), (), "labels.csv", tuple(dict.fromkeys(labels)))
    yield f"import {photos:,} photos, {classes:,} classes", lambda: list(run_import(plan, store, project, "benchmark"))
    yield "undo the import", lambda: store.undo(project)
    yield "redo the import", lambda: store.redo(project)
    yield "roll the project back", lambda: store.roll_back(project, 0, "benchmark")
    yield "undo the roll-back", lambda: store.undo_roll_back(project, store.roll_backs(project)[0].id)
    yield "splits", lambda: store.assign_splits(project)

    large = make_project(store, rows, "classification")
    yield f"update {rows:,} labels", lambda: update(store, large, [f"new {number}" for number in range(20)])
    yield "undo the update", lambda: store.undo(large)
    yield "redo the update", lambda: store.redo(large)
    first, second = store.classes(large)[:2]
    yield f"merge a class of {first.count:,}", lambda: store.merge_classes(large, first.id, second.id, "benchmark")
    yield "undo the merge", lambda: store.undo(large)
    yield f"remove a class of {second.count:,}", lambda: store.remove_class(large, second.id, "benchmark")
    yield "undo the removal", lambda: store.undo(large)
    everything = [row.id for row in store.images(large)]
    yield f"remove {rows:,} photos", lambda: store.remove_images(large, everything, "benchmark")
    yield "undo removing them", lambda: store.undo(large)
    yield f"label {rows:,} photos at once", lambda: store.annotate(large, everything, "new 3", "benchmark")
    yield "undo labelling them", lambda: store.undo(large)

    boxed = make_project(store, rows, "localization")
    yield f"update the boxes of {rows:,} photos", lambda: update(store, boxed, ["owl", "duck"])
    yield "undo updating the boxes", lambda: store.undo(boxed)


def make_project(store: Store, photos: int, task: str) -> int:
    """Create a project of small different photos with labels."""
    project = store.create_project(f"{task} of {photos}", task, ("owl", "duck", "swan")).id
    for start in range(0, photos, 500):
        files = [(noise(number), f"{number}.png") for number in range(start, min(start + 500, photos))]
        some = [prepare_image(store.workspace, decode(raw, name), raw, name) for raw, name in files]
        store.add_images(project, some)
    rows = [(row.id, ("owl", "duck", "swan")[row.id % 3], None) for row in store.images(project)]
    store.apply_labels(project, rows, "benchmark", "first labels")
    return project


def update(store: Store, project: int, labels: list[str]) -> None:
    """Give all photos other labels, and boxes where the project has them, as a labels.csv would."""
    boxed = store.project(project).task == "localization"
    changes = []
    for place, image in enumerate(store.images(project)):
        label = labels[place % len(labels)]
        boxes = (BoxRow(label, 1, 1, 5, 5), BoxRow(label, 2, 2, 5, 5)) if boxed else None
        changes.append(PhotoUpdate(image, None, None if boxed else label, None, boxes, ()))
    updates = LabelUpdates(tuple(changes), new_classes=tuple(labels))
    apply_updates(updates, store, project, "benchmark", "labels.csv")


def noise(number: int) -> bytes:
    """Return the file of a small photo, another one for each number."""
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _compute() -> None:
    while True:
        sum(range(100_000))


if __name__ == "__main__":
    main()

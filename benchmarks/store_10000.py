"""Measures the store's calls on a project of 10,000 images, in a temporary workspace: python benchmarks/store_10000.py

Expected on two cores with a local disk: a page below 50 ms at the 95th percentile, in any order and at any offset,
counts below 50 ms, the next unlabelled image below 5 ms, a label below 15 ms.
"""

import argparse
import io
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image

from core.data.pictures.decoding import decode
from core.data.snapshot import snapshot_of_project
from core.data.store.store import ORDERS, ImageFilter, Store
from core.workspace import open_workspace

CLASSES = ("owl", "duck", "parrot", "chicken", "bird of prey")


def main() -> None:
    """Create the project, then print the percentiles of each call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(open_workspace(Path(folder)))
        project_id = store.create_project("ten thousand").id
        timed("add_image", range(options.images), lambda number: add(store, project_id, number))
        numbers = [row.id for row in store.images(project_id)]
        labels = [(number, CLASSES[number % 5], None) for number in numbers[: len(numbers) * 7 // 10]]
        timed("apply_labels (70 %)", [0], lambda _: store.apply_labels(project_id, labels, "benchmark", "import"))
        timed("assign_splits", [0], lambda _: store.assign_splits(project_id))
        time_reads(store, project_id, len(numbers), options.repeats)
        time_writes(store, project_id, numbers, options.repeats)
        store.close()


def time_reads(store: Store, project_id: int, total: int, repeats: int) -> None:
    """Time pages in every order and filter at random offsets, counts, and the next unlabelled image."""
    drawn = random.Random(0)
    filters = {f"images, page of 60 by {order}": ImageFilter(order=order) for order in ORDERS}
    filters |= {f"images, search by {order}": ImageFilter(search="A/pho", order=order) for order in ORDERS}
    filters["images, rare search"] = ImageFilter(search="o 77.P")
    filters["images, class and split"] = ImageFilter(label="owl", split="train", order="name")
    filters["images, unlabelled"] = ImageFilter(unlabelled=True, order="annotated")
    for name, where in filters.items():
        places = [drawn.randrange(total) for _ in range(repeats)]
        timed(name, places, partial(store.images, project_id, where, limit=60))
    timed("count, all", range(repeats), lambda _: store.count(project_id))
    timed("count, search", range(repeats), lambda _: store.count(project_id, ImageFilter(search="PHOTO 9")))
    timed("counts", range(repeats), lambda _: store.counts(project_id))
    timed("classes", range(repeats), lambda _: store.classes(project_id))
    timed(
        "next_unlabelled", range(repeats), lambda number: store.next_unlabelled(project_id, number * total // repeats)
    )
    skip = [row.id for row in store.images(project_id, ImageFilter(unlabelled=True), limit=200)]
    timed("next_unlabelled, 200 skipped", range(repeats), lambda _: store.next_unlabelled(project_id, None, skip))
    timed("images, all of them", range(3), lambda _: store.images(project_id))
    timed("label_rows", range(3), lambda _: store.label_rows(project_id))
    timed("snapshot_of_project", range(3), lambda _: snapshot_of_project(store, project_id))


def time_writes(store: Store, project_id: int, numbers: list[int], repeats: int) -> None:
    """Time labelling one by one and by the page, and undoing it."""
    timed("annotate one", numbers[-repeats:], lambda number: store.annotate(project_id, [number], "owl", "benchmark"))
    timed("annotate 60", range(repeats), lambda _: store.annotate(project_id, numbers[:60], "duck", "benchmark"))
    timed("undo 60", range(repeats), lambda _: store.undo(project_id))
    first, second = store.classes(project_id)[:2]
    timed("merge_classes", [0], lambda _: store.merge_classes(project_id, first.id, second.id, "benchmark"))
    timed("undo of the merge", [0], lambda _: store.undo(project_id))
    timed("redo of the merge", [0], lambda _: store.redo(project_id))


def add(store: Store, project_id: int, number: int) -> None:
    """Add a small image that is unlike all others."""
    noise = np.random.default_rng(number).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=1)
    store.add_image(project_id, decode(file.getvalue(), "noise"), file.getvalue(), f"camera/Photo {number}.png")


def timed(name: str, inputs: Iterable[int], call: Callable[[int], object]) -> None:
    """Call once for each input and print the percentiles in milliseconds."""
    spent = []
    for one in inputs:
        began = time.perf_counter()
        call(one)
        spent.append(1000 * (time.perf_counter() - began))
    p50, p95 = np.percentile(spent, [50, 95])
    print(f"{name:32} {len(spent):6} calls   p50 {p50:8.2f} ms   p95 {p95:8.2f} ms   max {max(spent):8.2f} ms")


if __name__ == "__main__":
    main()

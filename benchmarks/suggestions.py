"""Measures the time from a label to suggestions that include it, for all photos of a project.

    python benchmarks/suggestions.py [--photos 2000] [--width 2048] [--classes 6] [--labels 200]

Creates a temporary project of small photos whose vectors are drawn around one centre per class, and labels one photo
after another as a page does. Target: at most one second for 2,000 photos with vectors of 2,048 numbers, on two cores.
The time includes the pause before a fit, in which the next photo is drawn.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.data.pictures.decoding import Decoded  # noqa: E402
from core.data.store.store import Store  # noqa: E402
from core.features.vectors import Vectors  # noqa: E402
from core.inspection.suggesting.suggestions import SuggestionModel  # noqa: E402
from core.workspace import open_workspace  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--classes", type=int, default=6)
    parser.add_argument("--labels", type=int, default=200, help="number of photos labelled while it is timed")
    options = parser.parse_args()
    dice = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(open_workspace(Path(folder)))
        names = [f"class {number}" for number in range(options.classes)]
        project = store.create_project("Suggestions", classes=names)
        for number in range(options.photos):
            pixels = np.frombuffer(number.to_bytes(12, "little"), np.uint8).reshape(2, 2, 3).repeat(4, 0).repeat(4, 1)
            store.add_image(project.id, Decoded(Image.fromarray(pixels), (), "PNG", False), b"", f"{number}.png")
        images = store.image_labels(project.id)
        kinds = dice.integers(0, options.classes, options.photos)
        centers = dice.gamma(1, 0.4, (options.classes, options.width))
        values = np.abs(centers[kinds] + dice.normal(0, 1, (options.photos, options.width))).astype(np.float32)
        vectors = Vectors(store.workspace, "drawn")
        for start in range(0, options.photos, 64):
            vectors.add([one.hash for one in images[start : start + 64]], values[start : start + 64])

        model = SuggestionModel(store, project.id, vectors)
        start = time.perf_counter()
        model.refresh()
        print(f"first fit of {options.photos:,} vectors: {time.perf_counter() - start:.2f} s")
        seconds = []
        for place in range(options.labels):
            store.annotate(project.id, [images[place].id], names[kinds[place]], "benchmark")
            start = time.perf_counter()
            model.ask()
            while not model.fresh:
                time.sleep(0.002)
            seconds.append(time.perf_counter() - start)
        found = model.suggestions
        if found is None or found.probabilities is None or found.labelled.sum() != options.labels:
            sys.exit("The suggestions do not know all labels.")
        right = (found.probabilities.argmax(axis=1) == kinds)[options.labels :].mean()
        store.close()
    cut = statistics.quantiles(seconds, n=100, method="inclusive")
    print(f"from a label to suggestions that include it, n {len(seconds)}:")
    print(f"p50 {cut[49]:.2f} s   p95 {cut[94]:.2f} s   slowest {max(seconds):.2f} s   ({right:.0%} correct)")


if __name__ == "__main__":
    main()

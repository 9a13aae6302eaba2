"""Measures labelling latency in Chromium with the real server: from key press to the next photo, fully drawn.

    python benchmarks/annotate_latency.py [--photos 120] [--keys 100] [--megapixels 12] [--helper ready]

Creates a temporary workspace of camera-sized photos, starts ``streamlit run app.py`` on a free port, opens the Annotate
page, presses the keys 1 to 5 and measures inside the browser: from the keydown event to the first frame in which
another photo is loaded and decoded. Target: at most 200 ms at the 95th percentile on two cores.

``--helper``: with ``ready``, suggestions are refitted after every label, and half of the keys accept one; with
``looking``, the photos' features are computed at the same time; with ``off``, there is no pretrained network.
"""

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageEnhance
from playwright.sync_api import Page, sync_playwright

if TYPE_CHECKING:
    from core.data.store.store import Store

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
CLASSES = ["bird of prey", "chicken", "duck", "owl", "parrot"]
WATCH = """
() => {
  const photo = () => document.querySelector('.desk-photo img');
  window.labelled = new Promise((resolve) => {
    const before = photo().src;
    window.addEventListener('keydown', (event) => {
      const start = event.timeStamp;
      const look = () => {
        const image = photo();
        if (image && image.src !== before && image.complete && image.naturalWidth) {
          image.decode().then(() => requestAnimationFrame(() => resolve(performance.now() - start)));
        } else requestAnimationFrame(look);
      };
      look();
    }, { once: true, capture: true });
  });
}
"""


def make_workspace(home: Path, photos: int, megapixels: float, helper: str) -> None:
    """Create a project of different photos made from the sample photos; for ``ready`` also their vectors."""
    os.environ["RESNET_STUDIO_HOME"] = str(home)
    from core.data.pictures.decoding import decode
    from core.data.store.store import Store
    from core.workspace import SAMPLE_IMAGES, open_workspace

    store = Store(open_workspace())
    project = store.create_project("Latency", classes=CLASSES)
    sources = sorted((SAMPLE_IMAGES / "birds" / "images").glob("*.jpg"))
    side = round((megapixels * 1e6 / 1.5) ** 0.5)
    for number in range(photos):
        with Image.open(sources[number % len(sources)]) as image:
            large = image.convert("RGB").resize((round(side * 1.5), side), Image.Resampling.BICUBIC)
        large = ImageEnhance.Brightness(large).enhance(0.8 + 0.4 * number / photos)
        out = BytesIO()
        large.save(out, "JPEG", quality=85)
        name = f"photo {number:04}.jpg"
        store.add_image(project.id, decode(out.getvalue(), name), out.getvalue(), name)
    if helper == "ready":
        draw_vectors(store, project.id)
    store.close()


def draw_vectors(store: "Store", project_id: int) -> None:
    """Store random vectors and two labels per class, so that there are suggestions, correct or not."""
    from core.features.vectors import Vectors, default_vectors

    network = default_vectors(store.workspace)
    if network is None:
        sys.exit("The default weights are missing: python -m core weights")
    images = store.image_labels(project_id)
    values = np.random.default_rng(0).gamma(1, 0.4, (len(images), 2048)).astype(np.float32)
    Vectors(store.workspace, network).add([one.hash for one in images], values)
    for number, name in enumerate(CLASSES):
        store.annotate(project_id, [one.id for one in images[2 * number : 2 * number + 2]], name, "benchmark")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.25)
    sys.exit(f"{address} does not answer")


def press_keys(page: Page, presses: int, pause_seconds: float, accept: bool) -> list[float]:
    """Return the milliseconds from each key press to the next photo."""
    dice = random.Random(0)
    found = []
    for _ in range(presses):
        page.evaluate(WATCH)
        page.keyboard.press(str(dice.randint(1, len(CLASSES))) if not accept or len(found) % 2 else "Enter")
        found.append(page.evaluate("() => window.labelled"))
        time.sleep(pause_seconds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=120)
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--pause", type=float, default=0.4, help="seconds to look at each photo")
    parser.add_argument("--helper", choices=["ready", "looking", "off"], default="ready")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"making {options.photos} photos of {options.megapixels:g} megapixels", file=sys.stderr)
        make_workspace(Path(folder), options.photos, options.megapixels, options.helper)
        if options.helper == "off":
            os.environ["RESNET_STUDIO_WEIGHTS"] = str(Path(folder) / "no-weights")
        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(f"http://localhost:{port}/_stcore/health")
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=options.chromium, args=CHROMIUM)
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(f"http://localhost:{port}/Annotate")
                page.wait_for_selector(".desk-photo img")
                ready = options.helper == "ready"
                if ready:
                    page.wait_for_selector(".desk-accept")
                time.sleep(2)
                keys = min(options.keys, options.photos - 2 - 2 * len(CLASSES) * ready)
                found = sorted(press_keys(page, keys, options.pause, ready))
                browser.close()
        finally:
            server.terminate()
            server.wait()
    cut = statistics.quantiles(found, n=100, method="inclusive")
    print(
        f"key press to next photo, helper {options.helper}, {len(found)} presses, {os.cpu_count()} cores, milliseconds:"
    )
    print(f"p50 {cut[49]:.0f}   p90 {cut[89]:.0f}   p95 {cut[94]:.0f}   p99 {cut[98]:.0f}   slowest {found[-1]:.0f}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()

"""Times the Data page's grid in Chromium with 10,000 photos, and weighs the server.

    python benchmarks/grid_10000.py [--photos 10000] [--pages 40]

Makes a throw-away workspace, starts ``streamlit run app.py`` on a free port, and measures until all thumbnails of the
grid are loaded: the first visit, turning to another page, a class filter, a search. Wanted: each within a second, and
the server below 1.5 GB after turning many pages.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.annotate_latency import CHROMIUM, free_port, wait_for  # noqa: E402

CLASSES = [f"class {number}" for number in range(10)]
# Runs in the page. ``shown()``: the ids on the wall once all of them are loaded, else "". ``watch()``: from the next
# press of a key or the mouse, count the milliseconds until other photos than now are shown.
SCRIPT = """
window.shown = () => {
  const wall = document.querySelector('.st-key-data-wall [data-testid=stBidiComponentIsolated]')?.shadowRoot;
  const cards = wall ? [...wall.querySelectorAll('.pick')] : [];
  const loaded = cards.every((card) => {
    const image = card.querySelector('img');
    return image.complete && image.naturalWidth;
  });
  return loaded ? cards.map((card) => card.dataset.id).join() : '';
};
window.watch = () => {
  const before = window.shown();
  let start = 0;
  const begin = (event) => { start = event.timeStamp; };
  window.addEventListener('pointerdown', begin, true);
  window.addEventListener('keydown', begin, true);
  window.turned = new Promise((resolve) => {
    const look = () => {
      const now = start ? window.shown() : '';
      if (now && now !== before) {
        window.removeEventListener('pointerdown', begin, true);
        window.removeEventListener('keydown', begin, true);
        resolve((performance.now() - start) / 1000);
      } else requestAnimationFrame(look);
    };
    look();
  });
};
"""


def make_workspace(home: Path, photos: int) -> None:
    """A project of that many different photos; two in three have a label."""
    os.environ["RESNET_STUDIO_HOME"] = str(home)
    from core.data.images import decode
    from core.data.store import Store
    from core.workspace import open_workspace

    store = Store(open_workspace())
    project = store.create_project("Grid", classes=CLASSES)
    dice = np.random.default_rng(0)
    labels = []
    for number in range(photos):
        coarse = Image.fromarray(dice.integers(0, 255, (9, 12, 3), dtype=np.uint8))
        out = BytesIO()
        coarse.resize((320, 240), Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
        name = f"folder {number % 20}/photo {number:05}.jpg"
        row, _ = store.add_image(project.id, decode(out.getvalue(), name), out.getvalue(), name)
        labels.append((row.id, CLASSES[number % 10] if number % 3 else None, None))
        if number % 1000 == 999:
            print(f"{number + 1} photos made", file=sys.stderr)
    store.apply_labels(project.id, labels, "benchmark", "labels")
    store.assign_splits(project.id)
    store.close()


def seconds_until_new_photos(page: Page, act: Callable[[], object]) -> float:
    """Seconds from the last press of an action until other photos than before are there, all of them loaded."""
    page.evaluate("() => window.watch()")
    act()
    return float(page.evaluate("() => window.turned"))


def measure(page: Page, address: str, pages: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"first visit": [], "turn a page": [], "filter": [], "search": []}
    page.add_init_script(SCRIPT)
    page.goto(address)  # a first visit of the browser fetches Streamlit's own files
    page.wait_for_function("() => window.shown()")
    for _ in range(5):
        page.goto(address)
        page.wait_for_function("() => window.shown()")
        found["first visit"].append(float(page.evaluate("() => performance.now() / 1000")))
    following = page.get_by_role("button", name="Next page")
    for _ in range(pages):
        found["turn a page"].append(seconds_until_new_photos(page, following.click))
    search = page.get_by_role("textbox", name="Search")
    for part in ("folder 3/", "folder 7/", "9.jpg"):

        def type_in(part: str = part) -> None:
            search.fill(part)
            search.press("Enter")

        found["search"].append(seconds_until_new_photos(page, type_in))
    search.fill("")
    search.press("Enter")
    time.sleep(2)
    for name in ("class 3", "No label", "class 8"):

        def choose(name: str = name) -> None:
            box = page.locator(".st-key-data-class input")
            box.fill(name)
            page.get_by_role("option", name=name, exact=True).wait_for()
            box.press("Enter")

        found["filter"].append(seconds_until_new_photos(page, choose))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_workspace(Path(folder), options.photos)
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
                found = measure(page, f"http://localhost:{port}/Data", options.pages)
                browser.close()
            memory = psutil.Process(server.pid).memory_info().rss
        finally:
            server.terminate()
            server.wait()
    print(f"{options.photos:,} photos, seconds until all thumbnails are loaded ({os.cpu_count()} cores):")
    for what, seconds in found.items():
        print(f"{what:12} median {statistics.median(seconds):.2f}   slowest {max(seconds):.2f}   n {len(seconds)}")
    print(f"memory of the server: {memory / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()

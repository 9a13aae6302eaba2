"""Measures ten thousand photos in Chromium: first page after a cold start, grid, key press, server memory.

    python benchmarks/ten_thousand.py --data DIR [--photos 10000] [--pages 40] [--keys 100] [--workspace KEPT]

Creates a project from the images below DIR, varied so that each differs (crop, mirroring, brightness, size), with one
photo in three unlabelled, and starts ``streamlit run app.py`` on a free port. Suggestions are on: keys are measured
while features are computed, and again when all are there and the small model is refitted after each label. Targets:
key press to next photo at most 200 ms at the 95th percentile, a page of the grid at most one second, the first page
after a cold start at most three, the server below 1.5 GB.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import psutil
from PIL import Image, ImageEnhance, ImageOps
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.annotate_latency import CHROMIUM, free_port, press_keys, wait_for  # noqa: E402

CLASSES = [f"class {number}" for number in range(8)]
MADE = "made-by-benchmark"
SUFFIXES = {".jpg", ".jpeg", ".png"}
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


def variation(source: Path, number: int, side: int) -> bytes:
    """Return a JPEG of a varied image: crop, mirroring, brightness and size depend only on the number."""
    dice = random.Random(number)
    with Image.open(source) as opened:
        image = opened.convert("RGB")
    width, height = image.size
    share = dice.uniform(0.6, 0.95)
    left, top = dice.uniform(0, 1 - share) * width, dice.uniform(0, 1 - share) * height
    image = image.crop((round(left), round(top), round(left + share * width), round(top + share * height)))
    scale = side * dice.uniform(0.7, 1.0) / max(image.size)
    image = image.resize((max(8, round(image.width * scale)), max(8, round(image.height * scale))))
    if dice.random() < 0.5:
        image = ImageOps.mirror(image)
    image = ImageEnhance.Brightness(image).enhance(dice.uniform(0.6, 1.3))
    image = ImageEnhance.Color(image).enhance(dice.uniform(0.4, 1.4))
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def make_workspace(home: Path, data: Path, photos: int, side: int) -> None:
    """Create a project of different photos; two in three have a label, the name of their folder."""
    os.environ["RESNET_STUDIO_HOME"] = str(home)
    from core.data.pictures.decoding import decode
    from core.data.store.store import Store
    from core.workspace import open_workspace

    sources = sorted(path for path in data.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not sources:
        sys.exit(f"There are no pictures below {data}.")
    random.Random(0).shuffle(sources)
    folders = sorted({path.parent for path in sources})
    store = Store(open_workspace())
    project = store.create_project("Ten thousand", classes=CLASSES)
    labels = []
    for number in range(photos):
        source = sources[number % len(sources)]
        raw, name = variation(source, number, side), f"folder {number % 20}/photo {number:05}.jpg"
        row, _ = store.add_image(project.id, decode(raw, name), raw, name)
        # Images of one folder have something in common, and the folder's share of the classes to choose from.
        label = CLASSES[(folders.index(source.parent) * 2 + sources.index(source) % 2) % len(CLASSES)]
        labels.append((row.id, label if number % 3 else None, None))
        if number % 1000 == 999:
            print(f"{number + 1} photos created", file=sys.stderr)
    store.apply_labels(project.id, labels, "benchmark", "labels")
    store.assign_splits(project.id)
    store.close()


def seconds_until_new_photos(page: Page, act: Callable[[], object]) -> float:
    """Return the seconds from the last press of an action until new photos are shown and loaded."""
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
    for name in ("class 3", "No label", "class 5"):

        def choose(name: str = name) -> None:
            box = page.locator(".st-key-data-class input")
            box.fill(name)
            page.get_by_role("option", name=name, exact=True).wait_for()
            box.press("Enter")

        found["filter"].append(seconds_until_new_photos(page, choose))
    return found


def open_annotate(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.wait_for_selector(".desk-photo img")
    page.wait_for_selector(".desk-accept", timeout=900_000)
    time.sleep(2)
    return page


def memory_of(server: psutil.Process) -> int:
    return int(server.memory_info().rss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with photos, in folders or not")
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=1000, help="the longest side of a photo in pixels")
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.4, help="seconds to look at each photo")
    parser.add_argument("--workspace", type=Path, help="created if it does not exist, and kept")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.workspace or Path(folder)
        if not (home / MADE).is_file():
            if (home / "images").is_dir():
                sys.exit(f"{home} was left half made. Delete it, or name another folder.")
            make_workspace(home, options.data, options.photos, options.side)
            (home / MADE).touch()
        os.environ["RESNET_STUDIO_HOME"] = str(home)
        from core.data.store.store import Store
        from core.features.vectors import default_vectors
        from core.inspection.suggesting.vector_job import vectors_state
        from core.workspace import open_workspace

        store = Store(open_workspace())
        if default_vectors(store.workspace) is None:
            sys.exit("The default weights are missing: python -m core weights")
        port = free_port()
        address = f"http://localhost:{port}"
        began = time.monotonic()
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        presses: dict[str, list[float]] = {}
        try:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=options.chromium, args=CHROMIUM)
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                wait_for(f"{address}/_stcore/health")
                answers = time.monotonic() - began
                page.goto(address)
                page.get_by_role("heading", name="Ten thousand").wait_for()
                page.wait_for_function("() => !document.querySelector('[data-stale=true]')")
                shown = time.monotonic() - began
                print(
                    f"cold start: the server answers after {answers:.2f} s, the first page is there after {shown:.2f} s"
                )
                grid = measure(page, f"{address}/Data", options.pages)
                page.close()
                watched = psutil.Process(server.pid)
                memory = {"after the grid": memory_of(watched)}
                print_grid(grid)
                page = open_annotate(browser, f"{address}/Annotate")
                state = vectors_state(store, 1)
                if state.done < state.total:
                    presses["while the network looks at the photos"] = press_keys(
                        page, options.keys, options.pause, False
                    )
                    memory["while the network looks"] = memory_of(watched)
                    print(f"features computed for {vectors_state(store, 1).done:,} photos", file=sys.stderr)
                    while (state := vectors_state(store, 1)).running:
                        time.sleep(1)
                    if state.done < state.total:
                        sys.exit(f"the network has seen {state.done} of {state.total} photos only: {state.problem}")
                    print(f"all features computed {time.monotonic() - began:.0f} s after the start", file=sys.stderr)
                    page.close()
                    page = open_annotate(browser, f"{address}/Annotate")
                presses["when it has seen them all"] = press_keys(page, options.keys, options.pause, True)
                memory["at the end"] = memory_of(watched)
                browser.close()
        finally:
            server.terminate()
            server.wait()
            store.close()
    print("key press to next photo, milliseconds:")
    for when, found in presses.items():
        cut = statistics.quantiles(sorted(found), n=100, method="inclusive")
        shares = "   ".join(f"p{share} {cut[share - 1]:.0f}" for share in (50, 90, 95, 99))
        print(f"{when}: {shares}   slowest {max(found):.0f}   n {len(found)}")
    for when, bytes_ in memory.items():
        print(f"memory of the server {when}: {bytes_ / 2**20:.0f} MiB")


def print_grid(found: dict[str, list[float]]) -> None:
    print(f"the grid, seconds until all thumbnails are loaded ({os.cpu_count()} cores):")
    for what, seconds in found.items():
        print(f"{what:12} median {statistics.median(seconds):.2f}   slowest {max(seconds):.2f}   n {len(seconds)}")


if __name__ == "__main__":
    main()

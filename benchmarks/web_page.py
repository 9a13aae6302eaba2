"""Measures a run's web page in Chromium, opened from the disk: size, first answer, speed, agreement with the studio.

    python benchmarks/web_page.py RUN [--page FOLDER] [--photos 100] [--least-same 0.99] [--most-seconds 5]

RUN is a run folder that was evaluated on its validation photos; --page is a page of it that was exported before. The
first answer counts from opening the page to the answer to a photo that is chosen as soon as the page allows it. The
speed is of the network alone, with one thread of WebAssembly. The page gets the original files of validation photos,
and its answers are compared with the logits that the studio's evaluation stored; so decoding, preprocessing and 8 bits
all count. Exit code 1 if fewer than --least-same have the same class, or the first answer takes longer.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.export.web_page.page_files import ONE_FILE
from core.export.web_page.write_page import write_page
from core.inspection.deciding.decide import softmax
from core.inspection.doubt.run_logits import logits_of
from core.models.bundle import read_info
from core.runs.folder import RunFolder
from core.workspace import open_workspace
from tests.browser.conftest import CHROMIUM_ARGUMENTS, installed_chromium

PATIENCE = 600_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--page", type=Path, help="a page of the run that was exported before")
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--least-same", type=float, default=0.99)
    parser.add_argument("--most-seconds", type=float, default=5.0)
    options = parser.parse_args()
    run = RunFolder(options.run)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.page
        if folder is None:
            started = time.perf_counter()
            made = write_page(run.path, Path(temporary) / "page", open_workspace())
            print(f"exported in {time.perf_counter() - started:.0f} s. {' '.join(made.remarks)}")
            folder = made.folder
        return measure(run, folder, options)


def measure(run: RunFolder, folder: Path, options: argparse.Namespace) -> int:
    single = folder / ONE_FILE
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and file != single)
    alone = f"{single.stat().st_size / 1e6:.1f} MB" if single.exists() else "too large, not written"
    print(f"folder: {size / 1e6:.1f} MB; one file: {alone}")
    logits, labels, frame = logits_of(run.path)
    paths = dict(zip(run.snapshot().frame["image"], run.snapshot().frame["path"], strict=True))
    rows = np.random.default_rng(0).permutation(len(frame))[: options.photos]
    decision = read_info(run.best).decision
    exact = softmax(logits[rows].astype(np.float64) / (decision.scale if decision else 1.0))
    files = [Path(paths[image]) for image in frame["image"].iloc[rows]]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), args=CHROMIUM_ARGUMENTS)
        for name in ("index.html", ONE_FILE):
            if (folder / name).exists():
                seconds = [first_answer(browser.new_page(), folder / name, files[0]) for _ in range(3)]
                each = ", ".join(f"{one:.1f}" for one in seconds)
                print(f"first answer of {name}: {statistics.median(seconds):.1f} s ({each})")
        page = browser.new_page()
        first_answer(page, folder / "index.html", files[0])
        shares, times = [], []
        for file in files:
            found, milliseconds = answer(page, file)
            shares.append(found)
            times.append(milliseconds)
        browser.close()
    found, truth = np.array(shares), labels[rows]
    same = int((found.argmax(axis=1) == exact.argmax(axis=1)).sum())
    apart = np.abs(found - exact).max(axis=1)
    print(f"network: {1000 / statistics.median(times):.2f} photos per second ({statistics.median(times):.0f} ms each)")
    print(f"same class for {same} of {len(files)} validation photos")
    print(f"difference of probabilities: largest {apart.max():.4f}, mean over photos {apart.mean():.4f}")
    print(f"correct: page {(found.argmax(axis=1) == truth).sum()}, studio {(exact.argmax(axis=1) == truth).sum()}")
    return int(same < options.least_same * len(files) or min(seconds) > options.most_seconds)


def first_answer(page: Page, path: Path, photo: Path) -> float:
    """Open the page, choose a photo at once, and return the seconds until its answer."""
    page.set_default_timeout(PATIENCE)
    started = time.perf_counter()
    page.goto(path.as_uri(), wait_until="commit")
    until(page, "globalThis.studio?.learning")
    page.set_input_files("#photo-file", photo)
    until(page, "studio.last")
    return time.perf_counter() - started


def until(page: Page, condition: str) -> None:
    """Wait for a condition; the page's policy forbids what Playwright's own function for this does."""
    page.evaluate(
        f"new Promise((done) => {{ const look = () => ({condition} ? done() : setTimeout(look, 5)); look(); }})"
    )


def answer(page: Page, photo: Path) -> tuple[list[float], float]:
    """Return the probabilities of a photo, and the milliseconds that the network took."""
    page.evaluate("delete studio.last")
    page.set_input_files("#photo-file", photo)
    until(page, "studio.last")
    shares, milliseconds = page.evaluate("[studio.last.answer.probabilities, studio.last.found.milliseconds]")
    return shares, milliseconds


if __name__ == "__main__":
    sys.exit(main())

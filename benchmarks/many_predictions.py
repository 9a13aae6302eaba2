"""Measures predictions of very many photos: photos per second, peak memory, and what a killed run loses.

    python benchmarks/many_predictions.py MODEL [--photos 20000] [--pixels 48] [--form parquet]

Writes small pictures into a temporary folder and predicts them three times with ``python -m core predict --out``: once
with 1,000 of them, once with all, and once killed with SIGKILL after half of the time and then continued. Memory must
not grow with the number of photos, and the continued table must equal the whole one.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Run:
    """One command: its seconds, its largest resident memory in MB, and whether it was killed."""

    seconds: float
    megabytes: float
    said: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--pixels", type=int, default=48)
    parser.add_argument("--form", choices=("csv", "parquet"), default="parquet")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        few, many = root / "few", root / "many"
        write_pictures(few, 1000, options.pixels)
        write_pictures(many, options.photos, options.pixels)
        base = predict(options.model, few, root / f"few.{options.form}")
        whole = predict(options.model, many, root / f"whole.{options.form}")
        killed = predict(options.model, many, root / f"half.{options.form}", kill_after=whole.seconds / 2)
        rest = predict(options.model, many, root / f"half.{options.form}")
        same = digest(root / f"whole.{options.form}") == digest(root / f"half.{options.form}")
    print(f"1,000 photos: {base.seconds:.1f} s, peak {base.megabytes:.0f} MB")
    rate = (options.photos - 1000) / (whole.seconds - base.seconds)
    print(
        f"{options.photos:,} photos: {whole.seconds:.1f} s, {rate:.0f} photos a second, peak {whole.megabytes:.0f} MB"
    )
    print(f"killed after {killed.seconds:.1f} s, continued in {rest.seconds:.1f} s: {rest.said.strip()}")
    print(f"the continued table equals the whole one: {same}")


def write_pictures(folder: Path, count: int, pixels: int) -> None:
    """Write pictures of random patches."""
    folder.mkdir()
    numbers = np.random.default_rng(0)
    for place in range(count):
        patches = numbers.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(patches).resize((pixels, pixels)).save(folder / f"{place:06}.jpg")


def predict(model: str, folder: Path, out: Path, kill_after: float | None = None) -> Run:
    """Run the command and watch its memory; kill it after that many seconds, if they are given."""
    words = [sys.executable, "-m", "core", "predict", model, str(folder), "--out", str(out), "--device", "cpu"]
    began = time.monotonic()
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    watched, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss)
        except psutil.Error:
            break
        if kill_after is not None and time.monotonic() - began > kill_after:
            process.kill()
        time.sleep(0.2)
    said = process.communicate()[1]
    if process.returncode and kill_after is None:
        sys.exit(said)
    told = next((line for line in said.splitlines() if line.startswith("Continuing")), "")
    return Run(time.monotonic() - began, peak / 1e6, told)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()

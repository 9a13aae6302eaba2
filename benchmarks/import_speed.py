"""Measures an import into a new project against that of an older version, alternating in one run.

    python benchmarks/import_speed.py --at-least 3
    python benchmarks/import_speed.py --data DIR       # a folder of photos; otherwise photos of three sizes are made
    python benchmarks/import_speed.py --against v1.0   # any commit; its files are taken from git

Each version runs in its own process, with its own empty workspace, on the same folder. They alternate, so that a busy
machine slows both equally. Printed are the ratios of the medians, in time and in processor time, and what each step
costs per photo in both versions; "files and database" is the rest.

Measured for 3,119 photos of 240 pixels on two cores that were busy with other work: 3.8 times less processor time,
7.9 times less time. Photos of 12 megapixels gain from threads only (1.8 times): nearly all of their time goes into
decoding, hashing and encoding again what has to be turned upright, and all of that is needed.
"""

import argparse
import io
import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "cb3ace2"  # the last version that stored one photo after the other
STEPS_ON = 200  # photos
SIZES = {
    "240 pixels": (240, 180, 300),
    "500 pixels": (500, 375, 100),
    "12 megapixels, half of them turned": (4000, 3000, 8),
}


def main() -> None:
    """Print the ratios for each folder of photos; exit with 1 if the first is below ``--at-least``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder of photos")
    parser.add_argument("--against", default=BEFORE, help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-least", type=float, help="the ratio of times that is expected of the first folder")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(*options.child)))
        return
    with tempfile.TemporaryDirectory() as made:
        older = Path(made) / "older"
        packed = subprocess.run(["git", "archive", options.against, "core"], cwd=ROOT, capture_output=True, check=True)
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
            files.extractall(older, filter="data")
        folders = {str(options.data): options.data} if options.data else make_photos(Path(made))
        ratios = [compare(name, older, folder, options.rounds) for name, folder in folders.items()]
    if options.at_least and ratios[0] < options.at_least:
        sys.exit(f"{ratios[0]:.1f} is less than {options.at_least:g}.")


def compare(name: str, older: Path, folder: Path, rounds: int) -> float:
    """Import the folder with both versions in turn, print the figures, and return the ratio of times."""
    found: dict[str, list[dict[str, Any]]] = {"before": [], "now": []}
    for _ in range(rounds):
        for version, tree in (("before", older), ("now", ROOT)):
            command = [sys.executable, __file__, "--child", str(tree), str(folder)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found[version].append(json.loads(answer))
    middle = {
        version: {key: statistics.median(one[key] for one in runs) for key in ("seconds", "processor")}
        for version, runs in found.items()
    }
    photos = found["now"][0]["photos"]
    ratio = {key: middle["before"][key] / middle["now"][key] for key in ("seconds", "processor")}
    print(f"\n{name}: {photos:,} photos, median of {rounds}")
    for version, figures in middle.items():
        per_photo = 1000 * figures["seconds"] / photos
        print(
            f"  {version:7} {figures['seconds']:8.2f} s  {figures['processor']:8.2f} s of processor"
            f"  {per_photo:7.1f} ms a photo  {max(one['megabytes'] for one in found[version]):6.0f} MB at the peak"
        )
    print(f"  {ratio['seconds']:.1f} times as fast, with {ratio['processor']:.1f} times less processor time")
    print("  milliseconds of processor per photo:")
    for step in found["now"][0]["steps"]:
        before, now = (statistics.median(one["steps"][step] for one in found[version]) for version in found)
        print(f"    {step:20} {before:8.2f} {now:8.2f}")
    return ratio["seconds"]


def measure(tree: Path, folder: Path) -> dict[str, Any]:
    """Import the folder with the version in ``tree``; return the figures."""
    sys.path.insert(0, str(tree))
    from core.data.importing.plan_import import plan_folder, run_import
    from core.data.store.store import Store
    from core.workspace import open_workspace

    with tempfile.TemporaryDirectory() as home:
        store = Store(open_workspace(Path(home)))
        project = store.create_project("speed").id
        started, used = time.perf_counter(), time.process_time()
        photos = sum(1 for _ in run_import(plan_folder(folder), store, project, "benchmark"))
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        peak = peak_megabytes()
        store.close()
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    steps = steps_of(paths[:: max(1, len(paths) // STEPS_ON)])
    steps["files and database"] = max(0.0, 1000 * processor / photos - sum(steps.values()))
    return {"photos": photos, "seconds": seconds, "processor": processor, "megabytes": peak, "steps": steps}


def peak_megabytes() -> float:
    """Return the most memory that this process has used; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM")), 0.0)


def steps_of(paths: list[Path]) -> dict[str, float]:
    """Return the processor time of each step, in milliseconds per photo; both versions have these functions."""
    from core.data.pictures.decoding import content_hash, decode, make_thumbnail
    from core.data.pictures.near_duplicates import phash_of
    from core.data.pictures.stored_files import encode

    used: defaultdict[str, float] = defaultdict(float)

    def timed(step: str, function: Callable[..., Any], *arguments: Any) -> Any:
        started = time.thread_time()
        answer = function(*arguments)
        used[step] += 1000 * (time.thread_time() - started) / len(paths)
        return answer

    for path in paths:
        raw = path.read_bytes()
        decoded = timed("decode", decode, raw, path.name)
        timed("content hash", content_hash, decoded.image)
        timed("encode if turned", encode, decoded, raw)
        timed("thumbnail", make_thumbnail, decoded.image)
        timed("perceptual hash", phash_of, decoded.image)
    return dict(used)


def make_photos(folder: Path) -> dict[str, Path]:
    """Make a folder of photos of each size: soft shapes with the noise of a camera."""
    import numpy as np
    from PIL import Image

    made = {}
    for name, (width, height, count) in SIZES.items():
        made[name] = folder / name
        made[name].mkdir()
        for number in range(count):
            dice = np.random.default_rng(number)
            coarse = Image.fromarray(dice.integers(0, 255, (9, 12, 3), dtype=np.uint8))
            soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
            noise = dice.integers(-6, 7, (height, width, 1), dtype=np.int16)
            exif = Image.Exif()
            if number % 2 and "turned" in name:
                exif[0x0112] = 6
            photo = Image.fromarray(np.clip(soft + noise, 0, 255).astype(np.uint8))
            photo.save(made[name] / f"{number}.jpg", quality=88, exif=exif)
    return made


if __name__ == "__main__":
    main()

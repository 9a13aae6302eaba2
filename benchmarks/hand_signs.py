"""Measures the accuracy of recipes on hand signs (64 x 64 pixels, six classes) over several seeds.

    python benchmarks/hand_signs.py --data DIR                    # a folder with labels.csv and images/
    python benchmarks/hand_signs.py --data train_signs.h5 test_signs.h5 --recipe better --seeds 5

The hand-sign system that started this project reports 85.42 % on 120 test images after five epochs. Expected on the
same images (an image in several splits counts only in the strictest one, which leaves 119), mean and range on test over
five seeds in bf16: given 79.5 % (74.8 to 84.0), better 88.9 % (86.6 to 91.6). The recipe "better" was chosen on the
validation split. With npm's weights, fine-tuned reached 98.3 and 99.2 % with seeds 1 and 2 (117 and 118 of 119). The
recipe "course" has not been measured.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

_GIVEN = "--arch keras-resnet50 --weights none --input 64 --epochs 5 --batch-size 32 --optimizer adam"
RECIPES = {
    # The words of the hand-sign system's recipe; all else as it stands here: one-cycle, light augmentation, crop.
    "given": _GIVEN,
    # As that system trained: a constant rate, the pictures as they are.
    "course": f"{_GIVEN} --schedule constant --augmentation none --mode squash --weight-decay 0",
    # Chosen on the validation split with seed 0: the whole hand stays in view, unchanged, and the rate falls.
    "better": f"{_GIVEN} --schedule one-cycle --augmentation none --mode squash",
    "fine-tuned": "--arch resnet50 --weights imagenet --train all --size 128 --mode squash --augmentation light "
    "--epochs 5 --batch-size 32",
}


def photos(data: list[Path]) -> list[str]:
    """Return the command-line arguments that name the photos."""
    if len(data) == 1 and data[0].is_dir():
        return [str(data[0] / "labels.csv"), "--images", str(data[0] / "images")]
    return [str(path) for path in data]


def run(words: list[str], seed: int, folder: Path) -> dict[str, dict[str, float]]:
    """Train once, take the exam, and return the accuracies by split."""
    out = str(folder / f"seed-{seed}")
    trained = core("train", *words, "--seed", str(seed), "--out", out)
    return {"val": trained["accuracy"]["val"], "test": core("evaluate", out, "--split", "test")["accuracy"]}


def core(*words: str) -> dict[str, Any]:
    """Return the result of a command."""
    command = [sys.executable, "-m", "core", *words, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.strip().rpartition("\n")[2])
    return json.loads(done.stdout)


def spread(values: list[float]) -> str:
    """Return mean and range in percent."""
    return f"{statistics.mean(values):6.2%}  {min(values):6.2%} to {max(values):6.2%}"


def main() -> None:
    """Train a recipe once per seed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="a folder, or files of packed images")
    parser.add_argument("--recipe", choices=RECIPES, default="given")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds, from 0")
    chosen = parser.parse_args()
    words = [*photos([path.resolve() for path in chosen.data]), *RECIPES[chosen.recipe].split()]
    print("python -m core train", shlex.join(words), "--seed S --out RUN")
    found: dict[str, list[float]] = {"val": [], "test": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(chosen.seeds):
            began = time.monotonic()
            accuracy = run(words, seed, Path(folder))
            figures = []
            for split, values in found.items():
                values.append(accuracy[split]["value"])
                figures.append(f"{split} {values[-1]:7.2%} of {accuracy[split]['n']}")
            print(f"seed {seed}: {', '.join(figures)}; {time.monotonic() - began:.0f} s", flush=True)
    for split, values in found.items():
        print(f"{split:4}: mean {spread(values)}, {len(values)} seeds")


if __name__ == "__main__":
    main()

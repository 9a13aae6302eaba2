"""Measures ours and what a user would pick instead, one after another, on the same photos, weights and machine.

    python benchmarks/peers.py --data DIR --photos 500 --minutes 10 --env /tmp/peers --out peers.json
    python benchmarks/peers.py --data DIR --photos 500 --minutes 10 --env /tmp/peers --out peers.json --only fastai
    python benchmarks/peers.py --out peers.json --table                                # only print the tables again

The first call makes an environment for the peers in --env (benchmarks/peers/requirements.txt) and writes the weights
there in every peer's form. Finished runs stay in --out, so a call that was stopped goes on where it was: each run takes
at most --minutes. What is measured and how: benchmarks/README.md.
"""

import argparse
import csv
import datetime
import hashlib
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measured import Follower, Measured, Point, measure
from our_training import ROOT, SAME_WEIGHTS, WEIGHTS, train_ours, write_labels
from peer_table import KEPT, OURS, Comparison, markdown

from core.data.snapshot import snapshot_of_table

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "peers"
PEERS = {
    "pytorch-fixed": ["pytorch_tutorial.py", "--part", "fixed"],
    "pytorch-full": ["pytorch_tutorial.py", "--part", "full"],
    "pytorch-layer4": ["pytorch_tutorial.py", "--part", "layer4"],
    "keras": ["keras_guide.py"],
    "fastai": ["fastai_fine_tune.py"],
    "hugging-face": ["hugging_face_trainer.py"],
    "scikit-learn": ["scikit_learn.py"],
}
OUR_RECIPES = ["head=--train head", "layer4=--train layer4", "staged=--train staged"]
STEP = "step"
MARKS = (1, 3, 10)
BUSY = 0.3
"""Processors that others keep busy, from which on figures are not to be used."""
LEAST_SPEED = 0.85
"""Of the machine's usual speed; beside a run it must not have been slower."""


def main() -> int:
    """Measure what is missing in --out, and print the tables."""
    options = arguments()
    results: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    if not options.table:
        if options.data is None:
            sys.exit("Give the photos with --data DIR, a folder with labels.csv and images/.")
        with tempfile.TemporaryDirectory(prefix="peers-") as work:
            measure_all(options, results, Path(work))
    print(report(results))
    return 0


def arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with labels.csv and images/")
    parser.add_argument("--photos", type=int, help="how many training photos, drawn by class; default: all")
    parser.add_argument("--validation-photos", type=int, help="default: the same share as of the training photos")
    parser.add_argument("--minutes", type=float, default=10, help="the time limit of each run")
    parser.add_argument("--seed", type=int, default=0, help="draws the photos and seeds every run")
    parser.add_argument("--env", type=Path, default=Path(tempfile.gettempdir()) / "resnet-studio-peers")
    parser.add_argument(
        "--own-torch", action="store_true", help="install torch in --env instead of reading ours (2 GB)"
    )
    parser.add_argument("--out", type=Path, default=Path("peers.json"))
    parser.add_argument("--only", help=f"names with commas, of {', '.join(PEERS)}, {STEP}, ours or a name of --ours")
    parser.add_argument("--again", action="store_true", help="repeat what is in --out already")
    parser.add_argument("--table", action="store_true", help="measure nothing")
    parser.add_argument(
        "--ours",
        action="append",
        metavar="NAME=OPTIONS",
        help="options of python -m core train; may be repeated. A name that ends in +kept is run once before, "
        f"unmeasured, in the same workspace, as if the photos were not new. Default: {'; '.join(OUR_RECIPES)}",
    )
    return parser.parse_args()


def measure_all(options: argparse.Namespace, results: dict[str, Any], work: Path) -> None:
    """Measure what is missing, and save each result at once."""
    labels, images = work / "labels.csv", options.data / "images"
    snapshot, _ = snapshot_of_table(options.data / "labels.csv", images, task="classification")
    write_labels(labels, snapshot, options.photos, options.validation_photos, options.seed)
    settings = {
        "photos": hashlib.sha256(labels.read_bytes()).hexdigest()[:16],
        "set": options.data.resolve().name,
        "minutes": options.minutes,
        "seed": options.seed,
        **counts(labels),
        "machine": machine(),
    }
    if results.setdefault("settings", settings) != settings:
        sys.exit(f"{options.out} is of other photos, another limit or another machine. Choose another --out.")
    recipes = dict(text.split("=", 1) for text in options.ours or OUR_RECIPES)
    wanted = [*(OURS + name for name in recipes), *PEERS, STEP]
    if options.only:
        chosen = options.only.split(",")
        wanted = [
            n for n in wanted if n in chosen or n.removeprefix(OURS) in chosen or (OURS in n and "ours" in chosen)
        ]
    runs = results.setdefault("runs", {})
    missing = [name for name in wanted if options.again or name not in (runs | dict.fromkeys(results.keys() & {STEP}))]
    python = prepare(options, [name for name in missing if name in PEERS])
    warm_up(labels, images, python)
    for name in missing:
        print(f"{name}:", flush=True)
        place = work / name.replace(": ", "-")
        place.mkdir()
        if name == STEP:
            results[STEP] = measure_step(options, place)
        else:
            given = (
                our_run(recipes[name.removeprefix(OURS)], name, place, labels, images, options)
                if OURS in name
                else None
            )
            found = given or peer_run(python, name, place, labels, images, options)
            runs[name] = {"date": datetime.date.today().isoformat(), **found.as_json()}
            if found.exit not in (0, None):
                print("\n".join(found.last_lines), file=sys.stderr)
        part = options.out.with_suffix(".part")
        part.write_text(json.dumps(results, indent=1))
        part.replace(options.out)


def counts(labels: Path) -> dict[str, Any]:
    """Return how many photos there are, and the accuracy of always predicting the most frequent class."""
    rows = list(csv.DictReader(labels.open(encoding="utf-8")))
    val = Counter(row["label"] for row in rows if row["split"] == "val")
    return {
        "train": sum(row["split"] == "train" for row in rows),
        "val": val.total(),
        "classes": len({row["label"] for row in rows}),
        "chance": max(val.values()) / val.total(),
    }


def machine() -> dict[str, Any]:
    """Return the processor and what it can do."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(line.split("\t: ", 1) for line in info.splitlines() if "\t: " in line.replace("\t\t", "\t"))
    fields = {key.strip(): value for key, value in fields.items()}
    flags = set(fields.get("flags", "").split())
    name = fields.get("model name", platform.processor() or platform.machine())
    return {
        "processor": f"{name}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "can": [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if flag in flags],
        "python": platform.python_version(),
        "limited_to": os.environ.get("ONEDNN_MAX_CPU_ISA"),
    }


def prepare(options: argparse.Namespace, peers: list[str]) -> Path:
    """Make the peers' environment and weights if they are needed and missing; return its Python."""
    folder = options.env.resolve() / "venv"
    python = folder / "bin" / "python"
    if not peers:
        return python
    wanted = (SCRIPTS / "requirements.txt").read_text()
    mark = folder / "installed.txt"
    if not mark.exists() or mark.read_text() != wanted:
        print(f"installing the peers in {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        if not options.own_torch:
            # pip and Python see our packages behind the peers' own, so those that are the same are not installed twice.
            site = next((folder / "lib").glob("python*/site-packages"))
            ours = [path for path in sys.path if path.endswith("site-packages")]
            (site / "resnet_studio.pth").write_text("".join(f"{path}\n" for path in ours))
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", SCRIPTS / "requirements.txt"], check=True)
        mark.write_text(wanted)
    weights = options.env.resolve() / "weights"
    if not (weights / "weights.json").exists():
        print("writing the weights in every peer's form", flush=True)
        subprocess.run([python, SCRIPTS / "prepare_weights.py", WEIGHTS, weights], check=True)
    return python


def warm_up(labels: Path, images: Path, python: Path) -> None:
    """Read the photos and the libraries once, so that none of the runs is the one that finds them on a cold disk."""
    for row in csv.DictReader(labels.open(encoding="utf-8")):
        (images / row["filename"]).read_bytes()
    code = "import torch, torchvision, {}; torch.ones(2, 2) @ torch.ones(2, 2)"
    subprocess.run([sys.executable, "-c", code.format("accelerate, sklearn")], check=True, capture_output=True)
    if python.exists():
        more = "keras, fastai.vision.all, transformers, datasets"
        env = {**os.environ, "KERAS_BACKEND": "torch"}
        subprocess.run([python, "-c", code.format(more)], check=True, capture_output=True, env=env)


def show(point: Point) -> None:
    """Print a point as it comes."""
    took = "" if point.train_seconds is None else f", epoch {point.train_seconds:.1f} s"
    print(f"  {point.seconds:7.1f} s  {point.val_accuracy:.2%}  {point.part}{took}", flush=True)


def peer_run(python: Path, name: str, work: Path, labels: Path, images: Path, options: argparse.Namespace) -> Measured:
    """Run a peer's script."""
    script, *more = PEERS[name]
    weights, log = options.env.resolve() / "weights", work / "log.jsonl"
    given = {
        "labels": labels,
        "images": images.resolve(),
        "weights": weights,
        "work": work,
        "log": log,
        "seed": options.seed,
    }
    words = [word for key, value in given.items() for word in (f"--{key}", str(value))]

    def to_point(line: dict[str, Any], seconds: float) -> Point:
        del line["time"]
        return Point(seconds=seconds, **line)

    return measure(
        [str(python), str(SCRIPTS / script), *words, *more],
        log=work / "output.txt",
        cwd=work,
        limit=60 * options.minutes,
        follower=Follower(log, to_point),
        show=show,
        env={
            "HF_HOME": str(work / "hugging_face"),
            "KERAS_HOME": str(work / "keras"),
            "FASTAI_HOME": str(work / "fastai"),
        },
    )


def our_run(recipe: str, name: str, work: Path, labels: Path, images: Path, options: argparse.Namespace) -> Measured:
    """Train ours; a name with +kept trains once before in the same workspace."""
    words = [*SAME_WEIGHTS, "--seed", str(options.seed), *shlex.split(recipe)]
    if name.endswith(KEPT):
        before = train_ours(words, labels=labels, images=images, place=work, run="before")
        if before.exit != 0:
            return before
    return train_ours(words, labels=labels, images=images, place=work, limit=60 * options.minutes, show=show)


def measure_step(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Measure the full fine-tuning step with benchmarks/train_step.py."""
    command = [sys.executable, str(HERE / "train_step.py"), "--data", str(options.data.resolve())]
    done = measure([*command, "--json", str(work / "step.json")], log=work / "output.txt", cwd=ROOT)
    print("\n".join(done.last_lines))
    return {"load": done.load, "speeds": done.speeds, **json.loads((work / "step.json").read_text())}


def report(results: dict[str, Any]) -> str:
    """Return all tables in Markdown."""
    if "settings" not in results:
        return "Nothing has been measured yet."
    settings = results["settings"]
    dates = sorted({run["date"] for run in results.get("runs", {}).values()})
    days = " to ".join(dict.fromkeys([*dates[:1], *dates[-1:]]))
    runs = {
        name: Measured.from_json({key: value for key, value in run.items() if key != "date"})
        for name, run in results.get("runs", {}).items()
    }
    marks = [mark for mark in MARKS if mark <= settings["minutes"]] or [settings["minutes"]]
    comparison = Comparison(runs, settings["chance"], marks)
    host = settings["machine"]
    lines = [
        f"{settings['set']}: {settings['train']} training and {settings['val']} validation photos in "
        f"{settings['classes']} classes; at most {settings['minutes']:g} minutes each; {days}.",
        f"{host['processor']}, {host['cores']} cores ({', '.join(host['can'])})"
        + (f", limited to {host['limited_to']}." if host.get("limited_to") else "."),
    ]
    busy = [f"{name} ({run.load:.1f})" for name, run in runs.items() if run.load > BUSY]
    if busy:
        lines.append(f"The machine was busy when these began, so the figures are not to be used: {', '.join(busy)}.")
    speeds = {name: run.speeds for name, run in runs.items()} | {STEP: results.get(STEP, {}).get("speeds", [])}
    lines += slow_moments({name: some for name, some in speeds.items() if some})
    blocks = ["\n".join(lines), comparison.table(), comparison.epochs()]
    goals = comparison.goals()
    if STEP in results:
        step = results[STEP]
        rows = [["full fine-tuning step", "images/s", "times the tutorial's", "share of the GEMM peak"]]
        for name, figures in step["steps"].items():
            share = f"{figures['share_of_peak']:.0%} of {figures['peak_gflops']:,.0f} GFLOP/s"
            rows.append([name, f"{figures['images_per_second']:.1f}", f"{figures['ratio']:.2f}", share])
        blocks.append(markdown(rows))
    blocks.append("\n".join(f"- {line}" for line in goals))
    return "\n\n".join(blocks)


def slow_moments(speeds: dict[str, list[float]]) -> list[str]:
    """Say when the machine itself was slower than usual just before or after a run."""
    if not speeds:
        return []
    usual = statistics.median(speed for some in speeds.values() for speed in some)
    slow = {name: min(some) / usual for name, some in speeds.items() if min(some) < LEAST_SPEED * usual}
    if not slow:
        known = f"multiplied matrices at {usual:,.0f} GFLOP/s, and never at less than {LEAST_SPEED:.0%} of that"
        return [f"Just before and after the runs the machine {known}."]
    which = ", ".join(f"{name} ({share:.0%})" for name, share in slow.items())
    return [f"The machine was slower than usual at these, so measure them again with --again: {which}."]


if __name__ == "__main__":
    sys.exit(main())

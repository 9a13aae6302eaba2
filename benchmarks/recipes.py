"""Compares recipes over several seeds on several sets: accuracy on validation against seconds.

    python benchmarks/recipes.py --data DIR DIR --out recipes.jsonl --photos 500 \\
        --recipe "probe=--train head --optimizer logistic --views 2" --recipe layer4=layer4.yaml
    python benchmarks/recipes.py --out recipes.jsonl --table

A recipe is a name with options of ``python -m core train``, or with a YAML or JSON file for its --config. A set is a
folder with labels.csv and images/, or the path of another labels file beside images/; boxes are compared by mean IoU.
Every cell (set, recipe, seed) is one process, one after another; finished ones stay in --out, so a call that was
stopped goes on where it was. The test photos are left out. A seed draws the photos, if --photos asks for fewer, and
seeds the training, so recipes are compared pair by pair.
"""

import argparse
import json
import math
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scipy.special import stdtrit

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from our_training import SAME_WEIGHTS, train_ours, write_labels
from peer_table import markdown

from core.data.snapshot import Snapshot, snapshot_of_table

Cell = dict[str, Any]
FILES = (".yaml", ".yml", ".json")


def main() -> int:
    """Train what is missing in --out, and print the tables."""
    options = arguments()
    known = read_cells(options.out)
    failed = 0 if options.table else train_missing(options, known)
    print(tables(known))
    return int(failed > 0)


def arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, nargs="+", default=[], help="sets: folders, or labels files beside images/"
    )
    parser.add_argument("--recipe", action="append", default=[], metavar="NAME=OPTIONS|FILE", help="may be repeated")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument("--photos", type=int, help="how many training photos, drawn by class; default: all")
    parser.add_argument("--validation-photos", type=int, help="default: the same share as of the training photos")
    parser.add_argument(
        "--workspace", type=Path, help="one for all cells, with what they keep; default: a new one each"
    )
    parser.add_argument("--stop-after", type=float, metavar="MINUTES", help="start no cell after this time")
    parser.add_argument("--out", type=Path, default=Path("recipes.jsonl"))
    parser.add_argument("--table", action="store_true", help="train nothing")
    return parser.parse_args()


def read_cells(path: Path) -> list[Cell]:
    """Return the finished cells; a line that was cut off is ignored."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def train_missing(options: argparse.Namespace, known: list[Cell]) -> int:
    """Train the missing cells and append them to --out and ``known``; returns how many failed."""
    recipes = [text.split("=", 1) for text in options.recipe]
    if not recipes or not options.data or any(len(parts) < 2 for parts in recipes):
        sys.exit('Give sets with --data DIR and recipes with --recipe "NAME=OPTIONS".')
    if len({name for name, _ in recipes}) < len(recipes):
        sys.exit("Two recipes have the same name. Give each its own.")
    for name, recipe in recipes:
        if any(cell["recipe"] == name and cell["options"] != words_of(recipe) for cell in known):
            sys.exit(f"{options.out} has another recipe with the name {name}. Choose another name or another --out.")
    began, failed = time.monotonic(), 0
    sets = {name: snapshot_of_table(labels, images) for name, labels, images in map(named, options.data)}
    places = {name: images for name, _, images in map(named, options.data)}
    for seed in range(options.seeds):
        for chosen, (snapshot, _) in sets.items():
            for name, recipe in recipes:
                key = {
                    "set": chosen,
                    "recipe": name,
                    "options": words_of(recipe),
                    "seed": seed,
                    "photos": options.photos,
                    "validation_photos": options.validation_photos,
                    "kept": options.workspace is not None,
                }
                if any(key.items() <= cell.items() for cell in known):
                    continue
                if options.stop_after is not None and time.monotonic() - began > 60 * options.stop_after:
                    print("stopped; call it again for the rest")
                    return failed
                cell = train_cell(key, recipe, snapshot, places[chosen], options)
                failed += cell is None
                if cell is not None:
                    known.append(cell)
                    with options.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(cell) + "\n")
    return failed


def named(path: Path) -> tuple[str, Path, Path]:
    """Return a set's name, its labels and the folder of its photos."""
    labels = path / "labels.csv" if path.is_dir() else path
    folder = labels.resolve().parent
    name = folder.name if labels.name == "labels.csv" else f"{folder.name}/{labels.stem}"
    return name, labels, folder / "images"


def words_of(recipe: str) -> str:
    """Return what identifies a recipe: its options, or the content of its file."""
    return Path(recipe).read_text(encoding="utf-8") if recipe.endswith(FILES) else recipe


def train_cell(key: Cell, recipe: str, snapshot: Snapshot, images: Path, options: argparse.Namespace) -> Cell | None:
    """Train one recipe on one set with one seed; None if it failed, with the reason on standard error."""
    given = ["--config", str(Path(recipe).resolve())] if recipe.endswith(FILES) else shlex.split(recipe)
    with tempfile.TemporaryDirectory(prefix="recipes-") as folder:
        place = Path(folder)
        labels = place / "labels.csv"
        write_labels(labels, snapshot, options.photos, options.validation_photos, key["seed"])
        found = train_ours(
            [*SAME_WEIGHTS, "--task", snapshot.task, "--seed", str(key["seed"]), *given],
            labels=labels,
            images=images,
            place=place,
            workspace=options.workspace,
        )
        title = f"{key['set']}, {key['recipe']}, seed {key['seed']}"
        report = place / "run" / "report-val.json"
        if found.exit != 0 or not report.exists():
            print(f"{title}: exit {found.exit}\n" + "\n".join(found.last_lines), file=sys.stderr, flush=True)
            return None
        figures = json.loads(report.read_text())
    figure = figures["mean_iou"] if snapshot.task == "localization" else figures["accuracy"]
    first = next((point.seconds for point in found.points if point.kept), None)
    cell = {
        **key,
        "measure": "mean IoU" if snapshot.task == "localization" else "accuracy",
        "value": figure["value"],
        "n": figures["n"],
        "seconds": round(found.seconds, 2),
        "cpu_seconds": round(found.cpu_seconds, 2),
        "first_seconds": None if first is None else round(first, 2),
        "memory_mb": round(found.memory_mb),
        "load": found.load,
    }
    print(f"{title}: {cell['measure']} {cell['value']:.2%}, {cell['seconds']:.1f} s", flush=True)
    return cell


def tables(cells: list[Cell]) -> str:
    """Return a table for each set, and one over all sets."""
    if not cells:
        return "Nothing has been trained yet."
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells:
        size = "all" if cell["photos"] is None else f"{cell['photos']} training"
        groups.setdefault((cell["set"], size, cell["kept"]), []).append(cell)
    blocks = [
        set_table(f"{name}, {size} photos{', kept workspace' if kept else ''}", group)
        for (name, size, kept), group in groups.items()
    ]
    return "\n\n".join([*blocks, overall(groups.values())])


def set_table(title: str, cells: list[Cell]) -> str:
    """Return one set's table; differences are to the first recipe, pair by pair."""
    recipes = list(dict.fromkeys(cell["recipe"] for cell in cells))
    values = {name: {cell["seed"]: cell["value"] for cell in cells if cell["recipe"] == name} for name in recipes}
    head = f"{title}: {cells[0]['measure']} on {cells[0]['n']} validation photos"
    rows = [["recipe", "seeds", "mean", "95% interval", f"minus {recipes[0]}", "seconds", "first model", "CPU seconds"]]
    for name in recipes:
        mine = [cell for cell in cells if cell["recipe"] == name]
        pairs = [value - values[recipes[0]][s] for s, value in values[name].items() if s in values[recipes[0]]]
        firsts = [cell["first_seconds"] for cell in mine if cell["first_seconds"] is not None]
        rows.append(
            [
                name,
                str(len(mine)),
                f"{statistics.mean(values[name].values()):.1%}",
                interval(list(values[name].values())),
                ""
                if name == recipes[0] or not pairs
                else f"{statistics.mean(pairs):+.1%}, {interval(pairs, sign='+')}",
                f"{statistics.mean(cell['seconds'] for cell in mine):.1f}",
                f"{statistics.mean(firsts):.1f}" if firsts else "–",
                f"{statistics.mean(cell['cpu_seconds'] for cell in mine):.1f}",
            ]
        )
    return f"{head}\n\n{markdown(rows)}"


def overall(groups: Iterable[list[Cell]]) -> str:
    """Return the table over all sets: each counts once, whatever its size; mean IoU counts like accuracy."""
    sets = list(groups)
    recipes = list(dict.fromkeys(cell["recipe"] for cells in sets for cell in cells))
    rows = [["all sets", "sets", "mean of the sets' means", "geometric mean of the seconds"]]
    for name in recipes:
        mine = [[cell for cell in cells if cell["recipe"] == name] for cells in sets]
        mine = [cells for cells in mine if cells]
        means = [statistics.mean(cell["value"] for cell in cells) for cells in mine]
        seconds = [statistics.mean(cell["seconds"] for cell in cells) for cells in mine]
        rows.append(
            [name, str(len(mine)), f"{statistics.mean(means):.1%}", f"{statistics.geometric_mean(seconds):.1f}"]
        )
    return markdown(rows)


def interval(values: list[float], sign: str = "") -> str:
    """Return the 95 percent t interval of the mean over seeds."""
    if len(values) < 2:
        return "one seed"
    half = stdtrit(len(values) - 1, 0.975) * statistics.stdev(values) / math.sqrt(len(values))
    low, high = statistics.mean(values) - half, statistics.mean(values) + half
    if not sign:  # accuracies, not differences
        low, high = max(low, 0.0), min(high, 1.0)
    return f"{low:{sign}.1%} to {high:{sign}.1%}"


if __name__ == "__main__":
    sys.exit(main())

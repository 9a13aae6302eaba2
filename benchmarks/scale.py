"""Calculates what three large uses need of each part, from measured costs, and which part breaks first.

    python benchmarks/scale.py                          # the tables of docs/scale.md, from scale_costs.json
    python benchmarks/scale.py --measure costs.json     # measures the costs on this machine first: two minutes

Costs are measured on one core with few photos, and assumed to grow in proportion to photos, runs and people where the
code does one thing for each. What cannot be measured here (GPUs, networks, disks of a lab) is in ``ASSUMED``. The queue
of a class is simulated, training by training, with the rule of ``core.runs.queueing.queue``.
"""

import argparse
import json
import random
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

COSTS = Path(__file__).with_name("scale_costs.json")

ASSUMED: dict[str, float] = {
    # One A100 or newer, ResNet-50 at 224 pixels in bf16, channels_last: the order of NVIDIA's published figures.
    "gpu_photos_per_second": 2_800,
    "gpus_per_machine": 8,
    "cores_per_gpu": 8,
    "memory_gb_per_machine": 512,
    "network_gb_per_second": 25,  # 200 Gbit/s between machines
    "shared_disk_gb_per_second": 2,  # a good file server over 25 Gbit/s
    "photos_read_ahead_mb": 0.11,  # a photo of ImageNet as a JPEG
    "key_press_core_ms": 40,  # processor time of a key press with its suggestion, measured on a Xeon with one tab
    "session_mb": 15,
    "server_cores": 8,
    "server_memory_gb": 32,
    "pupil_training_seconds": 20,  # the head of ResNet-50 on 150 photos on two cores: measured on a Xeon in README
    "lesson_minutes": 45,
    "labels_a_minute": 12,
    "lab_cores": 64,
    "lab_memory_gb": 128,
    "lab_disk_tb": 10,
    "lab_photo_mb": 3,
}


@dataclass(frozen=True)
class Need:
    """What a use needs of one part, and what there is of it."""

    part: str
    need: float
    have: float
    unit: str
    how: str
    instead: str

    @property
    def share(self) -> float:
        return self.need / self.have


def main() -> None:
    """Measure if asked to, and print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=Path, metavar="FILE", help="measure the costs and write them to this file")
    parser.add_argument("--costs", type=Path, default=COSTS)
    options = parser.parse_args()
    if options.measure:
        from benchmarks.scale_measurements import measure

        options.measure.write_text(json.dumps(measure(), indent=2) + "\n", encoding="utf-8")
        options.costs = options.measure
    costs = json.loads(options.costs.read_text(encoding="utf-8"))
    for title, needs in (
        ("1.3 million photos on 64 GPUs", photos_on_gpus(costs)),
        ("A class of 300", class_of(300, costs)),
        ("A lab with a million photos", lab(1_000_000, costs)),
    ):
        print(f"### {title}\n")
        print_table(needs)
    print_waits()
    print()
    print_costs(costs)


# The three uses


def photos_on_gpus(costs: dict[str, float], photos: int = 1_300_000, gpus: int = 64) -> list[Need]:
    """ResNet-50, 90 epochs at 224 pixels, as ``torchrun`` on eight machines of eight GPUs."""
    a = ASSUMED
    rate = gpus * a["gpu_photos_per_second"]
    machines = gpus / a["gpus_per_machine"]
    copies = photos * costs["resized_copy_bytes"] / 1e12
    step_seconds = 64 / a["gpu_photos_per_second"]
    gradients_gb = 25.6e6 * 4 * 2 / 1e9 / step_seconds  # a ring passes each gradient about twice
    epoch_seconds = photos / rate
    return [
        Need(
            "shared disk, resized photos as they are kept now",
            rate * costs["resized_copy_bytes"] / 1e9,
            a["shared_disk_gb_per_second"],
            "GB/s",
            "photos a second x bytes of a copy",
            f"a copy on each machine's own disk ({copies:.2f} TB), or shards of JPEGs that are read in sequence",
        ),
        Need(
            "shared disk, the same as JPEGs in shards",
            rate * a["photos_read_ahead_mb"] / 1e3,
            a["shared_disk_gb_per_second"],
            "GB/s",
            "photos a second x bytes of a JPEG",
            "shards on each machine's own disk",
        ),
        Need(
            "cores that load and augment, from resized copies",
            rate * costs["load_copy_ms"] / 1e3,
            gpus * a["cores_per_gpu"],
            "cores",
            "photos a second x ms a photo",
            "decoding and augmentation on the GPU (torchvision, DALI)",
        ),
        Need(
            "cores that decode JPEGs each time",
            rate * costs["decode_ms"] / 1e3,
            gpus * a["cores_per_gpu"],
            "cores",
            "photos a second x ms a photo",
            "resized copies or decoding on the GPU",
        ),
        Need(
            "network for gradients, between machines",
            gradients_gb,
            a["network_gb_per_second"],
            "GB/s",
            "2 x 102 MB for each step of 64 photos a GPU",
            "gradients in bf16, or larger batches",
        ),
        Need(
            "memory for the table of photos, each of 8 processes",
            8 * photos * costs["snapshot_row_bytes"] / 1e9,
            a["memory_gb_per_machine"],
            "GB",
            "rows x bytes a row",
            "Parquet, read by column",
        ),
        Need(
            "minutes to read snapshot.csv at the start, against a run of 90 epochs",
            photos * costs["snapshot_read_us"] / 60e6,
            0.05 * 90 * epoch_seconds / 60,
            "minutes",
            "rows x microseconds a row; 5 % of the run would be acceptable",
            "Parquet",
        ),
        Need(
            "writing a checkpoint after each epoch",
            (25.6e6 * 4 * 3) / 1e9 / a["shared_disk_gb_per_second"],
            0.1 * epoch_seconds,
            "s",
            "307 MB; a tenth of an epoch would be acceptable",
            "a checkpoint every tenth epoch",
        ),
        Need(
            "progress of the run (status.json, metrics)",
            costs["status_write_ms"] / 1e3 * 3 * machines,
            machines,
            "cores",
            "three writes a second",
            "nothing",
        ),
    ]


def class_of(pupils: int, costs: dict[str, float]) -> list[Need]:
    """All label at once; each trains once in a lesson."""
    a = ASSUMED
    presses = pupils * a["labels_a_minute"] / 60
    trainings = pupils * a["pupil_training_seconds"]
    look = (costs["status_read_us"] * pupils + costs["turn_us_per_run"] * pupils) / 1e6
    return [
        Need(
            "one device that trains, each pupil once in a lesson",
            trainings / 60,
            a["lesson_minutes"],
            "minutes",
            "pupils x seconds a training",
            f"a Ray cluster with {trainings / 60 / a['lesson_minutes'] * 3:.0f} machines: see the waits below",
        ),
        Need(
            "waiting processes on the server, memory",
            pupils * costs["waiting_process_mb"] / 1e3,
            a["server_memory_gb"] / 2,
            "GB",
            "a process for each waiting run",
            "the cluster's dispatcher: one process for all",
        ),
        Need(
            "waiting processes that look whose turn it is",
            pupils * look / 2.4,
            a["server_cores"] / 4,
            "cores",
            "each looks at all runs every 2.4 s; a quarter of the cores would be acceptable",
            "the dispatcher looks once a second for all",
        ),
        Need(
            "the dispatcher's look at all runs",
            look,
            1,
            "cores",
            "once a second",
            "a table in the database",
        ),
        Need(
            "key presses: one Python process",
            presses * a["key_press_core_ms"] / 1e3,
            1,
            "cores",
            "the server runs in threads of one process: one core of Python",
            "several servers, each with classes of its own: SQLite files must not be shared over a network",
        ),
        Need(
            "writes of labels",
            presses * costs["label_ms"] / 1e3,
            1,
            "cores",
            "each pupil has a SQLite file of their own, so none waits for another",
            "nothing",
        ),
        Need(
            "open sessions, memory",
            pupils * a["session_mb"] / 1e3,
            a["server_memory_gb"] / 2,
            "GB",
            "megabytes a session",
            "several servers, each with classes of its own",
        ),
    ]


def lab(photos: int, costs: dict[str, float]) -> list[Need]:
    """One project of a million photos that ten people share, on a server with PostgreSQL."""
    a = ASSUMED
    return [
        Need(
            "importing the photos, one core, against a day",
            photos * costs["add_photo_ms"] / 3.6e6,
            24,
            "hours",
            "ms a photo",
            "several imports at once; writes wait for each other only shortly",
        ),
        Need(
            "features on one core, against a day",
            photos * costs["frozen_pass_ms"] / 3.6e6,
            24,
            "hours",
            "ResNet-50, ms a photo",
            "a GPU (a quarter of an hour), or Ray Data over the lab's machines",
        ),
        Need(
            "features on all cores of the lab, against a day",
            photos * costs["frozen_pass_ms"] / 3.6e6 / a["lab_cores"],
            24,
            "hours",
            "the same over 64 cores",
            "a GPU",
        ),
        Need(
            "photos on disk",
            photos * a["lab_photo_mb"] / 1e6,
            a["lab_disk_tb"],
            "TB",
            "megabytes a photo",
            "a larger disk",
        ),
        Need(
            "resized copies on disk",
            photos * costs["resized_copy_bytes"] / 1e12,
            a["lab_disk_tb"] / 4,
            "TB",
            "bytes a copy",
            "JPEG copies of 256 pixels",
        ),
        Need(
            "a page of photos, against 0.2 s",
            costs["page_ms"] / 1e3,
            0.2,
            "s",
            "an index finds it: the time hardly grows with photos",
            "nothing",
        ),
        Need(
            "counting a project's photos, against 0.2 s",
            photos * costs["count_us_per_photo"] / 1e6,
            0.2,
            "s",
            "microseconds a photo",
            "counters that each write keeps",
        ),
        Need(
            "freezing the snapshot of a run, against a minute",
            photos * costs["snapshot_make_us"] / 60e6,
            1,
            "minutes",
            "microseconds a photo",
            "Parquet, and only what has changed since the last one",
        ),
        Need(
            "kept features in memory for a refit of suggestions",
            photos * 2048 * 4 / 1e9,
            a["lab_memory_gb"] / 4,
            "GB",
            "2048 float32 a photo",
            "float16, or a sample of 100,000 photos",
        ),
        Need(
            "reading all rows of the project at once, memory",
            photos * costs["row_bytes"] / 1e9,
            a["lab_memory_gb"] / 8,
            "GB",
            "bytes a row, for each tab that does",
            "pages read by key",
        ),
    ]


# The queue of a class


def waits(machines: int, pupils: int, seconds: float, within: float, seed: int = 0) -> list[float]:
    """Simulate a lesson: each pupil starts two trainings at random; return the seconds that each waits."""
    drawn = random.Random(seed)
    asked = sorted((drawn.uniform(0, within), pupil) for pupil in range(pupils) for _ in range(2))
    free = [0.0] * machines
    served = dict.fromkeys(range(pupils), -1.0)
    waiting: list[tuple[float, int]] = []
    found, moment = [], 0.0
    while asked or waiting:
        machine = min(range(machines), key=free.__getitem__)
        moment = max(moment, free[machine], asked[0][0] if not waiting else 0.0)
        while asked and asked[0][0] <= moment:
            waiting.append(asked.pop(0))
        next_one = min(waiting, key=lambda one: (served[one[1]], one[0]))  # the rule of core.runs.queueing.queue
        waiting.remove(next_one)
        served[next_one[1]] = moment
        found.append(moment - next_one[0])
        free[machine] = moment + seconds
    return found


def print_waits() -> None:
    a = ASSUMED
    print("### Waits in a lesson: 300 pupils, two trainings each in 45 minutes\n")
    print("| machines | median wait | 95th percentile | longest |\n|---|---|---|---|")
    for machines in (1, 2, 4, 8, 16):
        found = sorted(waits(machines, 300, a["pupil_training_seconds"], a["lesson_minutes"] * 60))
        marks = (statistics.median(found), found[int(0.95 * len(found))], found[-1])
        print(f"| {machines} | " + " | ".join(f"{mark / 60:.1f} min" for mark in marks) + " |")


def _rounded(number: float) -> str:
    """Return three digits, without an exponent."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def print_costs(costs: dict[str, float | str]) -> None:
    print("### The costs\n")
    measured = [f"{name} {value:g}" for name, value in costs.items() if not isinstance(value, str)]
    print(f"Measured on one core of {costs['processor']}, {costs['date']}: {', '.join(measured)}.\n")
    print(f"Assumed: {', '.join(f'{name} {value:g}' for name, value in ASSUMED.items())}.")


def print_table(needs: list[Need]) -> None:
    needs = sorted(needs, key=lambda need: -need.share)
    print("| part | needs | has | share | how | what replaces it |\n|---|---|---|---|---|---|")
    for one in needs:
        amounts = f"{_rounded(one.need)} {one.unit} | {_rounded(one.have)} {one.unit} | {one.share:,.2f}"
        print(f"| {one.part} | {amounts} | {one.how} | {one.instead if one.share > 0.5 else '-'} |")
    first = needs[0]
    verdict = f"breaks first, by a factor of {first.share:.1f}" if first.share > 1 else "comes closest to its limit"
    print(f"\nFirst: *{first.part}* {verdict}.\n")


if __name__ == "__main__":
    main()

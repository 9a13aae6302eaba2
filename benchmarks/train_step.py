"""Measures our full fine-tuning step against that of the PyTorch transfer-learning tutorial, alternating in one run.

    python benchmarks/train_step.py --at-least 3
    python benchmarks/train_step.py --data DIR        # a folder with labels.csv and images/; otherwise noise is used

Both train all layers of a ResNet-50 at 224 pixels with SGD on the same photos in the same batches, each in its own
process, as in real use. The tutorial's step (https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html,
"Finetuning the ConvNet") uses torchvision's network in fp32 and the default memory format, with floats from ToTensor.
Ours is the code that ``fit`` runs: photos as bytes, normalised on the device, channels_last, in the precision that
suits the device best. Data loading is excluded from both. They alternate, so that a busy machine slows both equally;
the result is the ratio of the medians.

The expected ratio depends on the processor, so its own ratio is measured too: how much faster it multiplies large
matrices in bf16 than in fp32. A Zen 4, whose AVX512-bf16 is 2.2 times as fast as its fp32, gives 2.6 to 2.8; processors
with 4 or more (AMX, Zen 5) give 3 and above; without bf16 in hardware it is about 1. Where ours computes in bf16, it is
measured in fp32, too. The share of the peak is what a step's convolutions compute, divided by what the processor would
multiply in that time in large matrices. ``--profile auto`` prints where the time of our steps goes instead.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.data.dataset import Photos
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import snapshot_of_table
from core.models.resnet import build
from core.training.batch_loading import Batch, LoadedBatch
from core.training.device import accelerator_for, description, keep_freed_memory
from core.training.loop import train_step
from core.training.network import FineTuned, parameter_groups, phases
from core.training.objectives import ClassObjective
from core.training.recipe import Recipe
from core.training.techniques.optimizers import make_optimizer

BATCH_SIZE = 16
CLASSES = 2
BATCHES = 4

Step = Callable[[int], float]


def batches_of(data: Path | None) -> list[tuple[Tensor, Tensor]]:
    """Return a few batches of views, uint8 [16, 3, 224, 224], with labels."""
    if data is None:
        random = np.random.default_rng(0)
        noise = random.integers(0, 256, (BATCHES, BATCH_SIZE, 224, 224, 3), dtype=np.uint8)
        labels = random.integers(0, CLASSES, (BATCHES, BATCH_SIZE))
        return [
            (torch.from_numpy(x).permute(0, 3, 1, 2), torch.from_numpy(y)) for x, y in zip(noise, labels, strict=True)
        ]
    snapshot, _ = snapshot_of_table(data / "labels.csv", data / "images")
    with tempfile.TemporaryDirectory() as folder:
        photos = Photos(snapshot.frame, snapshot.classes, ResizedCache(Path(folder), Preprocessing()))
        needed = [i % len(photos) for i in range(BATCHES * BATCH_SIZE)]
        chunks = [photos.batch(needed[i : i + BATCH_SIZE]) for i in range(0, len(needed), BATCH_SIZE)]
    return [(images, labels % CLASSES) for images, labels in chunks]


def our_step(batches: list[tuple[Tensor, Tensor]], precision: str = "auto") -> tuple[Step, torch.device, str]:
    keep_freed_memory()
    recipe = Recipe.checked(train="all", optimizer="sgd", batch_size=BATCH_SIZE, precision=precision)
    accelerator = accelerator_for(recipe)
    model = build("resnet50", CLASSES).to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    (phase,) = phases(recipe)
    network = FineTuned(model, tuple(phase.rates))
    optimizer = make_optimizer(
        recipe.optimizer, parameter_groups(model, phase, recipe.weight_decay), accelerator.device
    )
    network, optimizer = accelerator.prepare(network, optimizer)
    for group in optimizer.param_groups:
        group["lr"] = 1e-3
    objective, preprocessing = ClassObjective(0.0, None), Preprocessing()
    batch = Batch("train", 1, tuple(range(BATCH_SIZE)), BATCH_SIZE)
    loaded = [LoadedBatch(batch, images, (labels,)) for images, labels in batches]

    def step(number: int) -> float:
        return train_step(accelerator, network, optimizer, objective, preprocessing, loaded[number % len(loaded)]).loss

    return step, accelerator.device, description(accelerator)


def tutorial_step(batches: list[tuple[Tensor, Tensor]]) -> tuple[Step, torch.device, str]:
    device = accelerator_for(Recipe()).device
    model = torchvision.models.resnet50(weights=None)
    model.fc = nn.Linear(model.fc.in_features, CLASSES)
    model = model.to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    preprocessing = Preprocessing()
    loaded = [(preprocessing.normalise(images.contiguous()).contiguous(), labels) for images, labels in batches]
    model.train()

    def step(number: int) -> float:
        inputs, labels = (tensor.to(device) for tensor in loaded[number % len(loaded)])
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step, device, f"The tutorial computes on {device.type} in fp32."


STEPS = {"ours": our_step, "ours fp32": lambda batches: our_step(batches, "fp32"), "tutorial": tutorial_step}


def worker(name: str, data: Path | None, line: Connection) -> None:
    """Run in its own process: build the step, then reply to each number received with the step's seconds."""
    torch.manual_seed(0)
    step, device, told = STEPS[name](batches_of(data))
    wait = torch.get_device_module(device).synchronize if device.type != "cpu" else lambda: None
    line.send(told)
    while (number := line.recv()) is not None:
        began = time.perf_counter()
        step(number)
        wait()
        line.send(time.perf_counter() - began)


def peaks(side: int = 2048) -> dict[str, float]:
    """Return how many GFLOP a second the processor computes in products of [side, side] matrices; best of ten each."""
    found = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        a, b = torch.randn(2, side, side).to(dtype)
        a @ b
        taken = []
        for _ in range(10):
            began = time.perf_counter()
            a @ b
            taken.append(time.perf_counter() - began)
        found[name] = 2 * side**3 / min(taken) / 1e9
    return found


def work_of_a_photo() -> float:
    """Return the GFLOP of a step for one photo: all convolutions, forwards and backwards."""
    with torch.device("meta"):
        model = build("resnet50", CLASSES)
        images = torch.empty(BATCH_SIZE, 3, 224, 224)
    with FlopCounterMode(display=False) as counter:
        model(images).sum().backward()
    return counter.get_total_flops() / BATCH_SIZE / 1e9


def profile(data: Path | None, precision: str) -> str:
    """Return a table of where the time of our steps goes, by torch's profiler, in a process that does nothing else."""
    step, _, told = our_step(batches_of(data), precision)
    for number in range(2):
        step(number)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
        for number in range(3):
            step(number)
    return f"{told}\n" + found.key_averages().table(
        sort_by="self_cpu_time_total", row_limit=18, max_name_column_width=45
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with labels.csv and images/")
    parser.add_argument("--steps", type=int, default=6, help="timed steps of each")
    parser.add_argument("--at-least", type=float, help="exit with 1 if the ratio is below this")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--profile", choices=("auto", "fp32", "bf16"), help="print where the time of our steps goes")
    options = parser.parse_args()
    if options.profile:
        print(profile(options.data, options.profile))
        return 0
    peak = peaks()
    print(f"the processor multiplies bf16 {peak['bf16'] / peak['fp32']:.2f} times as fast as fp32")
    spawn = multiprocessing.get_context("spawn")
    lines: dict[str, Connection] = {}
    precisions = {"tutorial": "fp32"}
    for name in STEPS:
        if name == "ours fp32" and precisions["ours"] == "fp32":
            continue
        lines[name], theirs = spawn.Pipe()
        spawn.Process(target=worker, args=(name, options.data, theirs), daemon=True).start()
        told = lines[name].recv()
        print(told)
        precisions.setdefault(name, "bf16" if "bf16" in told else "fp32")
    seconds: dict[str, list[float]] = {name: [] for name in lines}
    for number in range(options.steps + 2):
        for name, line in lines.items():
            line.send(number)
            taken = line.recv()
            if number >= 2:  # the first ones warm up
                seconds[name].append(taken)
    for line in lines.values():
        line.send(None)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    work, figures = work_of_a_photo(), {}
    for name, median in medians.items():
        spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f}"
        speed, limit = BATCH_SIZE / median, peak[precisions[name]]
        figures[name] = {
            "precision": precisions[name],
            "images_per_second": speed,
            "ratio": medians["tutorial"] / median,
            "peak_gflops": limit,
            "share_of_peak": speed * work / limit,
        }
        share = f"{speed * work / limit:.0%} of the {limit:,.0f} GFLOP/s of large {precisions[name]} matrices"
        print(f"{name:9} {speed:7.1f} images per second   ({median:.2f} s per step, {spread}), {share}")
    if options.json:
        options.json.write_text(json.dumps({"gflop_per_image": work, "batch_size": BATCH_SIZE, "steps": figures}))
    ratio = medians["tutorial"] / medians["ours"]
    print(f"ratio     {ratio:7.2f}")
    if options.at_least is not None and ratio < options.at_least:
        print(f"below {options.at_least:g}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

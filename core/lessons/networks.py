"""A network for a lesson: with the weights that are on disk, or else with random ones, and which of the two."""

from typing import TYPE_CHECKING

import torch

from core.data.pictures.transforms import Preprocessing
from core.inspection.predicting.predictor import Predictor
from core.models.resnet import build
from core.models.weights import fetch

if TYPE_CHECKING:
    from core.models.weights_table import WeightsEntry

RANDOM_CLASSES = 10


def predictor_of(arch: str, entry: "WeightsEntry | None", seed: int = 0) -> Predictor:
    """An architecture on the CPU with these weights, which are on disk already; with random ones for None.

    Weights may need another form of the network than the one asked for (`WeightsEntry.needs`): its `arch` says which.
    Random weights are drawn from the seed alone, and the classes then are numbers. Raises UnknownArchitecture.
    """
    if entry is None:
        # Drawn with a seed, so that each visitor sees the same maps; the global random state stays untouched.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = build(arch, RANDOM_CLASSES)
        classes = [f"class {number}" for number in range(1, RANDOM_CLASSES + 1)]
        return Predictor(network, Preprocessing(), classes, name="random weights", arch=arch)
    found = fetch(arch, entry.name, entry.source)
    with torch.device("meta"):
        network = build(found.arch, len(found.classes))
    network.load_state_dict(found.state, assign=True)
    preprocessing = Preprocessing.model_validate(found.preprocessing)
    return Predictor(network, preprocessing, found.classes, name=entry.key, arch=found.arch)

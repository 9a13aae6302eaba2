"""Load the network of a lesson: with pretrained weights from disk, or with random ones."""

from typing import TYPE_CHECKING

import torch

from core.data.pictures.transforms import Preprocessing
from core.inspection.predicting.predictor import Predictor
from core.models.resnet import build
from core.models.weights import fetch

if TYPE_CHECKING:
    from core.models.weights_table import WeightsEntry

RANDOM_CLASSES = 10


def load_lesson_predictor(arch: str, entry: "WeightsEntry | None", seed: int = 0) -> Predictor:
    """Load an architecture on the CPU with these weights, which must be on disk; with random ones for None.

    Weights may need a variant of the architecture (`WeightsEntry.needs`); the predictor's `arch` names it. Random
    weights depend on the seed only, and their classes are numbered. Raises UnknownArchitecture.
    """
    if entry is None:
        # Seeded, so that every visitor sees the same feature maps; the global random state stays untouched.
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

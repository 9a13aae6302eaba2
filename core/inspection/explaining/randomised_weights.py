"""The same heatmap of networks with random weights: a map that stays as it was says nothing about what was learned.

Follows Adebayo et al. 2018, "Sanity checks for saliency maps" (arXiv 1810.03292): the weights are replaced by new
random ones from the head downwards, a stage more at each step. The similarity is Spearman's rank correlation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from core.inspection.explaining.baseline_maps import rank_correlation
from core.inspection.explaining.cam import heatmap_of
from core.inspection.explaining.methods import BOX, METHODS
from core.models.heads import Localizer
from core.progress import CountCallback

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.predicting.predictor import Predictor
    from core.models.resnet import ResNet

STEPS: dict[str, tuple[str, ...]] = {
    "head": ("fc.", "box."),
    "layer4": ("layer4.",),
    "layer3": ("layer3.",),
    "all": ("",),
}
"""What each step replaces beside what the steps before it have replaced: the beginnings of the weights' names."""

DRAWS = 3
"""Networks with other random weights at each step: one alone may resemble the trained one by chance."""


@dataclass(frozen=True)
class RandomisedMap:
    """The heatmap after a step of STEPS, float32 [H, W], and how similar it is to that of the trained network."""

    step: str
    heatmap: np.ndarray = field(repr=False)
    similarity: float | None
    """The mean over all draws with a map; None if none has one."""


def randomised_maps(
    predictor: "Predictor", explanation: "Explanation", progress: CountCallback | None = None
) -> list[RandomisedMap]:
    """Return the heatmap of an explanation after each step; the picture of the first draw that has a map."""
    draws = 1 if METHODS[explanation.method].slow else DRAWS
    batch = predictor.batch_of_views([explanation.view])
    found = []
    for place, step in enumerate(STEPS):
        maps = []
        for seed in range(draws):
            if progress:
                progress(place * draws + seed, len(STEPS) * draws)
            maps.append(
                heatmap_of(
                    with_random_weights(predictor.network, step, seed),
                    batch,
                    method=explanation.method,
                    stage=explanation.stage,
                    target=BOX if explanation.target_index is None else explanation.target_index,
                ).values
            )
        similar = [rank_correlation(explanation.heatmap, one) for one in maps]
        known = [one for one in similar if one is not None]
        shown = next((one for one in maps if one.any()), maps[0])
        found.append(RandomisedMap(step, shown, float(np.mean(known)) if known else None))
    return found


def with_random_weights(network: "ResNet", step: str, seed: int) -> "ResNet":
    """Return a copy of a network in which the weights of this step, and of those before it, are random.

    They are drawn as for a training from nothing; the global random state does not change. In evaluation mode.
    """
    like = next(network.parameters())
    # Drawn on the CPU, so that one seed gives one network on every device.
    with torch.device("cpu"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = type(network)(network.config, network.fc.out_features)
        if isinstance(made, Localizer):  # an untrained one begins with votes of zero, and has no map at all
            nn.init.normal_(made.box.votes.weight, std=0.01)
    names = tuple(_replaced(step))
    trained = network.state_dict()
    state = {name: new if name.startswith(names) else trained[name] for name, new in made.state_dict().items()}
    made.load_state_dict(state)
    return made.to(like.device).to(memory_format=torch.channels_last).eval().requires_grad_(False)


def _replaced(step: str) -> Iterator[str]:
    for name, beginnings in STEPS.items():
        yield from beginnings
        if name == step:
            return

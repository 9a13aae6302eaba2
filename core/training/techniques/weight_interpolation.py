"""Weights between two states of a network, the share chosen on the validation photos (WiSE-FT)."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.progress import Progress
from core.training.metrics import Tally
from core.training.techniques.refinement_outcome import SHARES


@dataclass(frozen=True)
class Interpolation:
    """What a network was set to, and how each share did on the validation photos."""

    share: float
    """0 is the state before, 1 the state after."""
    tallies: dict[float, Tally]


def choose_interpolation(
    network: nn.Module,
    before: Mapping[str, Tensor],
    evaluate: Callable[[], Generator[Progress, None, Tally]],
    shares: Sequence[float] = SHARES,
    score: Callable[[Tally], float] = lambda tally: tally.accuracy,
) -> Generator[Progress, None, Interpolation]:
    """Set a network to the best weights on the line between ``before`` and its own; yields progress.

    ``before`` is an earlier state dict of the network, such as that after the head-only phase of a staged training.
    ``evaluate`` yields its progress and returns the network's tally on the validation photos. The share with the
    highest score is chosen, then the one with the lowest loss, then the largest. If it fails or is closed early, the
    network has its own weights again. Wortsman et al. 2021, arXiv 2109.01903: the mean of a tuned network and the one
    before is often more accurate than both, and less sensitive to photos of another kind.
    """
    after = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
    tallies: dict[float, Tally] = {}
    chosen = False
    try:
        for share in shares:
            network.load_state_dict(interpolated(before, after, share))
            tallies[share] = yield from evaluate()
        best = max(tallies, key=lambda share: (score(tallies[share]), -tallies[share].loss, share))
        network.load_state_dict(interpolated(before, after, best))
        chosen = True
    finally:
        if not chosen:
            network.load_state_dict(after)
    return Interpolation(best, tallies)


def interpolated(before: Mapping[str, Tensor], after: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return the state with ``share`` of ``after``; whole numbers, such as counts of batches, are those of ``after``.

    BatchNorm's statistics are interpolated too. Both ends are exact to the bit.
    """
    if share in (0.0, 1.0):
        end = after if share else before
        return {name: tensor.clone() for name, tensor in end.items()}
    return {
        name: torch.lerp(before[name].to(tensor.device), tensor, share)
        if tensor.is_floating_point()
        else tensor.clone()
        for name, tensor in after.items()
    }

"""Where a heatmap is exact: each place shows what it adds to the class score; elsewhere it is an approximation.

With global average pooling and a linear classifier, the logit of a class is its bias plus one value for each place of
the last feature maps: the place's features times the weights of the class, divided by the number of places. CAM (Zhou
et al. 2016, arXiv 1512.04150) is this map. The gradient of the logit is the same at every place then, so Grad-CAM,
XGrad-CAM and HiResCAM are this map too.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.inspection.explaining.methods import METHODS, STAGES

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.resnet import ResNet

EXACT_METHODS = ("gradcam", "xgradcam", "hirescam")
"""The methods that give the exact map at the last stage."""


@dataclass(frozen=True)
class Exactness:
    """Whether a heatmap is exact; then the logit is ``bias + supporting + opposing``, summed over all places."""

    reason: str = ""
    """Why it is an approximation, as a sentence; empty if it is exact."""
    logit: float = 0.0
    bias: float = 0.0
    supporting: float = 0.0
    """The sum of the places that raise the score: what the heatmap shows."""
    opposing: float = 0.0
    """The sum of the places that lower it; the heatmap hides them."""

    @property
    def exact(self) -> bool:
        return not self.reason

    @property
    def sentence(self) -> str:
        if self.reason:
            return f"This map is an approximation. {self.reason}"
        against = _number(-abs(self.opposing))
        hidden = f"hides the {against} against it" if against != _number(0) else "nothing counts against it"
        return (
            f"This map is exact: each place shows what it adds to the class score. All places add up to "
            f"{_number(self.supporting + self.opposing)}, the logit {_number(self.logit)} minus the bias "
            f"{_number(self.bias)}. The map shows the +{self.supporting:.2f} for the class, and {hidden}."
        )


def exactness_of(
    network: "ResNet", features: "Tensor", *, stage: str, method: str, target: int, logit: float, of_box: bool = False
) -> Exactness:
    """Return whether a method's map at a stage is exact, and the sums that show it.

    ``features`` are the stage's maps [1, C, h, w] and ``logit`` the score of the class ``target`` for this photo.
    """
    if reason := _reason(network, stage, method, of_box):
        return Exactness(reason)
    added = contributions(network, features, target)
    return Exactness(
        logit=logit,
        bias=float(network.fc.bias[target].detach()),
        supporting=float(added.clamp(min=0).sum()),
        opposing=float(added.clamp(max=0).sum()),
    )


def contributions(network: "ResNet", features: "Tensor", target: int) -> "Tensor":
    """The last feature maps [1, C, h, w] -> what each place adds to the logit of a class [h, w], float64.

    Only for a classifier that takes the last stage alone: there, they add up to the logit minus the bias.
    """
    _, _, height, width = features.shape
    weights = network.fc.weight[target].detach().double()
    return (weights[:, None, None] * features[0].detach().double()).sum(0) / (height * width)


def _reason(network: "ResNet", stage: str, method: str, of_box: bool) -> str:
    """Return why a map is an approximation, as a sentence; an empty text if it is exact."""
    if of_box:
        return "The position of a box is no sum over places, so no map of it is exact."
    if network.config.head == "stages":
        return "The classifier of this model also takes earlier stages, and scales them; no single map shows that."
    if any([*network.get_submodule(later).children()] for later in STAGES[STAGES.index(stage) + 1 :]):
        return f"The layers after {stage} mix the places. At the last stage, {_exact_methods()} are exact."
    if method not in EXACT_METHODS:
        return (
            f"{METHODS[method].label} weights the places in its own way. At this stage, {_exact_methods()} are exact."
        )
    return ""


def _exact_methods() -> str:
    names = [METHODS[name].label for name in EXACT_METHODS]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _number(value: float) -> str:
    """Format a number with a true minus sign, and none before a zero."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")

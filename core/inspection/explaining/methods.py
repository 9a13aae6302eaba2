"""The heatmap methods by name, for menus and help texts; importing it costs nothing."""

from dataclasses import dataclass
from enum import Enum


class Target(Enum):
    """What a heatmap may be about that is no class."""

    BOX = "what makes the box that a localization's network finds"


BOX = Target.BOX

STAGES = ("layer1", "layer2", "layer3", "layer4")


@dataclass(frozen=True)
class MethodInfo:
    """What a person needs to choose a method."""

    label: str
    sentence: str
    needs_gradients: bool
    by_class: bool = True
    slow: bool = False


METHODS: dict[str, MethodInfo] = {
    "gradcam": MethodInfo(
        "Grad-CAM",
        "Adds up the feature maps, each weighted by how much it raises the score on average. The usual first look.",
        needs_gradients=True,
    ),
    "gradcam++": MethodInfo(
        "Grad-CAM++",
        "Like Grad-CAM, but weights the places that raise the class more. Shows several objects of a class better.",
        needs_gradients=True,
    ),
    "xgradcam": MethodInfo(
        "XGrad-CAM",
        "Like Grad-CAM, with weights scaled by where each feature map is active.",
        needs_gradients=True,
    ),
    "hirescam": MethodInfo(
        "HiResCAM",
        "Multiplies every feature by its own gradient, without averaging. At layer4 it shows just what the class score "
        "is made of.",
        needs_gradients=True,
    ),
    "layercam": MethodInfo(
        "LayerCAM",
        "Weights every place by its own positive gradient. Gives finer maps at the earlier stages.",
        needs_gradients=True,
    ),
    "eigencam": MethodInfo(
        "Eigen-CAM",
        "Shows the strongest pattern in the feature maps. It does not depend on the class you choose.",
        needs_gradients=False,
        by_class=False,
    ),
    "scorecam": MethodInfo(
        "Score-CAM",
        "Shows the network the photo through each of its most varied feature maps, and weights them by the score "
        "that is left. Needs no gradients, but takes many forward passes.",
        needs_gradients=False,
        slow=True,
    ),
}

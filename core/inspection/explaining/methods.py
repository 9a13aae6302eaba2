"""The heatmap methods by name, for menus and help texts; importing this module is cheap."""

from dataclasses import dataclass
from enum import Enum


class Target(Enum):
    """A heatmap's target that is not a class."""

    BOX = "the predicted box of a localization model"


BOX = Target.BOX

STAGES = ("layer1", "layer2", "layer3", "layer4")


@dataclass(frozen=True)
class MethodInfo:
    """The description of a method, for choosing one."""

    label: str
    sentence: str
    needs_gradients: bool
    by_class: bool = True
    slow: bool = False


METHODS: dict[str, MethodInfo] = {
    "gradcam": MethodInfo(
        "Grad-CAM",
        "Adds up the feature maps, each weighted by how much it raises the class score on average. "
        "The usual first choice.",
        needs_gradients=True,
    ),
    "gradcam++": MethodInfo(
        "Grad-CAM++",
        "Like Grad-CAM, but gives more weight to places that raise the class score. "
        "Better for several objects of a class.",
        needs_gradients=True,
    ),
    "xgradcam": MethodInfo(
        "XGrad-CAM",
        "Like Grad-CAM, with weights scaled by where each feature map is active.",
        needs_gradients=True,
    ),
    "hirescam": MethodInfo(
        "HiResCAM",
        "Multiplies every feature by its own gradient, without averaging. At layer4 each place has exactly its own "
        "contribution to the class score; the heatmap shows the positive ones.",
        needs_gradients=True,
    ),
    "layercam": MethodInfo(
        "LayerCAM",
        "Weights every place by its own positive gradient. Gives finer heatmaps at the earlier stages.",
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
        "Masks the photo with each of the most varied feature maps, and weights the maps by the resulting class score. "
        "Needs no gradients, but many forward passes.",
        needs_gradients=False,
        slow=True,
    ),
}

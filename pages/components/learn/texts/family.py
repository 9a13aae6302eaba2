"""Texts of the lesson on the ResNet family."""

from pages.components.learn.lesson_question import Choice
from pages.components.learn.level_text import LevelText

INTRODUCTION = LevelText(
    "All these networks run the same code with different settings: more layers, wider layers or additional parts. Each "
    "point is a network that somebody trained on ImageNet. Higher means more accurate: how often its first guess among "
    "1,000 classes is correct. Further right means more work for one photo. The larger the point, the more numbers the "
    "network has learned. Different people trained them in different ways, so the design does not explain every "
    "difference.",
    "All these networks run the same code with different settings. Each point is a network with published weights: its "
    "*top-1 accuracy* on ImageNet's 50,000 validation images (single centre crop) against its cost. A convolution "
    r"costs $k^2\,C_\text{in}\,C_\text{out}\,H\,W/g$ multiply-adds, with $g$ groups and an output of $H \times W$. The "
    "area of a point shows its number of parameters. Published accuracies come from different training runs, so the "
    "architecture does not explain every difference.",
)
IDEAS = {
    "Depth": LevelText(
        "More blocks in a row. From 50 layers on, each block is a *bottleneck*: it first reduces the number of "
        "channels, works on few, and restores them. That saves work.",
        "More blocks per stage. From 50 layers on, each block is a bottleneck: three convolutions, of which the 3 × 3 "
        "works on a quarter of the block's output channels (He et al. 2015, arXiv 1512.03385).",
    ),
    "V1 or V2 weights": LevelText(
        "The same network, trained twice. For V2, torchvision's team trained longer and changed the photos more in "
        "training. The network itself is the same.",
        "The same network with different weights. V2 is torchvision's second training recipe: longer, with label "
        "smoothing, mixup, cutmix, random erasing and a running average of the weights.",
    ),
    "v1 or v1.5 strides": LevelText(
        "Some blocks halve the picture by skipping every second pixel. In v1, as in the first paper, a layer does this "
        "that looks at single pixels, so three of four pixels are never seen. In v1.5 a layer with a 3 × 3 window does "
        "it, and sees them all.",
        "v1, as in the paper, has the stride of 2 in a block's first 1 × 1 convolution, which skips three of four "
        "pixels. v1.5 has it in the 3 × 3 convolution, which sees them all: equally many parameters, a few more "
        "multiply-adds.",
    ),
    "Pre-activation": LevelText(
        "The same parts in another order: each block first normalises its input and removes negative values, then "
        "computes. Nothing happens after the addition, so the path around the blocks stays free.",
        "BatchNorm and ReLU come before each convolution and nothing after the addition (He et al. 2016, arXiv "
        "1603.05027). Along identity skip connections x passes unchanged, with no ReLU on its path.",
    ),
    "SE": LevelText(
        "*Squeeze-and-excitation*: at its end each block looks at the whole photo and decides which of its channels "
        "matter here. These become stronger, the others weaker.",
        "Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507): each block ends by weighting its channels. Two "
        "small layers compute the weights from the channels' means over the whole photo.",
    ),
    "ResNeXt": LevelText(
        "The 3 × 3 layer is divided into 32 groups that work side by side and do not see each other. That saves work, "
        "and the saving is spent on more channels.",
        "The 3 × 3 convolution is split into 32 groups that do not see each other's channels, and has more channels "
        "in return (Xie et al. 2017, arXiv 1611.05431).",
    ),
    "Wide": LevelText(
        "Not more layers, but wider ones: twice as many channels in the 3 × 3 layer of each block.",
        "The same number of layers, with twice as many channels in each block's 3 × 3 convolution (Zagoruyko and "
        "Komodakis 2016, arXiv 1605.07146).",
    ),
}
QUESTION = "Compare the V1 and V2 weights of ResNet-50. Where is the point of the V2 weights?"
CHOICES = (
    Choice(
        "To the right and higher: V2 is a larger network",
        "It is higher, but is it further right? Choose “V1 or V2 weights” and look at the line between the two points. "
        "The table below lists the parameters of both.",
    ),
    Choice(
        "Straight above: the network is the same, only the training differs",
        "Parameters, multiply-adds and speed are the same, so the point moves straight up, by more than four "
        "percentage points of accuracy. How a network is trained can matter as much as its architecture.",
        correct=True,
    ),
    Choice(
        "To the left and higher: V2 needs fewer multiply-adds",
        "A network with the same layers needs the same multiply-adds, whatever its weights are. Read the multiply-adds "
        "of both rows of ResNet-50 in the table below.",
    ),
    Choice(
        "At the same height: the weights are only stored differently",
        "Then both would make the same predictions. Compare the published top-1 of the two rows of ResNet-50 in the "
        "table below.",
    ),
)

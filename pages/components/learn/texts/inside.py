"""Texts of the lesson on the inside of a network."""

from pages.components.learn.lesson_question import Choice
from pages.components.learn.level_text import LevelText

INTRODUCTION = LevelText(
    "A network is a chain of layers. The first layers find simple patterns in a photo, such as edges. Later layers "
    "combine them into parts, such as a wing or an eye. In a *residual* network, layers are grouped into blocks, and "
    "each block adds something to its input: output = input + correction. The path on which the input passes around "
    "the layers is the *skip connection*. If there is nothing to correct, the block learns a correction of zero and "
    "the input passes on. This makes networks with 50 or 150 layers trainable.",
    "A plain network passes only the output of each block on. A *residual* block learns $F(x)$ and adds its input: "
    "$y = F(x) + x$ (He et al. 2015, [arXiv 1512.03385](https://arxiv.org/abs/1512.03385)); in the original form a "
    "ReLU follows. Where shapes differ, $x$ is first projected. If the best mapping is close to the *identity*, "
    r"$F(x) \approx 0$ is easier to learn than the identity itself. With identity skip connections and nothing after "
    r"the addition, $x_L = x_l + \sum_{i=l}^{L-1} F_i(x_i)$. So the gradient contains the direct term "
    r"$\partial\mathcal{L}/\partial x_L$: $\partial\mathcal{L}/\partial x_l = \partial\mathcal{L}/\partial x_L\,"
    r"\bigl(1 + \tfrac{\partial}{\partial x_l}\sum_{i=l}^{L-1} F_i(x_i)\bigr)$ (He et al. 2016, "
    "[arXiv 1603.05027](https://arxiv.org/abs/1603.05027)).",
)
DRAWING = LevelText(
    "Each slab shows what a stage passes on: a stack of small pictures, one for each channel. The face of the slab is "
    "their height and width, its depth is the number of channels. From stage to stage the pictures become smaller, and "
    "there are more of them.",
    "Each slab shows the feature maps that a stage outputs: its face is their height and width, its depth the number "
    "of channels. Where a stage halves height and width, it doubles the channels. This keeps the cost of a layer about "
    "the same (He et al. 2015, section 3.3).",
)
QUESTION = LevelText(
    "Choose ResNet-18, then ResNet-50, and look at the first block of layer1. In which of the two must x change its "
    "shape (a projection) before it can be added?",
    "Choose ResNet-18, then ResNet-50, and look at the first block of layer1. Which of the two projects x there?",
)
CHOICES = (
    Choice(
        "Both: every stage starts by halving the resolution",
        "layer1 is the exception. Compare the sizes of the stem and of layer1 in the drawing: does the resolution "
        "change between them?",
    ),
    Choice(
        "ResNet-18: its blocks have only two convolutions",
        "The number of convolutions does not matter: only the shapes before and after the block do. Open the first "
        "block of ResNet-18 and compare the shape that goes in with the shape that comes out.",
    ),
    Choice(
        "ResNet-50: the input has 64 channels, the output 256",
        LevelText(
            "Two stacks of pictures can only be added if they have the same shape. In ResNet-50 this block turns 64 "
            "channels into 256, so x must get 256 channels too. In ResNet-18, 64 channels go in and 64 come out.",
            "Feature maps must have the same shape to be added. A bottleneck block outputs four times as many channels "
            "as its 3 × 3 convolution has, so ResNet-50 must project 64 channels to 256 ($W_s$ in equation 2 of the "
            "paper). In ResNet-18 input and output both have 64 channels at 56 × 56, so x needs no projection.",
        ),
        correct=True,
    ),
    Choice(
        "Neither: layer1 does not change the resolution",
        "The resolution stays the same, that is right. But a shape also has a number of channels: look at how many go "
        "into the first block of ResNet-50, and how many come out.",
    ),
)

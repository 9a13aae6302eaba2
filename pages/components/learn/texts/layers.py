"""Texts of the lesson on layers."""

from pages.components.learn.lesson_question import Choice
from pages.components.learn.level_text import LevelText

INTRODUCTION = LevelText(
    "A layer sounds mysterious, but it is a few lines of arithmetic. Here every layer of a ResNet is rebuilt from "
    "simple operations and gets the same numbers as PyTorch's own layer. Both work on the same photo, and both give "
    "the same picture. Tiny differences in the last digits remain, because computers round, and the sums are taken in "
    "a different order. PyTorch's code is written for speed, ours for reading.",
    "Each layer of a ResNet is re-created from plain tensor operations, with the same weights as PyTorch's own layer. "
    "The outputs agree up to the last digits: float32 has a 24-bit significand (IEEE 754), and its addition is not "
    "associative, so the order of a sum matters. PyTorch's code is written for speed, ours for readability.",
)
MEANING = {
    "Conv2d": LevelText(
        "A small window (the kernel) moves over the photo. At each place the pixels below it are multiplied by the "
        "numbers of the kernel and added up. So one kernel finds vertical edges everywhere in the photo, another one "
        "horizontal edges. A network learns these numbers; you can edit them here.",
        r"$y[i,j] = \sum_{u,v} k[u,v]\; x[si + du - p,\, sj + dv - p]$ with stride $s$, dilation $d$ and padding $p$ "
        "(strictly a cross-correlation). An input of side $n$ gives an output of side "
        r"$\lfloor (n + 2p - d(k-1) - 1)/s \rfloor + 1$ for a kernel of side $k$. A convolution can also learn a bias. "
        "In a ResNet the batch normalisation that follows has one, so there is none here.",
    ),
    "BatchNorm2d": LevelText(
        "Each colour channel is shifted and scaled so that its mean is 0 and its spread is 1. Then it is scaled and "
        "shifted again, by numbers that the network learns. So all layers get values of a similar size, which makes "
        "training easier. In training, mean and spread come from the current photos. Later they come from an average "
        "kept during training, here that of ImageNet's photos.",
        r"$y = \gamma\,(x - \mu)/\sqrt{\sigma^2 + \varepsilon} + \beta$ for each channel (Ioffe and Szegedy 2015, "
        r"[arXiv 1502.03167](https://arxiv.org/abs/1502.03167)). Training mode takes $\mu$ and $\sigma^2$ from the "
        "batch. It also keeps a running average of both, which each batch moves a tenth of the way to its own values "
        "(PyTorch's default momentum). Evaluation mode uses the running average, here that of ImageNet's photos.",
    ),
    "ReLU": LevelText(
        "Negative values become zero, positive ones stay as they are. The input shows vertical edges: one colour for "
        "dark to bright, another for bright to dark. The ReLU keeps one kind. Move the shift to let more or less pass.",
        r"$y = \max(0, x + b)$. The input is the output of a Sobel kernel. The shift $b$ acts like the bias of the "
        "batch normalisation before a ReLU: it decides how much passes. Without a non-linearity, layers in a row "
        "would be one linear map.",
    ),
    "MaxPool2d": LevelText(
        "Each window keeps only its largest value, separately for red, green and blue. The picture becomes smaller and "
        "brighter, and the strongest patterns stay.",
        r"$y[i,j] = \max_{u,v} x[si + u - p,\, sj + v - p]$ for each channel; padding counts as $-\infty$. A ResNet's "
        "stem uses a 3 × 3 window with a stride of 2.",
    ),
    "AdaptiveAvgPool2d": LevelText(
        "The photo is divided into a grid, and each cell becomes its mean colour. A ResNet ends with a grid of a "
        "single cell: after it, the network knows what is in the photo but no longer where.",
        r"The mean of each cell of a grid; with one cell, $y_c = \frac{1}{HW}\sum_{i,j} x_c[i,j]$ (global average "
        "pooling, Lin et al. 2013, [arXiv 1312.4400](https://arxiv.org/abs/1312.4400)). It makes the head independent "
        "of the input size and discards positions.",
    ),
    "Linear": LevelText(
        "Every output is a sum of all inputs, each multiplied by its own number. Here all 32 × 32 pixels are inputs "
        "and outputs, which takes 1,048,576 numbers. So this layer can mirror the photo or shuffle its pixels, which "
        "no convolution can. A ResNet's last layer is linear.",
        "$y = Wx$, here with 32 × 32 pixels as input and output: $W$ has 1,048,576 entries. A convolution is the "
        "special case of a sparse $W$ with shared entries: a 3 × 3 convolution has nine. A general $W$ can also "
        "permute positions. A ResNet's last layer is linear, with a bias.",
    ),
    "softmax": LevelText(
        "The network ends with a score for each class. Softmax turns the scores into probabilities that sum to 1. The "
        "loss is small if the correct class has a high probability; training makes it smaller. A high temperature "
        "makes all classes similar, a low one favours the highest score.",
        r"$p_i = e^{z_i/T}/\sum_j e^{z_j/T}$ for logits $z$ and temperature $T$; the cross-entropy loss is $-\log p_y$ "
        r"for the correct class $y$. With $T \to \infty$ all $p_i$ become equal, with $T \to 0$ the largest logit gets "
        "everything (Hinton et al. 2015, [arXiv 1503.02531](https://arxiv.org/abs/1503.02531)).",
    ),
}
QUESTION = (
    "Set the stride of the convolution to 2, with padding 1 and dilation 1. What is the output size for an input of "
    "224 × 224?"
)
CHOICES = (
    Choice(
        "It stays 224 × 224: the padding compensates for the stride",
        "The padding only makes up for the pixels that the 3 × 3 kernel loses at the border. Move the stride slider "
        "from 1 to 2 and read the size below the picture.",
    ),
    Choice(
        "112 × 112: the kernel moves two pixels at a time",
        LevelText(
            "The kernel moves two pixels at a time, to the right and down, so half as many windows fit in each "
            "direction and a quarter in total. This is how a ResNet makes its pictures smaller between stages.",
            r"$\lfloor (224 + 2 - 2 - 1)/2 \rfloor + 1 = 112$: half as many windows in each direction, a quarter in "
            "total. This is how a ResNet halves the resolution of its feature maps between stages.",
        ),
        correct=True,
    ),
    Choice(
        "75 × 75: windows of size 3 no longer overlap",
        "That is the size for a stride of 3. With a stride of 2, windows three pixels wide still share a pixel: set "
        "the slider to 2 and to 3 and compare.",
    ),
    Choice(
        "222 × 222: the border is lost",
        "That is the size for a stride of 1 without padding: the kernel then loses one pixel on each side. Set the "
        "padding to 1, and look at what the stride alone does.",
    ),
)

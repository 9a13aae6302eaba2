"""The choices of a recipe, and what each of them does in a teacher's words."""

from typing import Literal

NAMED_WEIGHTS = ("imagenet", "imagenet-v2", "none")

# What each choice does, in a teacher's words; the keys are the fields, then their allowed values.
CHOICES: dict[str, dict[str, str]] = {
    "weights": {
        "imagenet": "Start from a network that has learned 1,000 kinds of things on 1.3 million photos. "
        "The best start for nearly all photos.",
        "imagenet-v2": "The same photos, a longer training. More accurate by itself, but often a little worse "
        "below a new head when the rest is frozen.",
        "none": "Start from random numbers. Needs many photos, many epochs and train = all.",
    },
    "train": {
        "head": "Only the new last layer. Fast, hard to spoil, right for few photos.",
        "layer4": "The head and the last stage. For photos that look unlike everyday pictures.",
        "layer3": "The head and the last two stages. Slower; wants some hundred photos a class.",
        "all": "Every layer. The slowest and often the most accurate, given enough photos.",
        "staged": "First the head alone, then every layer, with smaller steps in the lower stages. "
        "A safe way to train all.",
    },
    "optimizer": {
        "adamw": "Adapts the step of each weight. Forgiving about the learning rate.",
        "sgd": "Stochastic gradient descent with Nesterov momentum 0.9. Often the best end result, "
        "once the rate is right.",
        "adam": "Like AdamW, but weight decay is mixed into the gradient.",
    },
    "schedule": {
        "one-cycle": "The rate climbs for the first tenth of the training, then falls to nearly zero. "
        "A good choice without trying others.",
        "cosine": "The rate starts high and falls along a cosine.",
        "constant": "The rate stays as it is. For comparing and for learning what the rate does.",
    },
    "class_weighting": {
        "none": "Every photo counts the same.",
        "balanced": "A photo of a rare class counts more, so that all classes weigh the same.",
    },
    "box_loss": {
        "giou": "How little the two boxes overlap, and how far apart they are. It counts small and large boxes alike.",
        "smooth-l1": "How far the four edges are from where they should be. Large boxes count more than small ones.",
    },
    "augmentation": {
        "none": "The network sees each photo the same way in every epoch.",
        "light": "A slightly different crop each time, and half of the photos mirrored.",
        "standard": "Crops of different size and shape, mirrored, turned by up to ten degrees, colors shifted.",
    },
    "mode": {
        "crop": "Cut the middle square out of the photo. What lies at its far ends is not seen.",
        "squash": "Squeeze the whole photo into a square. Nothing is lost, shapes are distorted.",
        "letterbox": "Fit the whole photo into the square, with gray bars beside it. "
        "Nothing is lost or distorted, but it is smaller.",
    },
    "precision": {
        "auto": "The fastest that the device does well.",
        "fp32": "32-bit numbers: the exact reference, slower on most devices.",
        "bf16": "16-bit numbers with the range of 32 bits: fast on newer processors and GPUs.",
        "fp16": "16-bit numbers with a small range, and scaled gradients: for older GPUs.",
    },
}

Train = Literal["head", "layer4", "layer3", "all", "staged"]
Optimizer = Literal["adamw", "sgd", "adam"]
Schedule = Literal["one-cycle", "cosine", "constant"]
ClassWeighting = Literal["none", "balanced"]
BoxLoss = Literal["giou", "smooth-l1"]
AugmentationLevel = Literal["none", "light", "standard"]
Mode = Literal["crop", "squash", "letterbox"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

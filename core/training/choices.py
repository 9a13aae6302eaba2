"""The choices of a recipe's fields, each with a short explanation."""

from typing import Literal

NAMED_WEIGHTS = ("imagenet", "imagenet-v2", "none")

# What each choice does; the keys are the fields, then their allowed values.
CHOICES: dict[str, dict[str, str]] = {
    "weights": {
        "imagenet": "Pretrained on ImageNet, 1.3 million photos of 1,000 classes. "
        "The best start for nearly all photos.",
        "imagenet-v2": "Pretrained on the same photos for longer. More accurate on ImageNet, and a good start "
        "where all layers are trained.",
        "none": "Random weights (training from scratch). Needs many photos, many epochs and all layers trained.",
    },
    "train": {
        "automatic": "Trains the head first, which is the fastest part, then more layers: the last stage, then all, as "
        "long as the validation photos show a gain and the time allows it.",
        "head": "Trains only the new last layer. Fast and robust; best with few photos.",
        "layer4": "Trains the head and the last stage. For photos that do not look like everyday photos.",
        "layer3": "Trains the head and the last two stages. Slower; needs a few hundred photos per class.",
        "all": "Trains every layer. The slowest, and often the most accurate if there are enough photos.",
        "staged": "Trains the head first, then every layer, with lower learning rates in the earlier stages. "
        "A safe way to train all layers.",
    },
    "optimizer": {
        "auto": "Logistic regression where only the head of a pretrained network is trained on kept views, else AdamW.",
        "logistic": "Solves the head exactly, as logistic regression on what the frozen layers computed once. "
        "Takes seconds and needs no learning rate.",
        "adamw": "Adapts the step size of each weight. Works with a wide range of learning rates.",
        "sgd": "Stochastic gradient descent with Nesterov momentum 0.9. Often the best final result, "
        "if the learning rate is right.",
        "adam": "Like AdamW, but weight decay is added to the gradient.",
    },
    "head_features": {
        "last": "The vectors of the last stage, as in every published ResNet.",
        "stages": "The vectors of stages 2 to 4 side by side, each scaled to the same length. Earlier stages see "
        "textures and small shapes.",
        "auto": "Tries both in cross-validation on the training photos and keeps several stages only if they are "
        "clearly better.",
    },
    "schedule": {
        "one-cycle": "The learning rate rises for the first tenth of the training, then falls to nearly zero. "
        "A good default.",
        "cosine": "The learning rate starts high and falls along a cosine.",
        "constant": "The learning rate never changes. For comparisons, and for seeing what the learning rate does.",
    },
    "loss": {
        "cross-entropy": "The negative logarithm of the confidence in the true class: the usual loss.",
        "focal": "Cross-entropy, reduced for photos that the model already classifies well.",
    },
    "batch_norm": {
        "update": "Each batch is normalised with its own mean and variance, and the statistics follow them. The usual "
        "way.",
        "keep": "Every photo is normalised with the statistics that are there, in training as in prediction. Worth "
        "a try with batches of a few photos.",
    },
    "class_weighting": {
        "none": "Every photo has the same weight in the loss.",
        "balanced": "Photos of rare classes count more, so that every class has the same total weight.",
    },
    "box_loss": {
        "giou": "Generalised IoU: measures overlap, and distance if the boxes are apart. Box size does not matter.",
        "smooth-l1": "Smooth L1: the distance of the four edges from the true ones. Large boxes count more.",
    },
    "augmentation": {
        "none": "Each photo looks the same in every epoch.",
        "light": "Mirrored photos, and slightly different crops.",
        "standard": "Crops of varying size and shape, mirroring, rotation by up to ten degrees, and shifted colours.",
    },
    "mode": {
        "crop": "Cuts out the central square. The ends of a long photo are lost.",
        "squash": "Resizes the whole photo to a square. Nothing is lost, but shapes are distorted.",
        "letterbox": "Fits the whole photo into the square and adds grey bars. "
        "Nothing is lost or distorted, but the photo is smaller.",
    },
    "precision": {
        "auto": "The fastest format that the device handles well.",
        "fp32": "32-bit numbers: the most precise, but slower on most devices.",
        "bf16": "16-bit numbers with the range of 32-bit ones: fast on newer processors and GPUs.",
        "fp16": "16-bit numbers with a small range and scaled gradients: for older GPUs.",
    },
}

Train = Literal["automatic", "head", "layer4", "layer3", "all", "staged"]
Optimizer = Literal["auto", "logistic", "adamw", "sgd", "adam"]
HeadFeatures = Literal["last", "stages", "auto"]
Schedule = Literal["one-cycle", "cosine", "constant"]
BatchNormMode = Literal["update", "keep"]
Loss = Literal["cross-entropy", "focal"]
ClassWeighting = Literal["none", "balanced"]
BoxLoss = Literal["giou", "smooth-l1"]
AugmentationLevel = Literal["none", "light", "standard"]
Mode = Literal["crop", "squash", "letterbox"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

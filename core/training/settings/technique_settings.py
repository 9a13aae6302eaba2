"""The settings of techniques that are off unless chosen: averages, mixed photos, sampling, rates and views."""

from typing import Annotated

from pydantic import Field

from core.data.pictures.network_input.view_limit import MOST_TEST_TIME_VIEWS
from core.training.choices import BatchNormMode, HeadFeatures, Loss
from core.training.settings.basic_settings import BasicSettings

MOST_VIEWS = 16


class TechniqueSettings(BasicSettings):
    """The toolbox: each field's default leaves its technique out."""

    views: Annotated[int, Field(ge=0, le=MOST_VIEWS)] = Field(
        default=2,
        description="How many fixed views of each photo the frozen layers compute once and keep: 1 is the photo "
        "itself, 2 also its mirror image, more add random crops. 0 draws new random views in every epoch, which the "
        "whole network computes again. Ignored if no layer is frozen.",
    )
    head_features: HeadFeatures = Field(
        default="auto",
        description="What a head that is solved exactly gets from the frozen layers: the vectors of the last stage, or "
        "those of several stages together. Automatic decides by cross-validation on the training photos. On photos "
        "unlike everyday ones, several stages can gain up to one percentage point. Ignored where the head is trained "
        "by steps.",
    )
    loss: Loss = Field(
        default="cross-entropy",
        description="The loss that is minimised for the class. Focal loss makes photos count less that the model "
        "already classifies well. Try it if a few classes have most of the photos.",
    )
    focal_gamma: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = Field(
        default=2.0,
        description="How strongly focal loss plays down easy photos: 0 is cross-entropy, 2 is usual. Only used with "
        "focal loss.",
    )
    balanced_sampling: bool = Field(
        default=False,
        description="Draws equally many photos of every class in each epoch: some photos of rare classes come several "
        "times, some of frequent classes not at all. An alternative to class weights.",
    )
    mixup: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = Field(
        default=0.0,
        description="Blends pairs of training photos and their labels, against overfitting. 0 is off, 0.2 is usual; "
        "larger values blend more evenly. It needs many epochs, and training accuracy then counts both labels.",
    )
    cutmix: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = Field(
        default=0.0,
        description="Pastes a rectangle of one training photo into another and mixes their labels by area. 0 is off, "
        "1 is usual. With mixup too, each batch uses one of them. Not for boxes.",
    )
    random_erasing: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=0.0,
        description="The probability that a random rectangle of a training photo is blanked out, so that the model "
        "does not rely on a single detail. 0 is off, 0.25 is usual.",
    )
    ema: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = Field(
        default=0.0,
        description="Moving average of the weights (EMA): the averages are evaluated and saved. They vary less than "
        "the weights of a single step. 0 is off; 0.99 suits a few hundred steps, 0.999 some thousands.",
    )
    layer_decay: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        default=1.0,
        description="Multiplies the learning rate once for each stage below the head, so that early stages change "
        "least; 0.5 to 0.8 is usual. 1 is off: all pretrained stages then share one smaller rate.",
    )
    batch_norm: BatchNormMode = Field(
        default="update",
        description="What BatchNorm does in the layers that are trained: whether it updates its mean and variance from "
        "each batch, or keeps those of the start. Its scale and offset are trained in both cases. Frozen layers always "
        "keep theirs.",
    )
    accumulation: Annotated[int, Field(ge=1, le=256)] = Field(
        default=1,
        description="Gradient accumulation: how many batches are added up for one update of the weights. 4 batches of "
        "8 photos train like one of 32, but need the memory of 8. BatchNorm still sees single batches.",
    )
    interpolate: bool = Field(
        default=False,
        description="After the last epoch, mixes the trained weights with those of the start in 11 shares, and keeps "
        "the mix that is best on the validation photos. The start is the head-only model in staged training, or a "
        "model of the same classes that you train further; in automatic training, the model of the phase before.",
    )
    head_size: Annotated[int, Field(ge=32, le=1024)] | None = Field(
        default=None,
        description="After the last epoch, fits the head again for photos of this size in pixels, larger than the "
        "image size, and keeps it only if it is better on the validation photos. Objects look larger in augmented "
        "photos, so 256 or 288 may suit a model trained at 224. Empty is off. Not for boxes.",
    )
    test_time_views: Annotated[int, Field(ge=1, le=MOST_TEST_TIME_VIEWS)] = Field(
        default=1,
        description="Test-time augmentation: averages the probabilities over this many views of a photo. 1 is off, "
        "2 adds the mirror image, 6 also two crops. Slower by that factor. Not for boxes.",
    )

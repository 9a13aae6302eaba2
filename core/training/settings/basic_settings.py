"""The basic settings of a recipe: network, training length, optimizer, preprocessing and device."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.training.choices import (
    AugmentationLevel,
    BoxLoss,
    ClassWeighting,
    Mode,
    Optimizer,
    Precision,
    Schedule,
    Train,
)

_MOST_EPOCHS = 10_000
_MOST_MINUTES = 10_080

# Characters that no path holds; a NUL would be an error of the system, not of the recipe.
_NO_CONTROL = r"^[^\x00-\x1f]*$"
_LONGEST_PATH = 4096


class BasicSettings(BaseModel):
    """The settings that every training has."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    arch: str = Field(
        default="resnet50",
        max_length=100,
        description="The network architecture. A larger number means more layers: more accurate with many photos, "
        "but slower. resnet18 needs a third of the computation of resnet50.",
    )
    weights: str = Field(
        default="imagenet",
        min_length=1,
        max_length=_LONGEST_PATH,
        pattern=_NO_CONTROL,
        description="The weights that training starts from: imagenet, imagenet-v2, none, or the path of your own "
        "bundle folder, .safetensors or .pth file, or of a Keras file (.h5, .keras) for a Keras network. "
        "With pretrained weights, a few photos are enough.",
    )
    source: str = Field(
        default="auto",
        min_length=1,
        max_length=_LONGEST_PATH,
        pattern=_NO_CONTROL,
        description="Where ImageNet weights are downloaded from: auto tries every source in turn. "
        "Change it only if one is blocked.",
    )
    train: Train = Field(
        default="automatic",
        description="Layers to train; the others are frozen, so they keep their weights. Begin with automatic. "
        "Choose head for the shortest time, or all for hundreds of photos per class.",
    )
    time_limit: Annotated[float, Field(gt=0, le=_MOST_MINUTES, allow_inf_nan=False)] | None = Field(
        default=None,
        description="The longest time for automatic training, in minutes; the head is always trained to its end. "
        "If left empty, 15 minutes.",
    )
    epochs: Annotated[int, Field(ge=1, le=_MOST_EPOCHS)] = Field(
        default=8,
        description="How many times the model sees all training photos. Use more if both curves still improve at "
        "the end, fewer if the validation loss rises again (overfitting).",
    )
    head_epochs: Annotated[int, Field(ge=1, le=_MOST_EPOCHS)] | None = Field(
        default=None,
        description="In staged training, how many of the epochs train only the head. "
        "If left empty, a quarter of them, at least one.",
    )
    batch_size: Annotated[int, Field(ge=2, le=4096)] = Field(
        default=32,
        description="How many photos are used in one training step, at least two. Reduce it if memory runs out; "
        "increase it on a large GPU.",
    )
    optimizer: Optimizer = Field(
        default="auto",
        description="The algorithm that finds the weights. Automatic solves a head on frozen layers exactly, and uses "
        "AdamW otherwise. AdamW tolerates a learning rate that is not quite right; SGD can reach a better result.",
    )
    learning_rate: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] | None = Field(
        default=None,
        description="How far each step moves the weights of the head; pretrained layers use a smaller rate. If "
        "left empty, a good value for the optimizer is used. Lower it if the loss jumps or grows; raise it if the "
        "loss falls too slowly.",
    )
    schedule: Schedule = Field(
        default="one-cycle",
        description="How the learning rate changes during training. One-cycle warms up first and ends with "
        "small steps.",
    )
    weight_decay: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=1e-4,
        description="Pulls the weights towards zero, against overfitting. Raise it a little if the training accuracy "
        "is far above the validation accuracy. BatchNorm and biases are excluded.",
    )
    label_smoothing: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = Field(
        default=0.0,
        description="Trains towards slightly less than full confidence; 0.1 is usual. Helps if some labels may be "
        "wrong.",
    )
    class_weighting: ClassWeighting = Field(
        default="none",
        description="Balanced makes rare classes count more in the loss. Choose it if class sizes differ a lot "
        "and the small classes matter.",
    )
    box_loss: BoxLoss = Field(
        default="giou",
        description="The loss that is minimised for the box, added to the class loss. Ignored if there are no boxes.",
    )
    augmentation: AugmentationLevel = Field(
        default="light",
        description="Data augmentation: random changes to the training photos, against overfitting. Use standard "
        "for few photos and many epochs, none if position, side or colour decides the class.",
    )
    mode: Mode = Field(
        default="crop",
        description="How a photo becomes a square. Crop suits most photos; letterbox or squash if the edges matter.",
    )
    size: Annotated[int, Field(ge=32, le=1024)] = Field(
        default=224,
        description="The side of the square in pixels. Larger shows small details, but the time grows with the area.",
    )
    patience: Annotated[int, Field(ge=0, le=_MOST_EPOCHS)] = Field(
        default=0,
        description="Early stopping: end training after this many epochs without improvement of validation accuracy "
        "or validation loss. 0 trains to the end. The best epoch is always kept.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        default=0,
        description="Start value of the random numbers for the new head, the order of the photos and the data "
        "augmentation. Change it to see how much the result depends on chance; the split stays the same.",
    )
    split_seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        default=0,
        description="Start value of the random numbers that divide photos without a split into training, validation "
        "and test. Compare runs only if they have the same one. Projects always use 0.",
    )
    deterministic: bool = Field(
        default=False,
        description="Repeatable computation: the same recipe gives the same model again, bit for bit, on the same "
        "machine with the same versions. On a CPU in fp32 that holds anyway; on a GPU it is slower.",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|(cuda|xpu)(:[0-9]{1,3})?)$",
        description="The device to compute on: auto uses a GPU if there is one. cpu, cuda, cuda:1, mps or xpu selects "
        "a specific one.",
    )
    precision: Precision = Field(
        default="auto",
        description="Number format of the computation. Auto is fast: mixed precision where the device supports it. "
        "fp32 computes everything in 32 bits, without the shortened TF32 products of newer GPUs.",
    )
    workers: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None,
        description="Data-loading workers: processes that prepare photos while the device computes. If left "
        "empty, the number suits the machine. 0 prepares photos between the steps.",
    )
    processes: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1,
        description="On a Ray cluster, how many processes share each batch, each with a GPU or processors of its own. "
        "The result is that of one, except for rounding. On a single machine, torchrun decides instead.",
    )
    keep_epochs: bool = Field(
        default=True,
        description="Keeps the trained layers of about ten epochs, so that the Explain page can show how an answer "
        "forms. They take at most 200 MB and are deleted with the run; layers that are too large are left out. "
        "Sweeps keep none.",
    )

"""The recipe: all settings that determine a run, checked together and saved with it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from core.errors import RecipeError, UnknownArchitecture
from core.models.zoo import config_of
from core.training.choices import (
    CHOICES,
    NAMED_WEIGHTS,
    AugmentationLevel,
    BoxLoss,
    ClassWeighting,
    Mode,
    Optimizer,
    Precision,
    Schedule,
    Train,
)

# The head's rate by optimizer, chosen on three sets of 85 to 1,000 photos. SGD from random weights takes larger steps.
_LEARNING_RATES = {"adamw": 2e-3, "adam": 2e-3, "sgd": 5e-3}
_FROM_SCRATCH = {"adamw": 1e-3, "adam": 1e-3, "sgd": 5e-2}

TASK_DEFAULTS: dict[str, dict[str, Any]] = {
    "classification": {},
    "localization": {"mode": "letterbox", "epochs": 24, "augmentation": "standard"},
}
"""The defaults of a task where they differ from the fields' own.

A box must be visible as a whole, so localization crops nothing and keeps shapes. Its head has more to learn than a
classification head, so it needs more epochs and more augmentation.
"""

_MOST_EPOCHS = 10_000

# Characters that no path holds; a NUL would be an error of the system, not of the recipe.
_NO_CONTROL = r"^[^\x00-\x1f]*$"
_LONGEST_PATH = 4096

# A damaged file may hold anything: its message stays readable.
_SHOWN_CHARACTERS, _SHOWN_PROBLEMS = 60, 20

# Validation context in which fields are checked one by one, not against each other.
_FIELDS_ALONE = {"conflicts": False}


class Recipe(BaseModel):
    """All settings that determine a run; frozen. ``Recipe.checked(...)`` makes one from a user's values."""

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
        default="head",
        description="Layers to train; the others are frozen, so they keep their weights. Begin with head. "
        "Try staged or all if the training accuracy stays low or you have hundreds of photos per class.",
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
        default="adamw",
        description="The algorithm that updates the weights. AdamW tolerates a learning rate that is not quite right; "
        "SGD can reach a better final result.",
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

    @model_validator(mode="before")
    @classmethod
    def _train_all_from_scratch(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("train") is not None:
            return values
        # Freezing layers makes sense only if they are pretrained.
        return {**values, "train": "all" if values.get("weights") == "none" else "head"}

    @field_validator("arch")
    @classmethod
    def _known_architecture(cls, arch: str) -> str:
        try:
            config_of(arch)
        except UnknownArchitecture as error:
            raise PydanticCustomError("unknown_architecture", "{text}", {"text": str(error)}) from error
        return arch

    @model_validator(mode="after")
    def _no_conflicts(self, info: ValidationInfo) -> Self:
        if info.context is _FIELDS_ALONE:
            return self
        problems = [text for _, text in self._conflicts()]
        if problems:
            raise PydanticCustomError("conflict", "{text}", {"text": " ".join(problems)})
        return self

    @classmethod
    def checked(cls, **values: Any) -> Self:
        """Return a recipe from a user's values; RecipeError lists every problem.

        A relative path of a weight file becomes absolute, because the run may start in another folder.
        """
        problems, wrong = [], set[str]()
        try:
            cls.model_validate(values, context=_FIELDS_ALONE)
        except ValidationError as error:
            problems = [_plain(detail) for detail in error.errors()]
            wrong = {str(detail["loc"][0]) for detail in error.errors()}
        sound = {name: value for name, value in values.items() if name not in wrong}
        draft = cls.model_validate(sound, context=_FIELDS_ALONE)
        problems += [text for fields, text in draft._conflicts() if not wrong.intersection(fields)]
        if "weights" not in wrong and draft.weights not in NAMED_WEIGHTS:
            path = Path(draft.weights).expanduser().resolve()
            sound["weights"] = str(path)
            if not path.exists():
                problems.append(
                    f"weights is {draft.weights!r}, but there is no such file or folder; "
                    f"use {', '.join(NAMED_WEIGHTS)}, or the path of a weight file or a bundle."
                )
        if problems:
            raise RecipeError(_joined(problems))
        return cls.model_validate(sound)

    @classmethod
    def for_task(cls, task: str, **values: Any) -> Self:
        """Return ``checked``, with a task's defaults for settings that are missing or None."""
        usual = dict(TASK_DEFAULTS[task])
        if values.get("weights") == "none":
            usual.pop("train", None)
        given = {name: value for name, value in values.items() if value is not None or name not in usual}
        return cls.checked(**{**usual, **given})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the recipe that ``model_dump_json`` wrote; raises RecipeError for anything else."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise RecipeError(_joined(_plain(detail) for detail in error.errors())) from error
        except RecursionError as error:
            raise RecipeError("The recipe is not valid: it is nested too deeply.") from error

    def resolved_learning_rate(self) -> float:
        """Return the head's peak learning rate: the given one, or a good value for the optimizer."""
        return self.usual_learning_rate() if self.learning_rate is None else self.learning_rate

    def usual_learning_rate(self) -> float:
        """Return a good peak learning rate of the head for the optimizer and the starting weights."""
        return (_FROM_SCRATCH if self.weights == "none" else _LEARNING_RATES)[self.optimizer]

    def resolved_head_epochs(self) -> int:
        """Return how many epochs train only the head: 0 unless training is staged."""
        if self.train != "staged":
            return 0
        return self.head_epochs if self.head_epochs is not None else max(1, self.epochs // 4)

    def preprocessing(self, mean: Sequence[float], std: Sequence[float]) -> dict[str, Any]:
        """Return this run's preprocessing, with the mean and standard deviation that its weights were trained with."""
        return {
            "mode": self.mode,
            "size": self.size,
            "resize": round(self.size * 256 / 224),
            "interpolation": "bilinear",
            "mean": list(mean),
            "std": list(std),
        }

    def _conflicts(self) -> list[tuple[set[str], str]]:
        """Return each set of fields whose values conflict, with a sentence about it."""
        conflicts: list[tuple[set[str], str]] = []
        if self.train == "staged" and self.resolved_head_epochs() >= self.epochs:
            conflicts.append(
                (
                    {"train", "epochs", "head_epochs"},
                    f"train is staged with {self.resolved_head_epochs()} of {self.epochs} epochs for the head, "
                    "so none is left for the other layers; use more epochs or set train to head.",
                )
            )
        return conflicts


def _plain(detail: ErrorDetails) -> str:
    """Return one sentence for a pydantic error: the field, the value found, the values allowed."""
    field = str(detail["loc"][0])[:_SHOWN_CHARACTERS] if detail["loc"] else "recipe"
    found, kind, context = detail["input"], detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{field} is not a setting; the settings are {', '.join(Recipe.model_fields)}."
    if kind in ("conflict", "unknown_architecture"):
        return detail["msg"]
    if kind == "json_invalid":
        return f"the text is not valid JSON ({context.get('error', '')})."
    allowed = {
        "literal_error": lambda: f"one of {', '.join(CHOICES[field])}",
        "greater_than_equal": lambda: f"at least {context['ge']}",
        "greater_than": lambda: f"more than {context['gt']}",
        "less_than_equal": lambda: f"at most {context['le']}",
        "less_than": lambda: f"less than {context['lt']}",
        "int_parsing": lambda: "a whole number",
        "int_from_float": lambda: "a whole number",
        "int_type": lambda: "a whole number",
        "float_parsing": lambda: "a number",
        "float_type": lambda: "a number",
        "finite_number": lambda: "a finite number",
        "string_pattern_mismatch": lambda: (
            "one of auto, cpu, cuda, cuda:N, mps, xpu" if field == "device" else "a text without control characters"
        ),
        "string_too_long": lambda: f"a text of at most {context['max_length']} characters",
        "string_unicode": lambda: "a text without broken characters",
        "string_too_short": lambda: "a text that is not empty",
        "string_type": lambda: "a text",
        "bool_parsing": lambda: "true or false",
        "bool_type": lambda: "true or false",
    }.get(kind)
    shown = repr(found) if len(repr(found)) <= _SHOWN_CHARACTERS else f"{repr(found)[:_SHOWN_CHARACTERS]}..."
    if allowed is None:
        return f"{field} is {shown}: {detail['msg']}."
    return f"{field} is {shown}, but must be {allowed()}."


def _joined(problems: Iterable[str]) -> str:
    listed = list(problems)
    if len(listed) > _SHOWN_PROBLEMS:
        listed = [*listed[:_SHOWN_PROBLEMS], f"and {len(listed) - _SHOWN_PROBLEMS} more."]
    if len(listed) == 1:
        return f"The recipe is not valid: {listed[0]}"
    return f"The recipe has {len(listed)} problems: " + " ".join(f"({n}) {text}" for n, text in enumerate(listed, 1))

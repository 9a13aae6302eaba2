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

# The head's rate by optimizer, chosen on three sets of 85 to 1,000 photos; from random numbers SGD takes bigger steps.
_LEARNING_RATES = {"adamw": 2e-3, "adam": 2e-3, "sgd": 5e-3}
_FROM_SCRATCH = {"adamw": 1e-3, "adam": 1e-3, "sgd": 5e-2}

TASK_DEFAULTS: dict[str, dict[str, Any]] = {
    "classification": {},
    "localization": {"mode": "letterbox", "epochs": 24, "augmentation": "standard"},
}
"""What is usual for a task where it differs from the fields' own defaults.

A box has to be seen whole, so nothing of a photo is cut off for a localization, and shapes stay as they are. Its head
begins with nothing and has more to learn than that of the classes, so it takes more epochs and more variation.
"""

# Validation context under which fields are checked one by one, and not against each other.
_FIELDS_ALONE = {"conflicts": False}


class Recipe(BaseModel):
    """All that determines a run; frozen. ``Recipe.checked(...)`` makes one from a user's values."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    arch: str = Field(
        default="resnet50",
        description="The network. A bigger number means more layers: more accurate with many photos, and slower. "
        "resnet18 is a third of the work of resnet50.",
    )
    weights: str = Field(
        default="imagenet",
        min_length=1,
        description="Where the network starts: imagenet, imagenet-v2, none, or the path of a bundle folder of yours, "
        "of a .safetensors or .pth file, or of a file of Keras (.h5, .keras) for a network of Keras. "
        "Starting from trained weights is what makes few photos enough.",
    )
    source: str = Field(
        default="auto",
        min_length=1,
        description="Where ImageNet weights are fetched from: auto tries all places in turn. "
        "Leave it, unless one is blocked.",
    )
    train: Train = Field(
        default="head",
        description="Which part learns; the rest stays frozen exactly as it was. Begin with head. Go on to staged "
        "or all when the training accuracy stays low or you have hundreds of photos a class.",
    )
    epochs: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=8,
        description="How often the network goes through all training photos. More when both curves still improve "
        "at the end, fewer when the validation loss rises again.",
    )
    head_epochs: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="In staged training, how many of the epochs train the head alone. "
        "Left empty: a quarter of them, at least one.",
    )
    batch_size: Annotated[int, Field(ge=2, le=4096)] = Field(
        default=32,
        description="How many photos make one step, two or more. Smaller when memory runs out, bigger on a large GPU.",
    )
    optimizer: Optimizer = Field(
        default="adamw",
        description="The rule by which weights are changed. AdamW forgives a rate that is not quite right; "
        "SGD can end better.",
    )
    learning_rate: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] | None = Field(
        default=None,
        description="The size of a step in the head; pretrained layers below take smaller ones. Left empty: "
        "a good one for the optimizer. Make it smaller when the loss jumps or grows, bigger when it falls too slowly.",
    )
    schedule: Schedule = Field(
        default="one-cycle",
        description="How the learning rate changes during the training. One-cycle starts gently "
        "and ends with small steps.",
    )
    weight_decay: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=1e-4,
        description="Pulls weights towards zero, against learning by heart. Raise it a little when the training "
        "accuracy is far above the validation accuracy. BatchNorm and biases are left out.",
    )
    label_smoothing: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = Field(
        default=0.0,
        description="Asks for a little less than full certainty (0.1 is usual). Helps where some labels may be wrong.",
    )
    class_weighting: ClassWeighting = Field(
        default="none",
        description="Balanced lets rare classes count more. Choose it when classes differ much in size "
        "and the small ones matter.",
    )
    box_loss: BoxLoss = Field(
        default="giou",
        description="What is minimized for the box, beside the loss of the classes; without boxes it means nothing.",
    )
    augmentation: AugmentationLevel = Field(
        default="light",
        description="Random changes to the training photos, so that the network does not learn them by heart. "
        "Standard for few photos and many epochs; none where place, side or color are what matters.",
    )
    mode: Mode = Field(
        default="crop",
        description="How a photo becomes a square. Crop suits most; letterbox or squash where the edges matter.",
    )
    size: Annotated[int, Field(ge=32, le=1024)] = Field(
        default=224,
        description="The side of the square in pixels. Bigger shows small details, at a cost that grows with the area.",
    )
    patience: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Stop early when neither validation accuracy nor validation loss has improved for so many epochs; "
        "0 trains to the end. The best epoch is kept in any case.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        default=0,
        description="The start of all chance: same seed, same photos, same machine, same result. "
        "Change it to see how much luck is in a result.",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|(cuda|xpu)(:\d+)?)$",
        description="What computes: auto takes a GPU where there is one. cpu, cuda, cuda:1, mps and xpu name one.",
    )
    precision: Precision = Field(
        default="auto",
        description="How exactly numbers are kept. Auto is fast; fp32 gives the same bits each time on a CPU.",
    )
    workers: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None,
        description="How many helpers prepare photos while the device computes. Left empty: fitting the machine. "
        "0 prepares them in between.",
    )

    @model_validator(mode="before")
    @classmethod
    def _all_learns_from_scratch(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("train") is not None:
            return values
        # A frozen part is worth something only where it was trained before.
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
    def _goes_together(self, info: ValidationInfo) -> Self:
        if info.context is _FIELDS_ALONE:
            return self
        problems = [text for _, text in self._conflicts()]
        if problems:
            raise PydanticCustomError("conflict", "{text}", {"text": " ".join(problems)})
        return self

    @classmethod
    def checked(cls, **values: Any) -> Self:
        """A recipe from a user's values; RecipeError names every problem at once.

        A relative path of a weight file becomes absolute: the run may start in another folder.
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
                    f"allowed are {', '.join(NAMED_WEIGHTS)}, or the path of a weight file or a bundle."
                )
        if problems:
            raise RecipeError(_joined(problems))
        return cls.model_validate(sound)

    @classmethod
    def for_task(cls, task: str, **values: Any) -> Self:
        """``checked``, with the defaults of a task for what is not given; None is not given."""
        usual = dict(TASK_DEFAULTS[task])
        if values.get("weights") == "none":
            usual.pop("train", None)
        given = {name: value for name, value in values.items() if value is not None or name not in usual}
        return cls.checked(**{**usual, **given})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The recipe that ``model_dump_json`` wrote; RecipeError where it is not one."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise RecipeError(_joined(_plain(detail) for detail in error.errors())) from error

    def resolved_learning_rate(self) -> float:
        """The head's top learning rate: the given one, else a good one for the optimizer."""
        if self.learning_rate is not None:
            return self.learning_rate
        return (_FROM_SCRATCH if self.weights == "none" else _LEARNING_RATES)[self.optimizer]

    def resolved_head_epochs(self) -> int:
        """Epochs of the head alone: 0 unless the training is staged."""
        if self.train != "staged":
            return 0
        return self.head_epochs if self.head_epochs is not None else max(1, self.epochs // 4)

    def preprocessing(self, mean: Sequence[float], std: Sequence[float]) -> dict[str, Any]:
        """The preprocessing dict of this run, with the mean and deviation that its weights were trained with."""
        return {
            "mode": self.mode,
            "size": self.size,
            "resize": round(self.size * 256 / 224),
            "interpolation": "bilinear",
            "mean": list(mean),
            "std": list(std),
        }

    def remarks(self, task: str = "classification") -> list[str]:
        """Sentences on settings that are allowed but seldom meant for a task; empty for good ones."""
        remarks = []
        if task == "localization" and self.mode == "crop":
            remarks.append(
                "With mode crop the far ends of a photo are cut off, and boxes with them: choose letterbox or squash."
            )
        if self.weights == "none" and self.train not in ("all", "staged"):
            remarks.append(
                f"With weights none the frozen part is random and stays so, and train {self.train} can learn little: "
                "choose train all."
            )
        if self.patience >= self.epochs:
            remarks.append(f"Patience {self.patience} is never reached within {self.epochs} epochs.")
        return remarks

    def _conflicts(self) -> list[tuple[set[str], str]]:
        """Fields that do not go together, and the sentence that says so."""
        conflicts: list[tuple[set[str], str]] = []
        if self.train == "staged" and self.resolved_head_epochs() >= self.epochs:
            conflicts.append(
                (
                    {"train", "epochs", "head_epochs"},
                    f"train is staged with {self.resolved_head_epochs()} of {self.epochs} epochs for the head, "
                    "so none is left for the rest; give more epochs or train the head only.",
                )
            )
        return conflicts


def _plain(detail: ErrorDetails) -> str:
    """One sentence for one of pydantic's errors: the field, what was found, what is allowed."""
    field = ".".join(str(part) for part in detail["loc"]) or "recipe"
    field = field.split(".")[0]
    found, kind, context = detail["input"], detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{field} is not a setting; known are {', '.join(Recipe.model_fields)}."
    if kind in ("conflict", "unknown_architecture"):
        return detail["msg"]
    if kind == "json_invalid":
        return f"the text is not valid JSON ({context.get('error', '')})."
    allowed = {
        "literal_error": lambda: f"allowed are {', '.join(CHOICES[field])}",
        "greater_than_equal": lambda: f"at least {context['ge']} is needed",
        "greater_than": lambda: f"more than {context['gt']} is needed",
        "less_than_equal": lambda: f"at most {context['le']} is allowed",
        "less_than": lambda: f"less than {context['lt']} is allowed",
        "int_parsing": lambda: "a whole number is needed",
        "int_from_float": lambda: "a whole number is needed",
        "int_type": lambda: "a whole number is needed",
        "float_parsing": lambda: "a number is needed",
        "float_type": lambda: "a number is needed",
        "finite_number": lambda: "a finite number is needed",
        "string_pattern_mismatch": lambda: "allowed are auto, cpu, cuda, cuda:N, mps and xpu",
        "string_too_short": lambda: "it must not be empty",
        "string_type": lambda: "a text is needed",
    }.get(kind, lambda: detail["msg"])()
    return f"{field} is {found!r}, but {allowed}."


def _joined(problems: Iterable[str]) -> str:
    listed = list(problems)
    if len(listed) == 1:
        return f"The recipe does not work: {listed[0]}"
    return f"The recipe has {len(listed)} problems: " + " ".join(f"({n}) {text}" for n, text in enumerate(listed, 1))

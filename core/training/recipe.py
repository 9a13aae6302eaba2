"""The recipe: all settings that determine a run, checked together and saved with it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from core.errors import RecipeError, UnknownArchitecture
from core.models.zoo import config_of, with_plain_head
from core.training.choices import NAMED_WEIGHTS
from core.training.settings.recipe_conflicts import chosen_for_steps, conflicts_of
from core.training.settings.recipe_messages import joined_problems, problem_sentences
from core.training.settings.technique_settings import TechniqueSettings

# The head's rate by optimizer, chosen on three sets of 85 to 1,000 photos. SGD from random weights takes larger steps.
_LEARNING_RATES = {"adamw": 2e-3, "adam": 2e-3, "sgd": 5e-3}
_FROM_SCRATCH = {"adamw": 1e-3, "adam": 1e-3, "sgd": 5e-2}

TASK_DEFAULTS: dict[str, dict[str, Any]] = {
    "classification": {},
    "localization": {"mode": "letterbox", "epochs": 24, "augmentation": "standard", "views": 8},
}
"""The defaults of a task where they differ from the fields' own.

A box must be visible as a whole, so localization crops nothing and keeps shapes. Its head has more to learn than a
classification head, so it needs more epochs and more augmentation: fixed views with six different crops.
"""

# What trainings of earlier versions did, whose recipes do not say so.
_BEFORE = {"views": 0, "optimizer": "adamw", "head_features": "last"}

# Validation context in which fields are checked one by one, not against each other.
_FIELDS_ALONE = {"conflicts": False}
# Validation context of a recipe that was saved, perhaps by an earlier version.
_SAVED = {"saved": True}


def _usual_layers(values: Mapping[str, Any], saved: bool) -> str:
    """Return which layers are trained if nobody chose them; recipes that were saved without them trained the head."""
    if values.get("weights") == "none":  # freezing layers makes sense only if they are pretrained
        return "all"
    return "head" if saved or values.get("optimizer") == "logistic" else "automatic"


class Recipe(TechniqueSettings):
    """All settings that determine a run; frozen. ``Recipe.checked(...)`` makes one from a user's values."""

    @model_validator(mode="before")
    @classmethod
    def _train_all_from_scratch(cls, values: Any, info: ValidationInfo) -> Any:
        if isinstance(values, dict) and info.context is _SAVED:
            values = {**_BEFORE, **values}
        if not isinstance(values, dict) or values.get("train") is not None:
            return values
        return {**values, "train": _usual_layers(values, saved=info.context is _SAVED)}

    @field_validator("arch")
    @classmethod
    def _known_architecture(cls, arch: str) -> str:
        try:
            plain = config_of(arch).head == "last"
        except UnknownArchitecture as error:
            raise PydanticCustomError("unknown_architecture", "{text}", {"text": str(error)}) from error
        if not plain:
            raise PydanticCustomError(
                "unknown_architecture",
                "{text}",
                {"text": f"arch is {arch}; set arch to {with_plain_head(arch)}, and head_features to stages or auto."},
            )
        return arch

    @model_validator(mode="after")
    def _no_conflicts(self, info: ValidationInfo) -> Self:
        if info.context is _FIELDS_ALONE:
            return self
        problems = [text for _, text in conflicts_of(self)]
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
            problems = problem_sentences(error.errors(), cls.model_fields)
            wrong = {str(detail["loc"][0]) for detail in error.errors()}
        sound = {name: value for name, value in values.items() if name not in wrong}
        draft = cls.model_validate(sound, context=_FIELDS_ALONE)
        problems += [text for fields, text in conflicts_of(draft) if not wrong.intersection(fields)]
        if "weights" not in wrong and draft.weights not in NAMED_WEIGHTS:
            path = Path(draft.weights).expanduser().resolve()
            sound["weights"] = str(path)
            if not path.exists():
                problems.append(
                    f"weights is {draft.weights!r}, but there is no such file or folder; "
                    f"use {', '.join(NAMED_WEIGHTS)}, or the path of a weight file or a bundle."
                )
        if problems:
            raise RecipeError(joined_problems(problems))
        return cls.model_validate(sound)

    @classmethod
    def checked_value(cls, name: str, value: Any) -> Any:
        """Return a setting's value as a recipe holds it, whatever the other settings are.

        Raises RecipeError with a sentence about this value.
        """
        try:
            if name == "weights":  # never in conflict with the defaults; a file must be there
                return cls.checked(weights=value).weights
            return getattr(cls.model_validate({name: value}, context=_FIELDS_ALONE), name)
        except RecipeError as error:
            raise RecipeError(str(error).removeprefix("The recipe is not valid: ")) from error
        except ValidationError as error:
            sentences = problem_sentences(error.errors(), cls.model_fields)
            raise RecipeError(" ".join(sentences)) from error

    @classmethod
    def for_task(cls, task: str, **values: Any) -> Self:
        """Return ``checked``, with a task's defaults for settings that are missing or None."""
        usual = dict(TASK_DEFAULTS[task])
        if values.get("weights") == "none":
            usual.pop("train", None)
        given = {name: value for name, value in values.items() if value is not None or name not in usual}
        recipe = cls.checked(**{**usual, **given})
        if recipe.optimizer == "logistic" and task != "classification":
            raise RecipeError("optimizer is logistic, which finds no boxes; choose auto, adamw, adam or sgd.")
        if recipe.head_features == "stages" and task != "classification":
            raise RecipeError("head_features is stages, but a head for boxes takes the last stage; leave it out.")
        if recipe.head_size is not None and task != "classification":
            raise RecipeError(f"head_size is {recipe.head_size}, but a head for boxes is not refitted; leave it out.")
        return recipe

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the recipe that ``model_dump_json`` wrote; raises RecipeError for anything else."""
        try:
            return cls.model_validate_json(text, context=_SAVED)
        except ValidationError as error:
            raise RecipeError(joined_problems(problem_sentences(error.errors(), cls.model_fields))) from error
        except RecursionError as error:
            raise RecipeError("The recipe is not valid: it is nested too deeply.") from error

    def resolved_learning_rate(self) -> float:
        """Return the head's peak learning rate: the given one, or a good value for the optimizer."""
        return self.usual_learning_rate() if self.learning_rate is None else self.learning_rate

    def usual_learning_rate(self) -> float:
        """Return a good peak learning rate of the head for the optimizer and the starting weights."""
        return (_FROM_SCRATCH if self.weights == "none" else _LEARNING_RATES)[self.gradient_optimizer()]

    def gradient_optimizer(self) -> str:
        """Return the optimizer of a training by gradient descent: adamw unless one is chosen."""
        return "adamw" if self.optimizer in ("auto", "logistic") else self.optimizer

    def resolved_optimizer(self, task: str = "classification") -> str:
        """Return the optimizer for a task: the chosen one, or with ``auto`` what suits the other settings.

        That is ``logistic`` where only the head of a pretrained network is trained, on fixed views, and no chosen
        setting needs gradient descent; elsewhere ``adamw``.
        """
        if self.optimizer != "auto":
            return self.optimizer
        head_alone = task == "classification" and self.train == "head" and self.weights != "none"
        by_steps = self.views == 0 or self.learning_rate is not None or chosen_for_steps(self)
        return "logistic" if head_alone and not by_steps else "adamw"

    def solves_head(self, task: str = "classification") -> bool:
        """Return whether the head is solved on kept vectors, without gradient descent and without the trainer."""
        return task == "classification" and self.resolved_optimizer(task) == "logistic"

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

"""The recipe: all settings that determine a run, checked together and saved with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from core.errors import RecipeError, UnknownArchitecture
from core.models.zoo import config_of
from core.training.choices import NAMED_WEIGHTS
from core.training.settings.recipe_conflicts import chosen_for_steps, conflicts_of
from core.training.settings.recipe_messages import joined_problems, problem_sentence
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

# What trainings of version 0.2 did, whose recipes do not say so.
_BEFORE_VIEWS = {"views": 0, "optimizer": "adamw"}

# Validation context in which fields are checked one by one, not against each other.
_FIELDS_ALONE = {"conflicts": False}
# Validation context of a recipe that was saved, perhaps by an earlier version.
_SAVED = {"saved": True}


class Recipe(TechniqueSettings):
    """All settings that determine a run; frozen. ``Recipe.checked(...)`` makes one from a user's values."""

    @model_validator(mode="before")
    @classmethod
    def _train_all_from_scratch(cls, values: Any, info: ValidationInfo) -> Any:
        if isinstance(values, dict) and info.context is _SAVED:
            values = {**_BEFORE_VIEWS, **values}
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
            problems = [problem_sentence(detail, cls.model_fields) for detail in error.errors()]
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
    def for_task(cls, task: str, **values: Any) -> Self:
        """Return ``checked``, with a task's defaults for settings that are missing or None."""
        usual = dict(TASK_DEFAULTS[task])
        if values.get("weights") == "none":
            usual.pop("train", None)
        given = {name: value for name, value in values.items() if value is not None or name not in usual}
        recipe = cls.checked(**{**usual, **given})
        if recipe.optimizer == "logistic" and task != "classification":
            raise RecipeError("optimizer is logistic, which finds no boxes; choose auto, adamw, adam or sgd.")
        return recipe

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the recipe that ``model_dump_json`` wrote; raises RecipeError for anything else."""
        try:
            return cls.model_validate_json(text, context=_SAVED)
        except ValidationError as error:
            raise RecipeError(
                joined_problems(problem_sentence(detail, cls.model_fields) for detail in error.errors())
            ) from error
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

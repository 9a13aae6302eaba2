"""``bundle.json``: what a bundle records about its weights, and its strict reading."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from core.models.decision import Decision
from core.models.untrusted.strict_json import InvalidJson, one_line, strict_json

SCHEMA_VERSION = 1
STAGES_VERSION = 2
"""Of bundles with a head on several stages: earlier versions, which cannot build it, then ask for an update."""
DECISION_VERSION = 3
"""Of bundles with a decision: earlier versions, which would answer otherwise, then ask for an update."""
VERSIONS = (SCHEMA_VERSION, STAGES_VERSION, DECISION_VERSION)

MAX_BYTES = 8 * 2**20
"""The longest bundle.json; one with 1,000 classes and their metrics takes 0.2 MB."""

MAX_CLASSES = 30_000
MAX_TEXT = 2_000
_SHOWN_PROBLEMS = 3

Side = Annotated[int, Field(strict=True, ge=1, le=4096)]
Mean = Annotated[float, Field(strict=True, ge=0, le=1)]
Deviation = Annotated[float, Field(strict=True, ge=1e-4, le=100)]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class _Preprocessing(BaseModel):
    """The values that a bundle's preprocessing may have; core.data.pictures.transforms carries it out."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["crop", "squash", "letterbox"]
    size: Side
    resize: Side
    interpolation: Literal["bilinear"]
    mean: tuple[Mean, Mean, Mean]
    std: tuple[Deviation, Deviation, Deviation]


def _valid_preprocessing(found: dict[str, Any]) -> dict[str, Any]:
    try:
        _Preprocessing.model_validate(found)
    except ValidationError as error:
        raise PydanticCustomError("preprocessing", "{problems}", {"problems": _problems(error)}) from error
    return found


PreprocessingValues = Annotated[dict[str, Any], AfterValidator(_valid_preprocessing)]


def _problems(error: ValidationError) -> str:
    problems = [f"{one_line('.'.join(map(str, one['loc'])))}: {one['msg']}" for one in error.errors()]
    more = f" and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
    return "; ".join(problems[:_SHOWN_PROBLEMS]) + more


class BundleInfo(BaseModel):
    """Everything that a bundle records about its weights; ``bundle.json`` is this model as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    schema_version: int = Field(default=SCHEMA_VERSION, strict=True, description="The version of this file's format.")
    arch: ShortText = Field(description="The architecture's name in core.models.zoo.")
    task: Literal["classification", "localization"] = Field(
        default="classification", description="What the network was trained for; localization has a box head."
    )
    classes: tuple[ShortText, ...] = Field(
        min_length=1, max_length=MAX_CLASSES, description="The classes, in the order of the logits."
    )
    preprocessing: PreprocessingValues = Field(
        description="How a picture becomes the input: mode, size, resize, interpolation, mean, std."
    )
    weights: dict[ShortText, Text] = Field(
        default={}, description="Where the starting weights came from, and their licence."
    )
    snapshot_digest: Text | None = Field(default=None, description="The digest of the snapshot used for training.")
    recipe: dict[str, Any] | None = Field(default=None, description="The recipe of the run.")
    metrics: dict[str, Any] = Field(default={}, description="The metrics of the run by name.")
    libraries: dict[ShortText, Text] = Field(default={}, description="The libraries' versions by name.")
    created: Annotated[str, Field(max_length=100)] = Field(
        description="The time of creation, in ISO 8601 with its time zone."
    )
    model_sha256: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="The SHA-256 of model.safetensors; bundles from before version 0.2 have none.",
    )
    decision: Decision | None = Field(
        default=None, description="How the logits become an answer; without it, the likeliest class is the answer."
    )

    @model_validator(mode="after")
    def _threshold_is_of_a_class(self) -> Self:
        threshold = self.decision.threshold if self.decision else None
        if threshold is not None and threshold.class_name not in self.classes:
            raise PydanticCustomError("threshold", "the threshold is for a class that the model does not have")
        return self

    def public(self) -> Self:
        """Return what others may read: weight files without their folders, and nobody's name beside the exam."""
        weights = {name: without_folder(value) for name, value in self.weights.items()}
        recipe = self.recipe
        if recipe is not None and isinstance(recipe.get("weights"), str):
            recipe = {**recipe, "weights": without_folder(recipe["weights"])}
        return self.model_copy(update={"weights": weights, "recipe": recipe, "metrics": without_names(self.metrics)})


def without_folder(text: str) -> str:
    """Return a path's last part, and any other text as it is: folders name people and machines."""
    is_path = PurePosixPath(text).is_absolute() or PureWindowsPath(text).drive or text.startswith((".", "~"))
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1] if is_path and "://" not in text else text


def without_names(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures by name; their exam, if they have one, without who took it."""
    exam = figures.get("exam")
    kept = {"exam": {key: value for key, value in exam.items() if key != "who"}} if isinstance(exam, dict) else {}
    return {**figures, **kept}


class InvalidInfo(ValueError):
    """Why a bundle.json is not valid, in half a sentence."""


def parse_info(data: bytes) -> BundleInfo:
    """Return what a bundle.json says; raises InvalidInfo for everything that does not belong there."""
    try:
        raw = strict_json(data, MAX_BYTES)
    except InvalidJson as error:
        raise InvalidInfo(str(error)) from error
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version not in VERSIONS:
        found = f"{version}" if isinstance(version, int) else "missing or not a number"
        raise OtherVersion(found)
    try:
        return BundleInfo.model_validate(raw)
    except ValidationError as error:
        raise InvalidInfo(_problems(error)) from error


class OtherVersion(ValueError):
    """The version that a bundle.json of another schema says it has."""

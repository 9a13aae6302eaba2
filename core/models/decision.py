"""The decision of a bundle: how logits become an answer, an ``unsure`` or a set of likely classes.

It is data only; core.inspection.doubt fits it on validation photos and applies it. The network and its weights are the
same with and without it.
"""

import hashlib
import json
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
LEVELS = (90, 95, 99)
"""The levels of conformal sets, in per cent."""

HELPS_NOT = "It is switched off: on unseen photos, the probabilities fit no better with it."
"""A remark of a decision whose temperature was switched off when it was fitted."""

FOREIGN_FILE = "foreign.safetensors"
"""Beside the weights: the training photos' vectors, or what was computed from them."""


def new_foreign_file(sha256: str) -> str:
    """Return the name under which new vectors wait until bundle.json names them; a killed process leaves them there."""
    return f"foreign-{sha256}.safetensors"


Share = Annotated[float, Field(ge=0, le=1)]
MOST_COST = 1e6
Cost = Annotated[float, Field(gt=0, le=MOST_COST)]
Percent = Annotated[int, Field(ge=1, le=99)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Threshold(_Frozen):
    """A class that is chosen whenever its probability is at least ``at``, and never below it."""

    class_name: str = Field(min_length=1, max_length=200, description="The class, a name of the bundle's classes.")
    at: Share = Field(description="The smallest probability at which the class is chosen.")
    miss_cost: Cost = Field(default=1.0, description="What one missed photo of the class costs.")
    false_alarm_cost: Cost = Field(default=1.0, description="What one photo costs that is wrongly given the class.")


class Foreign(_Frozen):
    """The score for "none of these": how far a photo's vector is from the training photos' vectors."""

    method: Literal["nearest"] = Field(
        default="nearest", description="The distance to the nearest training photos: 1 - the cosine of the angle."
    )
    neighbours: int = Field(ge=1, le=1000, description="The distance to which of the nearest ones counts.")
    limit: float = Field(ge=-1e9, le=1e9, description="Photos with a larger score are foreign.")
    accepted: Share = Field(description="The share of the validation photos with a score of at most the limit.")
    n: int = Field(ge=1, le=10**9, description="How many training photos the score compares with.")
    sha256: Digest = Field(description="The SHA-256 of foreign.safetensors.")


class FittedOn(_Frozen):
    """The photos that the decision was fitted on, and when."""

    split: Literal["val"] = Field(default="val", description="The split; a decision is never fitted on test photos.")
    n: int = Field(ge=0, le=10**9, description="How many photos.")
    snapshot_digest: str | None = Field(default=None, max_length=200, description="The digest of their snapshot.")
    created: str = Field(max_length=100, description="The time, in ISO 8601 with its time zone.")


class Decision(_Frozen):
    """What is done with a model's logits; every part may be missing. ``bundle.json`` holds it as JSON."""

    temperature: Annotated[float, Field(ge=MIN_TEMPERATURE, le=MAX_TEMPERATURE)] | None = Field(
        default=None, description="The logits are divided by it; null if it was not fitted."
    )
    use_temperature: bool = Field(default=True, description="Whether probabilities are calibrated by the temperature.")
    leave_below: Share | None = Field(
        default=None, description="An answer with a smaller probability is unsure; null: no answer is."
    )
    threshold: Threshold | None = Field(default=None, description="The threshold of one class; null: the likeliest.")
    conformal: dict[Percent, Share] = Field(
        default={},
        max_length=99,
        description="For each level in per cent, the largest score (1 - probability, always calibrated) in a set.",
    )
    set_level: Percent = Field(default=90, description="The level of the sets that predictions show.")
    foreign: Foreign | None = Field(default=None, description='The score for "none of these"; null if not fitted.')
    fitted_on: FittedOn | None = Field(default=None, description="The photos of the fit; null before one.")
    remarks: tuple[Annotated[str, Field(max_length=500)], ...] = Field(
        default=(), max_length=20, description="What could not be fitted, and why."
    )

    @model_validator(mode="after")
    def _fitted_parts_say_on_what(self) -> Self:
        if self.fitted_on is None and (self.temperature is not None or self.conformal or self.foreign):
            raise ValueError("a fitted decision says on which photos it was fitted (fitted_on)")
        return self

    @property
    def scale(self) -> float:
        """What the logits are divided by: the temperature if there is one and it is switched on, else 1."""
        return self.temperature if self.temperature is not None and self.use_temperature else 1.0

    @property
    def changes_answers(self) -> bool:
        """Whether it gives another answer than the likeliest class to some photos, or leaves them to a person."""
        return self.leave_below is not None or self.threshold is not None or self.foreign is not None

    @property
    def digest(self) -> str:
        """The SHA-256 of all that an answer depends on: figures of another digest are of another decision.

        When it was fitted, what a mistake costs and what could not be fitted change no answer.
        """
        limit = self.conformal.get(self.set_level)
        threshold, foreign = self.threshold, self.foreign
        rules = {
            "scale": self.scale,
            "leave_below": self.leave_below,
            "threshold": None if threshold is None else [threshold.class_name, threshold.at],
            "sets": None if limit is None else [self.set_level, limit, self.temperature],
            "foreign": None if foreign is None else [foreign.sha256, foreign.neighbours, foreign.limit],
        }
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()

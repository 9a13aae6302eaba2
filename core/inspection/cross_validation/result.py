"""The result of a cross-validation: figures with their intervals, for each fold, and as a random split has them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import RecipeError, RunError
from core.file_replacement import replace_patiently
from core.inspection.measuring.report import Count, GroupDifference, GroupInterval, Rate, Report

MOST_FOLDS = 20
MOST_REPEATS = 20
SPLIT = "cross-validation"
"""What the report says in place of a split."""
Grouping = Literal["user", "near-duplicates", "none"]
_MOST_BYTES = 100_000_000


class _Figures(BaseModel):
    """Part of a result. Results are read back from disk, so every field has bounds."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid")


class Settings(_Figures):
    """What a person chooses; ``Settings.checked`` makes one from a person's values."""

    folds: Annotated[int, Field(ge=2, le=MOST_FOLDS)] = 5
    repeats: Annotated[int, Field(ge=1, le=MOST_REPEATS)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    compare: bool = False
    """Also computes what a random split, which ignores the groups, would have claimed."""

    @classmethod
    def checked(cls, **values: int | bool) -> Self:
        """Return the settings; RecipeError says which value is not allowed."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            limits = {"folds": (2, MOST_FOLDS), "repeats": (1, MOST_REPEATS), "seed": (0, 2**31 - 1)}
            name = str(error.errors()[0]["loc"][0])
            low, high = limits.get(name, (0, 1))
            raise RecipeError(f"{name} is {values.get(name)}, but must be from {low} to {high}.") from error


class Repeat(_Figures):
    """One division into folds: each photo is predicted once."""

    seed: Count
    accuracy: Rate
    folds: tuple[Rate, ...]
    """The accuracy in each fold, by the head that was trained on the others."""


class Estimate(_Figures):
    """The accuracy that one way of dividing the photos gives."""

    accuracy: Rate
    """The mean over the repeats. Its interval is Wilson's, over photos: a repeat adds no photos."""
    over_groups: GroupInterval | None = None
    """The interval over groups, where a person has set groups."""
    repeats: tuple[Repeat, ...] = Field(min_length=1)

    @classmethod
    def of(cls, repeats: tuple[Repeat, ...], over_groups: GroupInterval | None = None) -> Estimate:
        """Average the repeats, which all have the same photos."""
        n = repeats[0].accuracy.n
        mean = sum(one.accuracy.correct for one in repeats) / len(repeats)
        return cls(accuracy=Rate.of(round(mean), n), over_groups=over_groups, repeats=repeats)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest accuracy of a repeat."""
        values = [one.accuracy.value or 0.0 for one in self.repeats]
        return min(values), max(values)


class CrossValidation(_Figures):
    """All figures of a cross-validation; its predictions are a table beside it."""

    schema_version: int = 1
    settings: Settings
    n: Count
    """The training and validation photos."""
    left_out: Count
    """The test photos, which are not used."""
    folds: Count
    """As many as there were; perhaps fewer than wanted, see the remarks."""
    grouped_by: Grouping
    groups: Count
    """How many groups there are, where a photo without others is a group of its own."""
    estimate: Estimate
    """Groups stay together."""
    random: Estimate | None = None
    """What a random split would have claimed, with the same photos and the same sizes of folds."""
    difference: GroupDifference | None = None
    """The accuracy of the random split minus the estimate, on the same photos."""
    report: Report
    """Of the first repeat; its confusion matrix counts every photo once."""
    remarks: tuple[str, ...] = ()
    network: str = ""
    engine: str = ""
    seconds: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        estimates = (self.estimate, *([self.random] if self.random else ()))
        if any(one.accuracy.n != self.n for one in estimates) or self.report.n != self.n:
            raise ValueError("the figures are not all of the same photos")
        return self

    def write(self, path: Path) -> None:
        """Write the result as JSON, whole or not at all. Raises OSError."""
        part = path.with_name(path.name + ".part")
        part.write_text(self.model_dump_json(indent=2), encoding="utf-8")
        replace_patiently(part, path)

    @classmethod
    def read(cls, path: Path) -> CrossValidation:
        """Read what ``write`` wrote. Raises RunError if the file is missing or no result."""
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError("the file is too large")
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{path} is not a readable result. Cross-validate again to replace it.") from error

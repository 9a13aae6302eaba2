"""How a stream of answers is smoothed and when it raises an alarm."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import DataError

Method = Literal["none", "exponential", "median"]
METHODS: tuple[Method, ...] = ("none", "exponential", "median")
"""How probabilities can be smoothed: see `core.live.smoothing`."""
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
LONGEST_WINDOW = 600.0


class LiveSettings(BaseModel):
    """One frozen set of settings; the CSV of a stream is made with exactly these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smoothing: Method = Field(default="exponential", description="How probabilities are smoothed over time.")
    smoothing_seconds: float = Field(
        default=0.5, gt=0, le=60, description="The time constant of the running mean, or the median's window."
    )
    alarm_class: str | None = Field(
        default=None, description="The class that raises the alarm, such as closed eyes; null: no alarm."
    )
    threshold: Share = Field(default=0.5, description="The smoothed probability from which the class counts as seen.")
    hysteresis: Share = Field(
        default=0.1,
        description="How far below the threshold the probability must fall before an alarm ends; at most half of it.",
    )
    alarm_seconds: float = Field(
        default=1.5, ge=0, le=600, description="How long the class must be seen without a break to raise the alarm."
    )
    window_seconds: float = Field(
        default=60, ge=1, le=LONGEST_WINDOW, description="The window of the share of time in which the class is seen."
    )
    share_limit: Share | None = Field(
        default=None, description="The share of the window that also raises an alarm; null: it does not."
    )

    @model_validator(mode="after")
    def _alarm_needs_a_class(self) -> Self:
        if self.share_limit is not None and self.alarm_class is None:
            raise ValueError("a limit for the share of time needs a class (alarm_class)")
        return self

    @classmethod
    def checked(cls, **values: Any) -> Self:
        """Return the settings; raises DataError that lists all that is wrong with them."""
        try:
            return cls(**values)
        except ValidationError as error:
            found = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}".lstrip(": ") for one in error.errors()]
            raise DataError(f"These settings cannot be used. {'; '.join(found)}.") from error

    @property
    def release(self) -> float:
        """The probability below which the class no longer counts as seen."""
        return release_below(self.threshold, self.hysteresis)


def release_below(threshold: float, margin: float) -> float:
    """Return where a value that has reached a threshold no longer counts: by the margin, at most half the threshold.

    Costs may give a threshold below the margin; at 0, an alarm would never end.
    """
    return max(threshold / 2, threshold - margin)

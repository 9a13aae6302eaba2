"""An alarm: a value that stays above a threshold for some seconds, announced once until it has fallen again."""

from typing import Literal

from core.live.closed_share import GAP_SECONDS

Turn = Literal["started", "ended"]


class Alarm:
    """Sounds after ``seconds`` at or above ``threshold``, and until the value is below ``release``.

    ``release`` lies below ``threshold``, so that a value that trembles around it makes one alarm and not many. After
    a gap without frames nothing is known of the time between: the seconds are counted anew, and the alarm ends.
    """

    def __init__(self, threshold: float, release: float, seconds: float) -> None:
        if release > threshold:
            raise ValueError("an alarm is released below the threshold at which it starts")
        self.threshold = threshold
        self.release = release
        self.seconds = seconds
        self.sounding = False
        self._since: float | None = None
        self._at: float | None = None

    @property
    def above(self) -> bool:
        """Whether the value has reached the threshold, and has not fallen below ``release`` since."""
        return self._since is not None

    @property
    def above_seconds(self) -> float:
        """How long the value has been above, up to the newest frame; 0 if it is not."""
        return 0.0 if self._since is None or self._at is None else self._at - self._since

    def add(self, at: float, value: float) -> Turn | None:
        """Note a value at a time in seconds, and return what it changes; None in most frames."""
        if self._at is not None and at - self._at > GAP_SECONDS:
            self._since = None
        self._at = at
        was_sounding = self.sounding
        if value < self.release or (self._since is None and value < self.threshold):
            self._since = None
        elif self._since is None:
            self._since = at
        self.sounding = self._since is not None and (
            (was_sounding and self._since < at) or self.above_seconds >= self.seconds
        )
        if self.sounding == was_sounding:
            return None
        return "started" if self.sounding else "ended"

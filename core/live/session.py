"""A stream of answers: smoothed, watched by the alarms, and logged."""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

import numpy as np

from core.errors import DataError
from core.inspection.deciding.decide import chosen_classes
from core.live.alarm import Alarm
from core.live.closed_share import GAP_SECONDS, ClosedShare
from core.live.settings import LiveSettings, release_below
from core.live.smoothing import Smoother
from core.models.decision import Decision

MOST_FRAMES = 72_000
"""Two hours at ten answers a second; of more, the oldest are forgotten."""
MOST_NUMBERS = 8_000_000
"""Probabilities that are kept, so that a thousand classes do not fill the memory."""
MOST_EVENTS = 1_000
NO_FACE = "no face"
NO_FACE_SECONDS = 0.5
"""After this long without a face, the log says so: detectors miss single frames."""
SHARE_MARGIN = 0.02
"""How far the share of time must fall below its limit before that alarm ends; at most half of it."""


@dataclass(frozen=True)
class Seen:
    """What a model says of one frame, before smoothing."""

    at: float
    """Seconds since the stream began; in a recording, its own time."""
    probabilities: np.ndarray
    """Float64 [C], calibrated if the model's decision says so."""
    foreign: bool = False
    """Whether the photo is unlike all training photos ("none of these")."""


@dataclass(frozen=True)
class Answer:
    """The answer after a frame."""

    seen: Seen
    smoothed: np.ndarray
    """Float64 [C]."""
    chosen: int
    """The class, as the model's decision chooses it from the smoothed probabilities."""
    unsure: bool
    """Whether its probability is too small for an answer, or the photo is foreign."""
    above_seconds: float
    """How long the alarm's class has been seen without a break."""
    share: float | None
    """The share of the window in which it was seen; None while too little of it has passed."""
    alarm: bool
    drowsy: bool
    """Whether the share is beyond its limit."""

    @property
    def sounding(self) -> bool:
        return self.alarm or self.drowsy


@dataclass(frozen=True)
class NoFace:
    """A frame without an answer, because no face was found that could be cropped."""

    at: float
    sounding: bool
    """Whether an alarm from before goes on."""


@dataclass(frozen=True)
class Event:
    """One line of the log."""

    at: float
    kind: str
    """``answer``, ``no face``, ``alarm``, ``alarm ended``, ``share`` or ``share ended``."""
    text: str


class LiveSession:
    """One stream with one model. Not for several threads at once."""

    def __init__(
        self, classes: Sequence[str], decision: Decision | None, settings: LiveSettings, *, cropped: bool = False
    ) -> None:
        """``cropped``: frames may have no face. Raises DataError if the model has no class with the alarm's name."""
        self.classes = tuple(classes)
        self.cropped = cropped
        self.decision = decision
        self.settings = settings
        kept = min(MOST_FRAMES, MOST_NUMBERS // (2 * len(self.classes)))
        self.answers: deque[Answer] = deque(maxlen=kept)
        self.without_face: deque[NoFace] = deque(maxlen=kept)
        self.events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._smoother = Smoother(settings.smoothing, settings.smoothing_seconds)
        self._share = ClosedShare(settings.window_seconds)
        self._alarm = Alarm(settings.threshold, settings.release, settings.alarm_seconds)
        limit = settings.share_limit
        self._drowsy = None if limit is None else Alarm(limit, release_below(limit, SHARE_MARGIN), 0.0)
        self._watched = None if settings.alarm_class is None else _place(self.classes, settings.alarm_class)
        self._spoken: tuple[int, bool] | str | None = None
        self.after_gap = False
        """Whether the newest frame came so long after the one before that the alarm starts to count again."""
        self._gaps, self.newest = 0, -math.inf
        self._missing_since: float | None = None
        self._alarm_began = self._drowsy_began = 0.0

    def add(self, seen: Seen) -> Answer:
        """Take one more frame and return the answer. Raises ValueError if it is not later than the one before."""
        smoothed = self._smoother.add(seen.at, seen.probabilities)
        decision = self.decision or Decision()
        chosen = int(chosen_classes(smoothed[None], decision, self.classes)[0])
        too_small = decision.leave_below is not None and smoothed[chosen] < decision.leave_below
        unsure = bool(too_small or seen.foreign)
        self._missing_since = None
        self._log_answer(seen.at, chosen, unsure)
        self._note_time(seen.at)
        share = self._watch(seen.at, smoothed)
        drowsy = self._drowsy is not None and self._drowsy.sounding
        above = self._alarm.above_seconds
        answer = Answer(seen, smoothed, chosen, unsure, above, share, self._alarm.sounding, drowsy)
        self.answers.append(answer)
        return answer

    def add_without_face(self, at: float) -> NoFace:
        """Take a frame without a face, which is no answer. Raises ValueError if it is not later than the one before.

        An alarm that sounds goes on: nobody knows whether the eyes have opened. None begins, and a class that was seen
        counts anew once its last answer is more than GAP_SECONDS old.
        """
        if at <= self.newest:
            raise ValueError(f"the frame at {at} s does not follow the one at {self.newest} s")
        self._note_time(at)
        if self._missing_since is None:
            self._missing_since = at
        if at - self._missing_since >= NO_FACE_SECONDS and self._spoken != NO_FACE:
            self._spoken = NO_FACE
            self._log(at, NO_FACE, "no face")
        found = NoFace(at, bool(self.answers) and self.answers[-1].sounding)
        self.without_face.append(found)
        return found

    @property
    def face_missing(self) -> bool:
        """Whether the newest frame has no face."""
        return self._missing_since is not None

    @property
    def frames(self) -> Iterator[Answer | NoFace]:
        """All frames that are kept, in the order of their times."""
        return merge(self.answers, self.without_face, key=_time_of)

    def with_settings(self, settings: LiveSettings) -> "LiveSession":
        """Return a session with other settings and the same frames, answered anew."""
        session = LiveSession(self.classes, self.decision, settings, cropped=self.cropped)
        for one in self.frames:
            if isinstance(one, NoFace):
                session.add_without_face(one.at)
            else:
                session.add(one.seen)
        return session

    @property
    def alarms(self) -> list[Event]:
        """When each alarm began."""
        return [one for one in self.events if one.kind in ("alarm", "share")]

    @property
    def warning(self) -> str:
        """Say that frames were too far apart for the alarm; empty where they were not, or no class raises one."""
        if self._watched is None or not self._gaps:
            return ""
        frames = "1 frame" if self._gaps == 1 else f"{self._gaps:,} frames"
        return (
            f"{frames} came more than {GAP_SECONDS:g} second after the one before. There, the alarm starts to count "
            "again: it needs at least 2 frames a second."
        )

    def _note_time(self, at: float) -> None:
        self.after_gap = bool(at - self.newest > GAP_SECONDS and self.newest > -math.inf)
        self._gaps, self.newest = self._gaps + self.after_gap, at

    def _watch(self, at: float, smoothed: np.ndarray) -> float | None:
        """Update the alarms, log their turns, and return the share of time."""
        if self._watched is None:
            return None
        name, value = self.classes[self._watched], float(smoothed[self._watched])
        turn = self._alarm.add(at, value)
        if turn == "started":
            self._alarm_began = at
            self._log(at, "alarm", f"alarm: {name} for {self._alarm.above_seconds:.1f} s")
        elif turn == "ended":
            self._log(at, "alarm ended", f"alarm ended after {at - self._alarm_began:.1f} s")
        share = self._share.add(at, self._alarm.above)
        if self._drowsy is not None and share is not None:
            turn = self._drowsy.add(at, share)
            window = f"{self.settings.window_seconds:g} s"
            if turn == "started":
                self._drowsy_began = at
                self._log(at, "share", f"alarm: {name} in {share:.0%} of the last {window}")
            elif turn == "ended":
                self._log(at, "share ended", f"alarm for the share ended after {at - self._drowsy_began:.1f} s")
        return share

    def _log_answer(self, at: float, chosen: int, unsure: bool) -> None:
        if (chosen, unsure) != self._spoken:
            self._spoken = (chosen, unsure)
            self._log(at, "answer", f"unsure, perhaps {self.classes[chosen]}" if unsure else self.classes[chosen])

    def _log(self, at: float, kind: str, text: str) -> None:
        self.events.append(Event(at, kind, text))


def replayed(
    frames: Iterable[Seen], classes: Sequence[str], decision: Decision | None, settings: LiveSettings
) -> LiveSession:
    """Return a session that has taken these frames. Raises the errors of LiveSession."""
    session = LiveSession(classes, decision, settings)
    for seen in frames:
        session.add(seen)
    return session


def _time_of(frame: Answer | NoFace) -> float:
    return frame.at if isinstance(frame, NoFace) else frame.seen.at


def _place(classes: Sequence[str], name: str) -> int:
    if name not in classes:
        shown = ", ".join(classes[:8]) + (", ..." if len(classes) > 8 else "")
        raise DataError(f'The model has no class "{name}" for the alarm. Choose one of: {shown}.')
    return classes.index(name)

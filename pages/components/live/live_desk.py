"""What one browser tab sees live: takes the posted frames, answers them, and keeps the stream for the timeline."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.data.pictures.box import Box
from core.errors import ImageRefused
from core.live.faces.cropped_model import answer_crop
from core.live.faces.crops import Crop
from core.live.latency import LatencyMeter
from core.live.session import Answer, LiveSession
from core.live.settings import LiveSettings
from pages.components.camera.posted_pictures import Picture, camera_picture

if TYPE_CHECKING:
    from core.live.frame_model import FrameModel

MOST_BARS = 8
"""Of more classes, only the likeliest are shown, and the one that raises the alarm."""
SHOWN_EVENTS = 20
Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]


class FrameMessage(BaseModel):
    """One frame from the browser."""

    model_config = ConfigDict(frozen=True)

    stream: Annotated[str, Field(max_length=40)]
    """Another one begins a new session."""
    number: Annotated[int, Field(ge=1)]
    at: Seconds
    picture: Picture
    latency: Seconds | None = None
    """From the frame before to its answer on screen."""
    source: Literal["camera", "video"] = "camera"


@dataclass
class LiveDesk:
    """The state of one tab with one model."""

    model: "FrameModel"
    settings: LiveSettings
    crop: Crop = "whole"
    session: LiveSession = field(init=False)
    meter: LatencyMeter = field(init=False, default_factory=LatencyMeter)
    stream: str = ""
    number: int = 0
    source: str = ""
    problem: str = ""
    """Why the newest frame has no answer."""
    box: tuple[float, float, float, float] | None = None
    """Left, top, width and height, as shares of the frame's sides."""
    crops: tuple[tuple[float, float, float, float], ...] = ()
    """Where the model looked in the newest frame, in the same form."""

    def __post_init__(self) -> None:
        self.session = self._new_session()

    def use(self, settings: LiveSettings) -> None:
        """Answer what was seen anew with other settings."""
        if settings != self.settings:
            self.settings = settings
            self.session = self.session.with_settings(settings)

    def take(self, raw: Any) -> None:
        """Answer a frame as the browser posted it; what is not from our script spoils only the sender's own page."""
        try:
            message = FrameMessage.model_validate(raw)
        except ValidationError:
            return
        if message.stream != self.stream:
            self.session, self.meter = self._new_session(), LatencyMeter()
            self.stream, self.source = message.stream, message.source
        elif message.number <= self.number:
            return  # posted again, because its answer was late
        self.number, self.problem = message.number, ""
        if message.latency is not None:
            self.meter.add(message.latency, time.monotonic())
        if message.at <= self.session.newest:
            return
        try:
            picture = camera_picture(message.picture, "The camera's picture")
        except ImageRefused as error:
            self.problem = str(error)
            return
        seen = answer_crop(self.model, picture, message.at, self.crop)
        self.crops = tuple(_as_shares(one, picture.size) for one in seen.crops)
        if seen.answer is None:
            self.session.add_without_face(message.at)
            return
        self.session.add(seen.answer.seen)
        self.box = None if seen.answer.box is None else _as_shares(seen.answer.box, picture.size)

    @property
    def speed(self) -> str:
        """How fast answers come, in words."""
        middle, late, rate = self.meter.percentile(0.5), self.meter.percentile(0.95), self.meter.per_second
        if middle is None or late is None:
            return ""
        answers = f" {rate:.1f} answers a second." if rate is not None else ""
        return f"From frame to answer: {1000 * middle:.0f} ms (median), {1000 * late:.0f} ms (p95).{answers}"

    def told(self) -> dict[str, Any]:
        """Return what the browser is told: which frame was answered, and the answer."""
        answered = {"stream": self.stream, "number": self.number}
        answers = self.session.answers
        shown = self._as_shown(answers[-1]) if answers else None
        missing = self._without_face() if self.session.face_missing else None
        return {
            "answered": answered,
            "problem": self.problem,
            "answer": shown,
            "missing": missing,
            "crops": self.crops,
        }

    def _without_face(self) -> dict[str, Any]:
        sounding = bool(self.session.answers and self.session.answers[-1].sounding)
        watch = "No answer: the model is not asked without a face."
        if sounding:
            watch += " The alarm goes on until a face is found again."
        return {"name": "No face found", "watch": watch, "events": self._events(), "speed": self.speed}

    def _as_shown(self, answer: Answer) -> dict[str, Any]:
        settings, classes = self.settings, self.session.classes
        watched = None if settings.alarm_class is None else classes.index(settings.alarm_class)
        order = list(range(len(classes)))
        if len(order) > MOST_BARS:
            order = sorted(order, key=lambda one: -answer.smoothed[one])[:MOST_BARS]
            order += [watched] if watched is not None and watched not in order else []
        raw = answer.seen.probabilities
        bars = [(classes[one], float(answer.smoothed[one]), float(raw[one]), one == watched) for one in order]
        return {
            "at": answer.seen.at,
            "name": classes[answer.chosen],
            "unsure": answer.unsure,
            "bars": bars,
            "threshold": None if watched is None else settings.threshold,
            "line": float(answer.smoothed[answer.chosen if watched is None else watched]),
            "watch": self._watched(answer),
            "sounding": self._alarm(answer),
            "events": self._events(),
            "speed": self.speed,
            "box": self.box,
        }

    def _events(self) -> list[tuple[float, str, str]]:
        return [(one.at, one.kind, one.text) for one in list(self.session.events)[: -SHOWN_EVENTS - 1 : -1]]

    def _watched(self, answer: Answer) -> str:
        settings = self.settings
        if settings.alarm_class is None:
            return ""
        seen = f"{settings.alarm_class} for {answer.above_seconds:.1f} of {settings.alarm_seconds:g} s"
        share = "not known yet" if answer.share is None else f"{answer.share:.0%}"
        told = f"{seen}. Share of the last {settings.window_seconds:g} s: {share}."
        if self.session.after_gap:
            told += " Answers come more than a second apart, so the alarm cannot count the seconds."
        return told

    def _alarm(self, answer: Answer) -> str | None:
        """Return the alarm in words that stay the same while it sounds, because a screen reader reads each change."""
        settings = self.settings
        if answer.alarm:
            return f"Alarm: {settings.alarm_class} for over {settings.alarm_seconds:g} s"
        if answer.drowsy:
            return f"Alarm: {settings.alarm_class} too often in the last {settings.window_seconds:g} s"
        return None

    def _new_session(self) -> LiveSession:
        predictor = self.model.predictor
        return LiveSession(predictor.classes, predictor.decision, self.settings, cropped=self.crop != "whole")


def _as_shares(box: Box, size: tuple[int, int]) -> tuple[float, float, float, float]:
    width, height = size
    return box.x / width, box.y / height, box.width / width, box.height / height

"""A stream as a whole: answers, alarms, log, CSV, other settings on the same frames."""

import csv
import io

import numpy as np
import pytest
from pydantic import ValidationError

from core.errors import DataError
from core.live.latency import LatencyMeter
from core.live.session import LiveSession, Seen, replayed
from core.live.settings import LiveSettings
from core.live.thresholds import known_threshold
from core.live.timeline_csv import events_csv, timeline_csv
from core.models.decision import Decision, Threshold

CLASSES = ("open", "closed")
ALARM = LiveSettings(smoothing="none", alarm_class="closed", threshold=0.6, alarm_seconds=1.0, window_seconds=4)


def frames(closed: list[float], step: float = 0.5) -> list[Seen]:
    return [Seen(place * step, np.array([1 - one, one])) for place, one in enumerate(closed)]


def test_the_log_names_changes_and_one_alarm() -> None:
    session = replayed(frames([0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.1]), CLASSES, None, ALARM)
    assert [(one.at, one.text) for one in session.events] == [
        (0.0, "open"),
        (1.0, "closed"),
        (2.0, "alarm: closed for 1.0 s"),
        (3.0, "open"),
        (3.0, "alarm ended after 1.0 s"),
    ]
    assert [one.at for one in session.alarms] == [2.0]
    assert [one.sounding for one in session.answers] == [False] * 4 + [True, True, False]
    assert session.answers[-1].share == pytest.approx(2 / 3)


def test_the_share_of_time_raises_an_alarm_of_its_own() -> None:
    """Short closures: no alarm by seconds, but more and more of the time."""
    settings = ALARM.model_copy(update={"alarm_seconds": 5.0, "share_limit": 0.5})
    session = replayed(frames([*[0.1] * 8, *[0.9, 0.9, 0.1] * 4, *[0.1] * 8]), CLASSES, None, settings)
    kinds = [one.kind for one in session.events if one.kind != "answer"]
    assert kinds == ["share", "share ended"]
    assert "closed in 5" in session.alarms[0].text


@pytest.mark.parametrize("settings", [{"threshold": 0.05}, {"share_limit": 0.02, "alarm_seconds": 600.0}])
def test_an_alarm_with_a_low_threshold_ends(settings: dict[str, float]) -> None:
    """Where a missed closure costs much, the threshold is below the usual hysteresis."""
    session = replayed(frames([0.9, 0.9, 0.9, 0.9, *[0.0] * 16]), CLASSES, None, ALARM.model_copy(update=settings))
    assert len(session.alarms) == 1 and not session.answers[-1].sounding


def test_frames_that_are_too_far_apart_for_the_alarm_are_told() -> None:
    """At 1 frame a second from a film, gaps are a little over a second: no alarm ever came, without a word."""
    slow = replayed(frames([0.9] * 6, step=1.001), CLASSES, None, ALARM)
    assert not slow.alarms and slow.after_gap
    assert slow.warning.startswith("5 frames came more than 1 second after the one before.")
    fast = replayed(frames([0.9] * 6), CLASSES, None, ALARM)
    assert fast.alarms and fast.warning == "" and not fast.after_gap
    no_alarm = replayed(frames([0.9] * 6, step=2), CLASSES, None, LiveSettings())
    assert no_alarm.warning == ""


def test_other_settings_answer_the_same_frames_anew() -> None:
    session = replayed(frames([0.1, 0.9, 0.9, 0.9, 0.9]), CLASSES, None, ALARM)
    later = session.with_settings(ALARM.model_copy(update={"alarm_seconds": 1.5}))
    assert [one.at for one in session.alarms] == [1.5] and [one.at for one in later.alarms] == [2.0]
    assert len(later.answers) == 5
    assert not session.with_settings(LiveSettings()).alarms


def test_the_decision_chooses_from_the_smoothed_probabilities() -> None:
    decision = Decision(threshold=Threshold(class_name="closed", at=0.3), leave_below=0.35)
    session = replayed(frames([0.32, 0.4]), CLASSES, decision, LiveSettings(smoothing="none"))
    assert [(one.chosen, one.unsure) for one in session.answers] == [(1, True), (1, False)]
    strange = LiveSession(CLASSES, None, LiveSettings()).add(Seen(0, np.array([0.9, 0.1]), foreign=True))
    assert strange.unsure


def test_the_threshold_comes_from_the_saved_costs() -> None:
    decision = Decision(threshold=Threshold(class_name="closed", at=0.2, miss_cost=10, false_alarm_cost=1))
    known = known_threshold(decision, CLASSES, "closed")
    assert known.at == 0.2 and "a missed photo of closed costs 10" in known.reason
    assert known_threshold(decision, CLASSES, "open").at == pytest.approx(0.8)
    assert not known_threshold(decision, (*CLASSES, "away"), "open").fitted
    assert known_threshold(None, CLASSES, "closed").at == 0.5


def test_settings_and_classes_are_checked() -> None:
    with pytest.raises(ValidationError, match="needs a class"):
        LiveSettings(share_limit=0.2)
    with pytest.raises(DataError, match=r'no class "shut".*open, closed'):
        LiveSession(CLASSES, None, LiveSettings(alarm_class="shut"))


def test_the_csv_has_a_row_for_each_frame_and_runs_no_formula() -> None:
    classes = ("=open", "closed")
    settings = ALARM.model_copy(update={"alarm_seconds": 0.5})
    session = replayed(frames([0.1, 0.9, 0.9]), classes, None, settings)
    rows = list(csv.DictReader(io.StringIO(timeline_csv(session))))
    assert list(rows[0]) == [
        *("seconds", "answer", "probability", "unsure", "alarm", "seconds_seen", "share_of_time"),
        *("'=open", "'=open (smoothed)", "closed", "closed (smoothed)"),
    ]
    assert [row["seconds"] for row in rows] == ["0.000", "0.500", "1.000"]
    assert [row["alarm"] for row in rows] == ["False", "False", "True"]
    assert rows[0]["answer"] == "'=open" and rows[2]["closed"] == "0.900000"
    assert len(events_csv(session).splitlines()) == 1 + len(session.events)
    assert "alarm" not in timeline_csv(session.with_settings(LiveSettings())).splitlines()[0]


def test_latency_is_told_by_its_percentiles() -> None:
    meter = LatencyMeter()
    assert meter.percentile(0.95) is None and meter.per_second is None
    for number in range(100):
        meter.add((number + 1) / 1000, number / 8)
    assert meter.percentile(0.5) == 0.05 and meter.percentile(0.95) == 0.095
    assert meter.per_second == pytest.approx(8)

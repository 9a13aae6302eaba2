"""An alarm sounds after its seconds, once, until the value has fallen; the share of time counts time."""

import pytest

from core.live.alarm import Alarm
from core.live.closed_share import GAP_SECONDS, ClosedShare


def turns(alarm: Alarm, values: list[float], step: float = 0.5) -> list[tuple[float, str]]:
    found = [(place * step, alarm.add(place * step, value)) for place, value in enumerate(values)]
    return [(at, turn) for at, turn in found if turn is not None]


def test_it_starts_after_its_seconds_and_only_once() -> None:
    assert turns(Alarm(0.6, 0.5, 1.0), [0.1, 0.7, 0.7, 0.7, 0.9, 0.9, 0.2]) == [(1.5, "started"), (3.0, "ended")]


def test_a_break_begins_the_seconds_anew() -> None:
    assert turns(Alarm(0.6, 0.5, 1.0), [0.7, 0.7, 0.4, 0.7, 0.7]) == []


def test_trembling_around_the_threshold_is_one_alarm() -> None:
    trembling = [0.7, 0.55] * 10
    assert turns(Alarm(0.6, 0.5, 1.0), trembling) == [(1.0, "started")]
    assert len(turns(Alarm(0.6, 0.6, 0.0), trembling)) == 20  # without hysteresis: 20 turns


def test_below_the_threshold_nothing_begins() -> None:
    assert turns(Alarm(0.6, 0.5, 1.0), [0.55] * 10) == []


def test_a_gap_is_no_evidence() -> None:
    alarm = Alarm(0.6, 0.5, 1.0)
    alarm.add(0, 0.9)
    assert alarm.add(GAP_SECONDS + 5, 0.9) is None and alarm.above_seconds == 0
    assert alarm.add(GAP_SECONDS + 5.5, 0.9) is None
    assert alarm.add(GAP_SECONDS + 6, 0.9) == "started"
    assert alarm.add(GAP_SECONDS + 60, 0.9) == "ended"


def test_a_release_above_the_threshold_is_a_bug() -> None:
    with pytest.raises(ValueError, match="released below"):
        Alarm(0.5, 0.6, 1)


def test_the_share_is_of_time_and_not_of_frames() -> None:
    """Three quick closed frames and one slow open one."""
    share = ClosedShare(4)
    for at, closed in ((0.0, True), (0.1, True), (0.2, True), (0.3, False), (1.2, False)):
        found = share.add(at, closed)
    assert found == pytest.approx(0.3 / 1.2)


def test_too_little_of_the_window_has_no_share() -> None:
    share = ClosedShare(60)
    for second in range(15):
        assert share.add(second, closed=True) is None
    assert share.add(15, closed=True) == 1.0


def test_the_window_moves_on_and_gaps_do_not_count() -> None:
    share = ClosedShare(10)
    for tenth in range(51):
        share.add(tenth / 10, closed=tenth <= 30)
    assert share.add(13.0, closed=False) == pytest.approx(0.1 / 3.0)  # from 3 to 5, and one second after it

"""Pages that work at the same time take turns, and timers wait for people."""

import threading
import time

import pytest

from pages.components.many_tabs.turns import Timers, Turns

LONG = 30.0


def start(queue: Turns, inside: list[str], name: str, end: threading.Event) -> threading.Thread:
    """Work in a thread of its own until ``end``."""

    def work() -> None:
        with queue.taken():
            inside.append(name)
            end.wait(LONG)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def until(true: "object", seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_two_work_and_the_others_follow_in_the_order_in_which_they_came() -> None:
    queue, inside, ends = Turns(at_once=2, patience_seconds=LONG), [], {name: threading.Event() for name in "abcde"}
    threads = []
    for place, name in enumerate("abcde"):
        threads.append(start(queue, inside, name, ends[name]))
        until(lambda place=place: len(inside) + len(queue._waiting) == place + 1)
    assert inside == ["a", "b"] and queue.crowded
    ends["b"].set()
    until(lambda: len(inside) == 3)
    ends["a"].set()
    until(lambda: len(inside) == 4)
    assert inside == ["a", "b", "c", "d"] and queue.crowded
    for end in ends.values():
        end.set()
    for thread in threads:
        thread.join(LONG)
    assert inside == ["a", "b", "c", "d", "e"] and not queue.crowded and queue._working == 0


def test_nobody_waits_longer_than_the_patience() -> None:
    """A page that computes for a minute would hold up a whole class."""
    queue, inside, end = Turns(at_once=1, patience_seconds=0.05), [], threading.Event()
    threads = [start(queue, inside, name, end) for name in "abc"]
    until(lambda: len(inside) == 3)
    assert not queue.crowded
    end.set()
    for thread in threads:
        thread.join(LONG)
    assert queue._working == 0


def test_whoever_only_waits_gives_up_the_turn_and_gets_one_back() -> None:
    queue, inside, end = Turns(at_once=1, patience_seconds=LONG), [], threading.Event()
    with queue.taken():
        with queue.left():
            thread = start(queue, inside, "other", end)
            until(lambda: inside == ["other"])
            end.set()
            thread.join(LONG)
        assert queue._working == 1
    assert queue._working == 0
    with queue.left():  # without a turn there is none to give up
        assert queue._working == 0


def test_an_error_ends_the_turn() -> None:
    queue = Turns(at_once=1)
    with pytest.raises(ZeroDivisionError), queue.taken():
        _ = 1 / 0
    assert queue._working == 0


class Tab:
    """Something that requests can be of."""


def test_timers_give_way_to_people_but_not_for_ever() -> None:
    queue, tab, other = Turns(at_once=1, patience_seconds=LONG), Tab(), Tab()
    timers = Timers(queue, most=2)
    assert timers.may_run(tab, at_work=False)
    assert [timers.may_run(tab, at_work=True) for _ in range(4)] == [False, False, True, False]
    inside, end = [], threading.Event()
    with queue.taken():
        thread = start(queue, inside, "waits", end)
        until(lambda: queue.crowded)
        assert not timers.may_run(other, at_work=False)
    end.set()
    thread.join(LONG)
    assert timers.may_run(other, at_work=False)

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from core.runs.folder import RunFolder
from core.runs.jobs import stop
from core.runs.stop_signals import Interruption, StopSignals

MakeRun = Callable[..., RunFolder]


def test_a_stop_request_ends_the_loop_between_two_events(make_run: MakeRun) -> None:
    run = make_run()

    def batches() -> Iterator[int]:
        for number in range(10_000):
            time.sleep(0.01)
            yield number

    seen, began = 0, time.monotonic()
    with StopSignals(run) as watch, pytest.raises(Interruption) as caught:
        for number in watch.until_stopped(batches()):
            seen = number
            if number == 3:
                stop(run)
    assert caught.value.reason == "stop"
    assert seen >= 3 and time.monotonic() - began < 2


def test_a_long_silence_is_broken_off(make_run: MakeRun) -> None:
    run = make_run()
    cleaned = []

    def one_long_step() -> Iterator[int]:
        try:
            time.sleep(60)
            yield 1
        finally:
            cleaned.append(True)

    began = time.monotonic()
    with StopSignals(run) as watch, pytest.raises(Interruption):
        stop(run)
        for _ in watch.until_stopped(one_long_step()):
            pass
    assert 1.5 < time.monotonic() - began < 6
    assert cleaned


def test_sigterm_ends_at_once_and_two_ctrl_c_do_so_too(make_run: MakeRun) -> None:
    run = make_run()
    with StopSignals(run) as watch:
        os.kill(os.getpid(), signal.SIGTERM)
        assert watch.reason == "terminate"
    with StopSignals(run) as watch:
        os.kill(os.getpid(), signal.SIGINT)
        assert watch.reason == "stop"
        os.kill(os.getpid(), signal.SIGINT)
        assert watch.reason == "terminate"


def test_signal_handlers_are_put_back(make_run: MakeRun) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with StopSignals(make_run()):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_deleted_folder_is_noticed_and_not_made_again(make_run: MakeRun) -> None:
    run = make_run()
    with StopSignals(run) as watch:
        shutil.rmtree(run.path)
        deadline = time.monotonic() + 5
        while watch.reason is None and time.monotonic() < deadline:
            time.sleep(0.05)
    assert watch.reason == "gone"
    assert not run.path.exists()


def test_the_heartbeat_is_written_by_itself(make_run: MakeRun) -> None:
    run = make_run()
    assert run.status().heartbeat is None
    with StopSignals(run):
        deadline = time.monotonic() + 5
        while run.status().heartbeat is None and time.monotonic() < deadline:
            time.sleep(0.05)
    assert run.status().heartbeat is not None

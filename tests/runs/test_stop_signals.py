import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from core.errors import RunError, StorageError
from core.quota import Quota, write_quota
from core.runs import worker
from core.runs.folder import RunFolder
from core.runs.jobs import stop
from core.runs.process import process_fields
from core.runs.status import Status, read_status
from core.runs.stop_signals import Interruption, StopSignals
from core.workspace import Workspace

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


def test_without_pthread_kill_a_long_silence_is_broken_off_all_the_same(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows lacks it: the thread that watches died of an AttributeError, and heartbeat and stop with it."""
    monkeypatch.delattr(signal, "pthread_kill")
    run = make_run()

    def one_long_step() -> Iterator[int]:
        for _ in range(1200):
            time.sleep(0.05)
        yield 1

    began = time.monotonic()
    with StopSignals(run) as watch, pytest.raises(Interruption):
        stop(run)
        for _ in watch.until_stopped(one_long_step()):
            pass
    assert 1.5 < time.monotonic() - began < 30


def test_the_watching_thread_survives_every_error_of_the_disk(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows a file that somebody reads cannot be replaced; a network disk may be away for a moment."""
    run, real = make_run(), RunFolder.status
    errors = [
        PermissionError(13, "in use"),
        OSError(5, "gone"),
        BlockingIOError(),
        RunError("no"),
        StorageError("full"),
    ]

    def status(self: RunFolder) -> Status:
        if errors:
            raise errors.pop()
        return real(self)

    monkeypatch.setattr(RunFolder, "status", status)
    monkeypatch.setattr("core.runs.stop_signals._POLL_SECONDS", 0.02)
    with StopSignals(run) as watch:
        deadline = time.monotonic() + 20
        while errors and time.monotonic() < deadline:
            time.sleep(0.02)
        run.write_status(stop_requested=True)
        while watch.reason is None and time.monotonic() < deadline:
            time.sleep(0.02)
    assert watch.reason == "stop"
    assert real(run).heartbeat is not None


def test_the_thread_that_watches_tells_that_its_run_is_alive(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader took it for dead; the worker itself puts that right, without waiting for the next batch."""
    run = make_run()
    monkeypatch.setattr("core.runs.stop_signals._POLL_SECONDS", 0.02)
    run.write_status(state="running", process_identity="unknown:1")
    assert run.status().state == "interrupted"
    run.write_status(**process_fields(os.getpid()))
    with StopSignals(run):
        deadline = time.monotonic() + 20
        while read_status(run.status_path).state == "interrupted" and time.monotonic() < deadline:
            time.sleep(0.02)
    status = read_status(run.status_path)
    assert (status.state, status.message) == ("running", "")


def test_a_run_stops_when_its_time_is_used_up(make_run: MakeRun) -> None:
    """From its turn on: the time in the queue does not count."""
    run = make_run()

    def batches() -> Iterator[int]:
        for number in range(1_000):
            time.sleep(0.01)
            yield number

    with StopSignals(run) as watch, pytest.raises(Interruption) as caught:
        time.sleep(0.3)
        assert watch.reason is None
        watch.limit(0.3 / 60)
        for _ in watch.until_stopped(batches()):
            pass
    assert (caught.value.reason, watch.late) == ("stop", True)
    with StopSignals(run) as watch:
        watch.limit(None)
        stop(run)
        time.sleep(0.6)
    assert (watch.reason, watch.late) == ("stop", False), "somebody has stopped it"


def test_the_end_of_such_a_run_says_why(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many epochs fit in before the watching thread sees the time is up differs from machine to machine."""
    write_quota(workspace.root, Quota(whose="a pupil of 7b", minutes=1))
    monkeypatch.setattr(worker, "longest_minutes", lambda _: 0)
    run = make_run(epochs=1000)
    status = worker.work(run, workspace)
    assert status.state == "stopped"
    assert status.message.startswith("It has trained for 1 minute, the most for a pupil of 7b. ")

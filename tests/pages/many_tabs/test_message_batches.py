"""What a page draws is sent in batches: in order, all of it, and in fewer steps."""

import asyncio
import threading

import pytest

from pages.components.many_tabs.message_batches import Batch, Ticks


def test_calls_of_a_thread_are_made_in_their_order_in_few_steps() -> None:
    made: list[int] = []
    steps: list[int] = []

    async def loop() -> None:
        running = asyncio.get_running_loop()
        batch = Batch(wait_seconds=0.02)
        work = batch.work
        batch.work = lambda: (steps.append(len(made)), work())  # type: ignore[method-assign, assignment]

        def draw() -> None:
            for number in range(300):
                batch.add(running, lambda number=number: made.append(number))

        thread = threading.Thread(target=draw)
        thread.start()
        while len(made) < 300:
            await asyncio.sleep(0.01)
        thread.join()

    asyncio.run(asyncio.wait_for(loop(), 30))
    assert made == list(range(300))
    assert len(steps) < 100


def test_a_failed_call_does_not_prevent_the_others(caplog: pytest.LogCaptureFixture) -> None:
    made: list[str] = []

    async def loop() -> None:
        batch, running = Batch(), asyncio.get_running_loop()
        batch.add(running, lambda: [][0])  # type: ignore[arg-type]
        batch.add(running, lambda: made.append("second"))
        batch.work()

    asyncio.run(loop())
    assert made == ["second"] and "could not be handled" in caplog.text


def test_work_may_be_done_before_its_time_and_later_calls_still_come() -> None:
    made: list[int] = []

    async def loop() -> None:
        batch, running = Batch(wait_seconds=0.01), asyncio.get_running_loop()
        batch.add(running, lambda: made.append(1))
        batch.work()
        assert made == [1]
        batch.add(running, lambda: made.append(2))
        await asyncio.sleep(0.1)

    asyncio.run(loop())
    assert made == [1, 2]


def test_a_closed_loop_is_said_and_keeps_nothing() -> None:
    closed = asyncio.new_event_loop()
    closed.close()
    batch = Batch()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            batch.add(closed, lambda: None)


def test_other_work_comes_in_between_every_so_many_messages() -> None:
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def loop() -> None:
        ticks, task = Ticks(every=10), asyncio.create_task(other())
        await asyncio.sleep(0)
        before = len(turns)
        for _ in range(95):
            await ticks.sleep(0)
        assert len(turns) - before == 9
        began = asyncio.get_running_loop().time()
        await ticks.sleep(0.02)
        assert asyncio.get_running_loop().time() - began >= 0.015
        task.cancel()

    asyncio.run(loop())

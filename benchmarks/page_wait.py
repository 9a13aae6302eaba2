"""How long pages wait for Python's lock while a lesson computes: in a thread of the server, and in a worker process.

A thread that wants to run every 10 ms stands for the pages; its delays are measured. Prints a table and the ratio of
the longest delays. Takes about half a minute on two idle cores.

    python benchmarks/page_wait.py
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.lessons.experiments import steps_of
from core.lessons.skips import TrainingSettings
from core.workers.pool import Finished, Request, shared_pool

TICK_SECONDS = 0.01
NAME = "skips"
ARGUMENTS = {"version": 1, "depth": 56, "seed": 0, **vars(TrainingSettings(epochs=6))}


def longest_delay(label: str, work: Callable[[], None]) -> float:
    """Run the work, print how late the ticks were meanwhile, and return the longest delay in milliseconds."""
    delays: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(TICK_SECONDS)
            now = time.perf_counter()
            delays.append(1000 * (now - last - TICK_SECONDS))
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    stop.set()
    thread.join()
    delays.sort()
    late = sum(delay > 50 for delay in delays)
    print(
        f"{label:<20} {seconds:6.1f} s   longest {delays[-1]:6.0f} ms   99 % {delays[int(0.99 * len(delays))]:6.1f} ms"
        f"   over 50 ms: {late}",
        flush=True,
    )
    return delays[-1]


def in_worker(folder: Path) -> None:
    """Compute the lesson as the pages do."""
    task = {"workspace": str(folder), "experiment": NAME, "arguments": ARGUMENTS, "inputs": {}}
    while not isinstance(
        shared_pool().result_or_progress("benchmark", lambda: Request("lesson", task), "benchmark"), Finished
    ):
        time.sleep(0.5)


def in_thread(folder: Path) -> None:
    """Compute the lesson in a thread of this process."""

    def compute() -> None:
        for _ in steps_of(NAME, ARGUMENTS, {}, folder / "cache" / "resized"):
            continue

    thread = threading.Thread(target=compute)
    thread.start()
    while thread.is_alive():
        thread.join(0.5)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        longest_delay("nothing", lambda: time.sleep(5))
        worker = longest_delay("worker process", lambda: in_worker(Path(folder)))
        import core.lessons.skips_training  # noqa: F401 - pages have loaded torch before a lesson starts

        thread = longest_delay("thread", lambda: in_thread(Path(folder)))
    print(f"the longest delay with a thread is {thread / worker:.0f} times that with a worker process")


if __name__ == "__main__":
    main()

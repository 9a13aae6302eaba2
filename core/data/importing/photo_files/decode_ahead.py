"""Read the photos of an import one by one, and work on them in threads, in the order of the plan.

Files are read one by one, because readers of zips and arrays are not made for threads. Decoding, hashing and encoding,
which take most of the time, let other threads run meanwhile.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from core.data.importing.import_plan import Candidate
from core.errors import ImageRefused
from core.processors import available_processors

T = TypeVar("T")

HELD_BYTES = 64 * 2**20  # of files that are read but not worked on yet; a single larger one is allowed
MAX_THREADS = 4


def in_threads(
    candidates: Sequence[Candidate], work: Callable[[bytes, str], T], stop: Callable[[], bool]
) -> Generator[tuple[Candidate, Callable[[], T]]]:
    """Yield each candidate with a function that returns what ``work`` made of its bytes and name, or raises its error.

    That of a file which cannot be read raises ImageRefused. ``stop`` ends this after the photos in hand.
    """
    threads = _threads()
    todo = iter(candidates)
    ahead: deque[tuple[Candidate, int, Future[T] | ImageRefused]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="import") as pool:
        try:
            while True:
                while len(ahead) < 2 * threads and sum(size for _, size, _ in ahead) < HELD_BYTES and not stop():
                    if (candidate := next(todo, None)) is None:
                        break
                    ahead.append((candidate, *_begin(pool, work, candidate)))
                if not ahead:
                    break
                candidate, _, future = ahead.popleft()
                yield candidate, _result_of(future)
        finally:
            for _, _, future in ahead:
                if isinstance(future, Future):
                    future.cancel()


def _threads() -> int:
    return min(MAX_THREADS, available_processors())


def _begin(
    pool: ThreadPoolExecutor, work: Callable[[bytes, str], T], candidate: Candidate
) -> tuple[int, Future[T] | ImageRefused]:
    """Read a file and begin to work on it; return its size as well."""
    try:
        raw = candidate.read()
    except ImageRefused as refusal:
        return 0, refusal
    return len(raw), pool.submit(work, raw, candidate.name)


def _result_of(future: Future[T] | ImageRefused) -> Callable[[], T]:
    if isinstance(future, Future):
        return future.result
    refusal = future

    def raise_it() -> T:
        raise refusal

    return raise_it

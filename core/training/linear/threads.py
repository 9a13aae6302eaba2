"""How many threads the matrix products use: one where two would not pay."""

from collections.abc import Iterator
from contextlib import contextmanager

_WORTH = 64 << 20
"""Numbers in the vectors. With fewer, two threads save a few seconds at most, and may cost a minute."""


@contextmanager
def suitable_threads(numbers: int) -> Iterator[None]:
    """Limit NumPy's matrix products to one thread inside, if the vectors have few ``numbers`` in all.

    Threads wait for each other by spinning. On a processor that others use too, hundreds of small products then take
    ten times as long as with one thread.
    """
    if numbers >= _WORTH:
        yield
        return
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, "blas"):
        yield

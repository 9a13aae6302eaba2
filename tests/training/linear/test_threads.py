"""Small problems are computed with one thread, and the setting is restored."""

from threadpoolctl import threadpool_info, threadpool_limits

from core.training.linear.threads import suitable_threads
from tests.training.linear.vectors import drawn


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_few_numbers_are_multiplied_by_one_thread() -> None:
    drawn(2, 2)  # NumPy's BLAS is loaded
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with suitable_threads(1000):
            assert blas_threads() == {1}
        assert blas_threads() == before
        with suitable_threads(1 << 30):
            assert blas_threads() == before

"""The small bundle of the inspection tests, also for the tests of exporting it."""

from tests.inspection.conftest import bundle

__all__ = ["bundle"]

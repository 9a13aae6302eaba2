"""The small model of the tests of inspection."""

from tests.inspection.conftest import bundle

__all__ = ["bundle"]

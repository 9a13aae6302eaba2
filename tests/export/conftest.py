"""The inspection tests' small bundle, for the export tests."""

from tests.inspection.conftest import bundle

__all__ = ["bundle"]

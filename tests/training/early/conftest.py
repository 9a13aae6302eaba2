"""Early models of tiny photo sets: the least numbers are lowered, and the rest is as in earnest."""

import pytest

from core.training.early import early_photos


@pytest.fixture
def always_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_photos, "LEAST_VIEWS", 10)
    monkeypatch.setattr(early_photos, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(early_photos, "SHARE", 0.4)

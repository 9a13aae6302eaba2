"""Two small architectures, so that files of weights are small."""

import pytest

from core.models.zoo import ARCHITECTURES
from tests.models.foreign.networks import SMALL


@pytest.fixture(autouse=True)
def small_architectures(monkeypatch: pytest.MonkeyPatch) -> None:
    for arch, config in SMALL.items():
        monkeypatch.setitem(ARCHITECTURES, arch, config)

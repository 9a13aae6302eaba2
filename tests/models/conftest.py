"""A weights folder of the test's own, and a web server to fetch from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.web_server import WebServer


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder; torch.hub's cache is empty as well."""
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "weights"


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer().running() as server:
        yield server

"""A register in a folder of its own, and cards that are hashed quickly."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.people import credentials, door
from core.people.register import Register


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash takes a tenth of a second on purpose; here a small one is enough."""
    monkeypatch.setitem(credentials._COST, "n", 2**4)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a class's server."""
    folder = tmp_path / "server"
    folder.mkdir()
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(folder))
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    yield folder
    door.register_of.cache_clear()


@pytest.fixture
def register(server: Path) -> Register:
    """The server's register, one for all who ask, as in the app."""
    return door.open_register()

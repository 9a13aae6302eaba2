"""A server of a class, without Streamlit behind its door."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from core.people import credentials
from core.people import door as core_door
from core.people.records import ClassRoom
from core.people.register import Register
from pages.components.door import media_owners, upload_rate, visit
from pages.components.door.door import Door
from pages.components.door.join_routes import routes


@pytest.fixture(autouse=True)
def class_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The mode class, quick hashes, and nothing remembered from another test."""
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    monkeypatch.setitem(credentials._COST, "n", 2**4)
    yield home
    core_door.register_of.cache_clear()
    visit._sessions.clear()
    media_owners._owners.clear()
    upload_rate.RATE._of.clear()


@pytest.fixture
def register(class_server: Path) -> Register:
    return core_door.open_register()


@pytest.fixture
def room(register: Register) -> ClassRoom:
    return register.create_class("7b")


async def _inside(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"inside {request.url.path}")


async def _stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("inside")
    await websocket.close()


@pytest.fixture
def app() -> Starlette:
    """The door, the ways in, and behind them an app that answers everywhere."""
    inside = [WebSocketRoute("/_stcore/stream", _stream), Route("/{path:path}", _inside, methods=["GET", "PUT"])]
    return Starlette(routes=[*routes(), *inside], middleware=[Middleware(Door)])


@pytest.fixture
def browser(app: Starlette) -> TestClient:
    """A browser in which nobody has joined."""
    return TestClient(app, base_url="http://class.test", follow_redirects=False)

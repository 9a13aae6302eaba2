"""Tabs of a class: pages opened as somebody."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.people import credentials, door
from core.people.register import Register
from pages.components.door import visit
from tests.pages.conftest import OpenPage

OpenAs = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def class_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The mode class, quick hashes, and nothing remembered from another test."""
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    monkeypatch.setitem(credentials._COST, "n", 2**4)
    yield home
    door.register_of.cache_clear()


@pytest.fixture
def register(class_server: Path) -> Register:
    return door.open_register()


def all_texts(app: AppTest) -> str:
    """Return everything that the browser is sent for the page: texts, labels, data of tables and components."""
    found: list[str] = []
    nodes: list[Any] = list(app._tree.children.values())  # the page, the sidebar and an open dialog
    while nodes:
        node = nodes.pop()
        found.append(str(getattr(node, "proto", "")))
        nodes.extend(getattr(node, "children", {}).values())
    return "\n".join(found)


@pytest.fixture
def open_as(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> OpenAs:
    """``open_as(token, "Data", project="1")``: a page in the browser that holds this token."""

    def opened(token: str, page: str = "Home", **query: str) -> AppTest:
        monkeypatch.setattr(visit, "token", lambda: token)
        return open_page(page, **query)

    return opened

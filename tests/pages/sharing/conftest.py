"""A class of three on a real server folder: Ada has a project and a model."""

import pytest

from core.data.store.store import Store
from core.people import door, joining
from core.people.records import Joined
from core.people.register import Register
from tests.pages.people.conftest import class_server, open_as, register
from tests.people.sharing.conftest import bundle, finished
from tests.people.test_copies import _project

__all__ = ["bundle", "class_server", "open_as", "register"]


@pytest.fixture
def teacher(register: Register) -> Joined:
    """The teacher."""
    return joining.enter_as_teacher(register, joining.set_pin(register), "here")


@pytest.fixture
def pupils(register: Register, bundle: object) -> dict[str, Joined]:
    """Ada, Ben and Cem of 7b."""
    room = register.create_class("7b")
    joined = {name: joining.join(register, room, name) for name in ("Ada", "Ben", "Cem")}
    workspace = door.workspace_of(joined["Ada"].person)
    store = Store(workspace)
    finished(workspace, store, _project(store).id, bundle)  # type: ignore[arg-type]
    store.close()
    return joined

"""What the app's server does beside Streamlit: the door in front of it, and the addresses outside it."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import get_option

from core.errors import PeopleError, StudioError
from core.people.door import open_register
from core.people.joining import first_pin
from core.people.mode import people_mode
from core.people.removal import delete_leftovers
from pages.components.door.door import Door
from pages.components.door.join_routes import routes
from pages.components.door.outside_address import ask_nobody

__all__ = ["app_middleware", "app_routes", "at_start"]
log = logging.getLogger("resnet_studio")

_SWITCH_SECONDS = 0.0005
"""How long a thread may keep Python's lock while others wait, a tenth of the usual time.

A page gives the lock up hundreds of times, at each row of the database and each message to the browser. With thirty
pages at work it waited for the full time each time: a key press took seconds at a quarter of the processor's time.
"""


def app_middleware() -> list[Middleware]:
    """Return the door, once Streamlit asks nobody outside for this server's address."""
    ask_nobody()
    return [Middleware(Door)]


def app_routes() -> list[BaseRoute]:
    return list(routes()) if people_mode() != "alone" else []


@asynccontextmanager
async def at_start(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Print the teacher's PIN when a class's server is started for the first time."""
    if people_mode() != "alone":
        sys.setswitchinterval(_SWITCH_SECONDS)
        if get_option("server.baseUrlPath"):  # the door knows whose file it is by the beginning of its address
            raise PeopleError("A class's server has no path in its address. Unset server.baseUrlPath.")
        try:
            register = open_register()
            delete_leftovers(register.server)
            pin = first_pin(register)
        except StudioError:
            log.exception("The register cannot be opened")
        else:
            known = "The teacher's PIN is the one that was set before."
            shown = f"The teacher's PIN, shown only this once: {pin}" if pin else known
            sys.stdout.write(f"\n  {shown}\n  Forgotten? python -m core people pin\n\n")
            sys.stdout.flush()
    yield {}

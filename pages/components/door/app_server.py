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
from core.people.mode import Mode, people_mode
from core.people.removal import delete_leftovers
from pages.components.door.account_routes import account_routes
from pages.components.door.door import Door
from pages.components.door.join_routes import routes
from pages.components.door.outside_address import ask_nobody
from pages.components.door.sign_in_settings import providers

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
    """Return the ways in and out that the mode has."""
    ways: dict[Mode, list[BaseRoute]] = {"alone": [], "class": [*routes()], "accounts": [*account_routes()]}
    return ways[people_mode()]


def _check_sign_in() -> None:
    """Say what is wrong with the settings before a class is waiting; the server goes on, and reads them again."""
    try:
        providers()
    except PeopleError as error:
        sys.stdout.write(f"\n  Nobody can sign in. {error}\n")


@asynccontextmanager
async def at_start(app: Any) -> AsyncIterator[dict[str, Any]]:
    """Print the teacher's PIN when a class's server is started for the first time."""
    if people_mode() != "alone":
        sys.setswitchinterval(_SWITCH_SECONDS)
        if get_option("server.baseUrlPath"):  # the door knows whose file it is by the beginning of its address
            raise PeopleError("A class's server has no path in its address. Unset server.baseUrlPath.")
        if people_mode() == "accounts":
            _check_sign_in()
        try:
            register = open_register()
            delete_leftovers(register)
            pin = first_pin(register)
        except StudioError:
            log.exception("The register cannot be opened")
        else:
            known = "The teacher's PIN is the one that was set before."
            shown = f"The teacher's PIN, shown only this once: {pin}" if pin else known
            sys.stdout.write(f"\n  {shown}\n  Forgotten? python -m core people pin\n\n")
            sys.stdout.flush()
    yield {}

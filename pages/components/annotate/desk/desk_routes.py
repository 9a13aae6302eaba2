"""The desk's own address, which a key press asks instead of the page.

A run of the page draws forty elements again, of which three have changed, and Python runs one thread at a time. One tab
alone needed 60 ms of processor time for a press, and needs 40 here, a third of them for the next suggestion. In a class
of thirty, 95% of the presses took up to 6 s before, and 0.4 s from this change on (benchmarks/class_load.py).

An address names a desk by its token, which only its tab has been told, and acts for the person who opened that tab:
anybody else gets 404. It does what that tab's page may do, in the workspace that the tab has open.
"""

import logging
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit import get_option

from core.errors import PeopleError, StudioError
from core.people.records import Person
from pages.components.door.door import PERSON_ASKED
from pages.components.door.forms import body_of, same_origin
from pages.components.door.visit import PERSON, acting

_MOST_BYTES = 4_000
_PICTURE_SECONDS = 3600
_GONE = "This desk is not open any more. Reload the page."
log = logging.getLogger("resnet_studio")


def desk_routes() -> list[BaseRoute]:
    """Return the routes."""
    base = get_option("server.baseUrlPath").strip("/")
    root = f"/{base}/desk" if base else "/desk"
    return [
        Route(root + "/{token}", _asked, methods=["POST"]),
        Route(root + "/{token}/{picture}", _picture_asked, methods=["GET"]),
    ]


async def _asked(request: Request) -> Response:
    from pages.components.annotate.desk.desk_acts import Wish

    if not same_origin(request):
        return PlainTextResponse("This was sent from another site.", 403)
    try:
        wish = Wish.model_validate_json(await body_of(request, _MOST_BYTES))
    except (ValidationError, PeopleError):
        return PlainTextResponse("A desk cannot be asked this.", 400)
    except ClientDisconnect:
        return PlainTextResponse("", 400)
    return await run_in_threadpool(_answer, request.path_params["token"], _person(request), wish)


async def _picture_asked(request: Request) -> Response:
    return await run_in_threadpool(
        _picture, request.path_params["token"], _person(request), request.path_params["picture"]
    )


def _answer(token: str, person: Person | None, wish: Any) -> Response:
    from pages.components.annotate.desk.desk_answer import answer

    desk = _desk_of(token, person)
    if desk is None:
        return _said({"problem": _GONE, "gone": True, "redraw": True}, 404)
    try:
        with desk.lock, acting(person, desk.memory):
            return _said(answer(desk, wish))
    except StudioError as error:
        return _said({"problem": str(error)}, 400)
    except Exception:
        log.exception("A desk failed")
        return _said({"problem": "Something went wrong in ResNet Studio. Reload the page and try again."}, 500)


def _picture(token: str, person: Person | None, picture: str) -> Response:
    from pages.components.annotate.desk.desk_answer import picture_of

    desk = _desk_of(token, person)
    if desk is None:
        return PlainTextResponse(_GONE, 404)
    try:
        with acting(person, desk.memory):
            found = picture_of(desk, picture)
    except StudioError as error:
        return PlainTextResponse(str(error), 400)
    if found is None:
        return PlainTextResponse(_GONE, 404)
    data, kind = found
    return Response(data, media_type=kind, headers={"Cache-Control": f"private, max-age={_PICTURE_SECONDS}, immutable"})


def _desk_of(token: str, person: Person | None) -> Any:
    """Return the desk, if it is this person's."""
    from pages.components.annotate.desk.labelling_desk import desk_named

    desk = desk_named(token)
    return desk if desk is not None and desk.memory.get(PERSON) == (person.id if person else None) else None


def _person(request: Request) -> Person | None:
    """Return who asks, as the door has found out; None on a server for one person alone."""
    found: Person | None = request.scope.get(PERSON_ASKED)
    return found


def _said(words: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(words, status, {"Cache-Control": "no-store"})

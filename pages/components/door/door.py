"""The server's door: what a browser may reach in which nobody has joined, and whose files and uploads are whose."""

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import NotHere, StudioError
from core.people.door import visitor
from core.people.mode import people_mode
from core.people.records import Person
from pages.components.door.account_routes import LOGIN, LOGOUT, WITH_ACCOUNTS, end_visit, with_sentence
from pages.components.door.media_owners import note_owners, owns
from pages.components.door.page_policy import CLASS_HEADERS, page_policy
from pages.components.door.upload_rate import RATE
from pages.components.door.visit import person_of_session, token_in

OPEN = ("/join", "/leave", "/teacher", "/_stcore/health", "/favicon.png")
"""What everybody may reach: the ways in and out, and whether the server is well."""
_OPEN_FOLDERS = ("/static/",)  # Streamlit's own scripts and fonts
_MEDIA, _UPLOADS, _METRICS = "/media/", "/_stcore/upload_file/", "/_stcore/metrics"
_NO_PAGE = ("/_stcore/", "/media/", "/desk/", "/component/", "/app/static/")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PERSON_ASKED = "resnet_studio.person"
"""Where the scope of a request says who asks."""
_NOT_FOUND = "There is nothing at this address."


class Door:
    """ASGI middleware around the whole app; on a server for one person alone it lets everything through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        note_owners()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path, connection = scope["path"], HTTPConnection(scope)
        if path in OPEN or (path.startswith(_OPEN_FOLDERS) and ".." not in path):
            await self._app(scope, receive, _with_headers(send))
            return
        try:
            mode = people_mode()
            if mode == "accounts" and path in WITH_ACCOUNTS:
                if path == LOGOUT:
                    await run_in_threadpool(end_visit, connection.cookies)
                send = with_sentence(scope, receive, send) if path == LOGIN else send
                await self._app(scope, receive, _with_headers(_secured(scope, send)))
                return
            person = None if mode == "alone" else await run_in_threadpool(_visitor, connection)
        except NotHere as error:
            await _turned_away(scope, receive, send, _way_in(path, connection.headers, str(error)))
            return
        except StudioError as error:  # a full disk, a wrong setting
            await _turned_away(scope, receive, send, PlainTextResponse(str(error), 503))
            return
        if person is None:
            await self._app(scope, receive, _with_headers(send))
            return
        scope[PERSON_ASKED] = person
        refusal = _refusal(person, scope.get("method", ""), path, connection.headers)
        if refusal is not None:
            await _turned_away(scope, receive, send, refusal)
            return
        await self._app(scope, receive, _with_headers(send, connection.headers.get("host", "")))


def _refusal(person: Person, method: str, path: str, headers: Headers) -> Response | None:
    """Return the answer to what somebody may not ask for; None where they may."""
    if not _is_theirs(person, path):
        return PlainTextResponse(_NOT_FOUND, 404)
    if method == "PUT" and path.startswith(_UPLOADS):
        return _too_much(person, headers)
    return None


def _visitor(connection: HTTPConnection) -> Person | None:
    return visitor(token_in(connection.cookies))


def _is_theirs(person: Person, path: str) -> bool:
    if path.startswith(_MEDIA):
        return owns(person.id, path)
    if path.startswith(_UPLOADS):
        return person_of_session(path.removeprefix(_UPLOADS).split("/", 1)[0]) == person.id
    return path != _METRICS or person.teaches


def _too_much(person: Person, headers: Headers) -> Response | None:
    """Return the answer to an upload that must wait; teachers' uploads need not."""
    size = headers.get("content-length", "")
    if not size.isdecimal():  # browsers always say it
        return PlainTextResponse("An upload must say how large it is.", 411)
    found = None if person.teaches else RATE.refusal(person.id, int(size))
    return None if found is None else PlainTextResponse(found[0], 429, {"Retry-After": str(found[1])})


def _way_in(path: str, headers: Headers, sentence: str) -> Response:
    if path.startswith(_NO_PAGE) or "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(sentence, 401)
    return RedirectResponse("/join" if path == "/" else f"/join?to={quote(path)}", 303)


async def _turned_away(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    response.headers["Cache-Control"] = "no-store"
    await response(scope, receive, _with_headers(send))


def _secured(scope: Scope, send: Send) -> Send:
    """Mark Streamlit's cookies of an account as cookies for https only, where this is https."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and scope.get("scheme") == "https":
            message = dict(message)
            message["headers"] = [
                (name, value + b"; secure" if name == b"set-cookie" and b"; secure" not in value.lower() else value)
                for name, value in message["headers"]
            ]
        await send(message)

    return sent


def _with_headers(send: Send, host: str | None = None) -> Send:
    """Add headers to what is sent; for a class, whose ``host`` was asked for, also the content security policy."""
    added = _HEADERS if host is None else _HEADERS | CLASS_HEADERS | {"Content-Security-Policy": page_policy(host)}

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
        await send(message)

    return sent

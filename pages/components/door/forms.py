"""Forms outside the app: what a page asks, what it sent, and where to go on."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from core.errors import PeopleError, StudioError, TooManyGuesses
from core.people.mode import people_mode

Form = Mapping[str, str]
_FORM_BYTES = 4_000
_STYLE_ONLY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)


async def answered(
    request: Request,
    ask: Callable[[Request], Response],
    take: Callable[[Request, Form], Response],
    wrong: Callable[[str], str],
) -> Response:
    """Answer GET with a form and POST with what its fields lead to.

    ``wrong`` makes the page of an error that neither of them has answered.
    """
    try:
        if people_mode() == "alone":
            return RedirectResponse("/", 303)
        if request.method in ("GET", "HEAD"):
            return await run_in_threadpool(ask, request)
        if not same_origin(request):
            return PlainTextResponse("This form was sent from another site.", 403)
        form = await _form_of(request)
        return await run_in_threadpool(take, request, form)
    except PeopleError as error:
        return html(wrong(str(error)), 429 if isinstance(error, TooManyGuesses) else 400)
    except StudioError as error:
        return PlainTextResponse(str(error), 503)
    except ClientDisconnect:
        return PlainTextResponse("", 400)


def where(parameters: Mapping[str, str]) -> str:
    """Return the page of this app to go to, never another site's."""
    to = parameters.get("to", "/")
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() and len(to) < 300
    return to if plain else "/"


def address_of(request: Request) -> str:
    """Return the network address of who asks."""
    return request.client.host if request.client else "unknown"


def html(text: str, status: int = 200) -> HTMLResponse:
    """Return a page that runs no script and is kept nowhere."""
    return HTMLResponse(text, status, {"Content-Security-Policy": _STYLE_ONLY, "Cache-Control": "no-store"})


async def body_of(request: Request, most_bytes: int) -> bytes:
    """Return what was sent. Raises PeopleError if it is longer, before all of it is read."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            raise PeopleError("This form is too long.")
    return body


async def _form_of(request: Request) -> Form:
    body = await body_of(request, _FORM_BYTES)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))


def same_origin(request: Request) -> bool:
    """Return whether the browser says that the form came from this site; old browsers say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return not origin or origin == "null" or urlsplit(origin).netloc == request.headers.get("host")

"""The addresses outside the app: join, leave, and the teacher's entrance."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import NameTaken, NotHere, PeopleError, StudioError, TooManyGuesses
from core.people import joining
from core.people.door import open_register, visitor
from core.people.mode import people_mode
from core.people.records import Joined
from core.people.register import VISIT_SECONDS
from pages.components.door import join_page
from pages.components.door.visit import COOKIE

_FORM_BYTES = 4_000
_STYLE_ONLY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
_Form = Mapping[str, str]


def routes() -> list[Route]:
    """Return the routes, which exist only on a class's server."""
    return [
        Route("/join", _join, methods=["GET", "POST"]),
        Route("/teacher", _teacher, methods=["GET", "POST"]),
        Route("/leave", _leave, methods=["GET", "POST"]),
    ]


async def _join(request: Request) -> Response:
    return await _answered(request, _asked_to_join, _joined)


async def _teacher(request: Request) -> Response:
    return await _answered(
        request, lambda request: _html(join_page.pin_form(to=_where(request.query_params))), _entered
    )


async def _leave(request: Request) -> Response:
    return await _answered(request, lambda _: _html(join_page.leave_form()), _left)


async def _answered(
    request: Request, ask: Callable[[Request], Response], take: Callable[[Request, _Form], Response]
) -> Response:
    """Answer GET with a form and POST with what its fields lead to; errors are sentences."""
    try:
        if people_mode() == "alone":
            return RedirectResponse("/", 303)
        if request.method in ("GET", "HEAD"):
            return await run_in_threadpool(ask, request)
        if not _same_origin(request):
            return PlainTextResponse("This form was sent from another site.", 403)
        form = await _form_of(request)
        return await run_in_threadpool(take, request, form)
    except PeopleError as error:
        return _html(join_page.code_form(wrong=str(error)), 429 if isinstance(error, TooManyGuesses) else 400)
    except StudioError as error:
        return PlainTextResponse(str(error), 503)
    except ClientDisconnect:
        return PlainTextResponse("", 400)


def _asked_to_join(request: Request) -> Response:
    code, to = request.query_params.get("code", ""), _where(request.query_params)
    try:
        if visitor(request.cookies.get(COOKIE, "")) is not None:
            return RedirectResponse(to, 303)
    except NotHere:
        if (waits := _waiting(request)) is not None:
            return waits
    if not code:
        return _html(join_page.code_form(to=to))
    register = open_register()
    classroom = joining.class_of_code(register, code, _address(request))
    if request.query_params.get("again"):
        return _html(join_page.card_form(classroom, request.query_params.get("name", ""), to=to))
    return _html(join_page.name_form(classroom, register.people(classroom.id), to=to))


def _asked_for_pin(request: Request) -> Response:
    return _html(join_page.pin_form(to=_where(request.query_params)))


def _waiting(request: Request) -> Response | None:
    """Return the page of somebody who waits for the teacher, or None."""
    try:
        visit = open_register().visit(request.cookies.get(COOKIE, ""))
    except NotHere:
        return None
    return _html(join_page.waiting_page(visit.person))


def _joined(request: Request, form: _Form) -> Response:
    register, to = open_register(), _where(form)
    classroom = joining.class_of_code(register, form.get("code", ""), _address(request))
    name = form.get("name", "").strip() or form.get("chosen", "").strip()
    if form.get("again"):
        try:
            if form.get("ask"):
                asked = joining.ask_teacher(register, classroom, name, _address(request))
                return _with_cookie(request, _html(join_page.waiting_page(asked.person)), asked)
            back = joining.return_with_card(register, classroom, name, form.get("card", ""), _address(request))
        except TooManyGuesses:
            raise
        except PeopleError as error:
            return _html(join_page.card_form(classroom, name, str(error), to), 400)
        return _with_cookie(request, RedirectResponse(to, 303), back)
    if not name:
        wrong = "Choose or type your name." if "to" in form and "name" in form else ""
        return _html(join_page.name_form(classroom, register.people(classroom.id), wrong, to))
    try:
        new = joining.join(register, classroom, name)
    except NameTaken as error:
        return _html(join_page.card_form(classroom, name, str(error), to), 409)
    except PeopleError as error:
        return _html(join_page.name_form(classroom, register.people(classroom.id), str(error), to), 400)
    return _with_cookie(request, _html(join_page.welcome(new.person, new.card, to)), new)


def _entered(request: Request, form: _Form) -> Response:
    register, to = open_register(), _where(form)
    try:
        entered = joining.enter_as_teacher(register, form.get("pin", ""), _address(request))
    except PeopleError as error:
        return _html(join_page.pin_form(str(error), to), 429 if isinstance(error, TooManyGuesses) else 400)
    return _with_cookie(request, RedirectResponse(to, 303), entered)


def _left(request: Request, form: _Form) -> Response:
    open_register().leave(request.cookies.get(COOKIE, ""))
    answer = _html(join_page.goodbye())
    answer.delete_cookie(COOKIE)
    return answer


def _with_cookie(request: Request, answer: Response, joined: Joined) -> Response:
    before = request.cookies.get(COOKIE, "")
    if before:
        open_register().leave(before)  # a browser holds one cookie
    answer.set_cookie(
        COOKIE,
        joined.token,
        max_age=int(VISIT_SECONDS),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


async def _form_of(request: Request) -> _Form:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _FORM_BYTES:
            raise PeopleError("This form is too long.")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))


def _same_origin(request: Request) -> bool:
    """Return whether the browser says that the form came from this site; old browsers say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return not origin or origin == "null" or urlsplit(origin).netloc == request.headers.get("host")


def _where(parameters: Mapping[str, str]) -> str:
    """Return the page of this app to go to, never another site's."""
    to = parameters.get("to", "/")
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() and len(to) < 300
    return to if plain else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _html(text: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(text, status, {"Content-Security-Policy": _STYLE_ONLY, "Cache-Control": "no-store"})

"""The addresses outside the app: join, leave, and the teacher's entrance."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.errors import NameTaken, NotHere, PeopleError, TooManyGuesses
from core.people import joining
from core.people.door import open_register, visitor
from core.people.records import ClassRoom, Joined
from core.people.register import VISIT_SECONDS
from pages.components.door import join_page
from pages.components.door.forms import Form, address_of, answered, html, where
from pages.components.door.visit import COOKIE


def routes() -> list[Route]:
    """Return the routes, which exist only on a class's server."""
    return [
        Route("/join", _join, methods=["GET", "POST"]),
        Route("/teacher", teacher, methods=["GET", "POST"]),
        Route("/leave", _leave, methods=["GET", "POST"]),
    ]


async def _join(request: Request) -> Response:
    return await answered(request, _asked_to_join, _joined, lambda wrong: join_page.code_form(wrong=wrong))


async def teacher(request: Request) -> Response:
    """Answer at the teacher's entrance."""
    return await answered(request, _asked_for_pin, _entered, lambda wrong: join_page.pin_form(wrong))


async def _leave(request: Request) -> Response:
    return await answered(
        request, lambda _: html(join_page.leave_form()), _left, lambda wrong: join_page.code_form(wrong=wrong)
    )


def _asked_to_join(request: Request) -> Response:
    code, to = request.query_params.get("code", ""), where(request.query_params)
    try:
        if visitor(request.cookies.get(COOKIE, "")) is not None:
            return RedirectResponse(to, 303)
    except NotHere:
        if (waits := _waiting(request)) is not None:
            return waits
    if not code:
        return html(join_page.code_form(to=to))
    register = open_register()
    classroom = _class_or_form(request, code, to)
    if isinstance(classroom, Response):
        return classroom
    if request.query_params.get("again"):
        return html(join_page.card_form(classroom, request.query_params.get("name", ""), to=to))
    return html(join_page.name_form(classroom, register.people(classroom.id), to=to))


def _asked_for_pin(request: Request) -> Response:
    return html(join_page.pin_form(to=where(request.query_params)))


def _class_or_form(request: Request, code: str, to: str) -> ClassRoom | Response:
    """Return the class with this code, or the form that says what is wrong and keeps what was typed."""
    try:
        return joining.class_of_code(open_register(), code, address_of(request))
    except TooManyGuesses:
        raise
    except PeopleError as error:
        return html(join_page.code_form(code[:20], str(error), to), 400)


def _waiting(request: Request) -> Response | None:
    """Return the page of somebody who waits for the teacher, or None."""
    try:
        visit = open_register().visit(request.cookies.get(COOKIE, ""))
    except NotHere:
        return None
    return html(join_page.waiting_page(visit.person, where(request.query_params)))


def _joined(request: Request, form: Form) -> Response:
    register, to = open_register(), where(form)
    classroom = _class_or_form(request, form.get("code", ""), to)
    if isinstance(classroom, Response):
        return classroom
    name = form.get("name", "").strip() or form.get("chosen", "").strip()
    if form.get("again"):
        try:
            if form.get("ask"):
                asked = joining.ask_teacher(register, classroom, name, address_of(request))
                return with_cookie(request, html(join_page.waiting_page(asked.person, to)), asked)
            back = joining.return_with_card(register, classroom, name, form.get("card", ""), address_of(request))
        except TooManyGuesses:
            raise
        except PeopleError as error:
            return html(join_page.card_form(classroom, name, str(error), to), 400)
        return with_cookie(request, RedirectResponse(to, 303), back)
    if not name:
        wrong = "Choose or type your name." if "to" in form and "name" in form else ""
        return html(join_page.name_form(classroom, register.people(classroom.id), wrong, to))
    try:
        new = joining.join(register, classroom, name)
    except NameTaken as error:
        return html(join_page.card_form(classroom, name, str(error), to), 409)
    except PeopleError as error:
        return html(join_page.name_form(classroom, register.people(classroom.id), str(error), to), 400)
    return with_cookie(request, html(join_page.welcome(new.person, new.card, to)), new)


def _entered(request: Request, form: Form) -> Response:
    register, to = open_register(), where(form)
    try:
        entered = joining.enter_as_teacher(register, form.get("pin", ""), address_of(request))
    except PeopleError as error:
        return html(join_page.pin_form(str(error), to), 429 if isinstance(error, TooManyGuesses) else 400)
    return with_cookie(request, RedirectResponse(to, 303), entered)


def _left(request: Request, form: Form) -> Response:
    open_register().leave(request.cookies.get(COOKIE, ""))
    answer = html(join_page.goodbye())
    answer.delete_cookie(COOKIE)
    return answer


def with_cookie(request: Request, answer: Response, joined: Joined) -> Response:
    """Give the browser the token of its visit with this answer."""
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

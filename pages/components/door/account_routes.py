"""The addresses outside the app on a server with accounts: sign in, arrive, sign out."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send
from streamlit.auth_util import encode_provider_token

from core.errors import NotHere, PeopleError
from core.people.accounts import arriving
from core.people.accounts.admission import admits
from core.people.door import open_register, visitor
from pages.components.door import account_page
from pages.components.door.account_cookie import account_of
from pages.components.door.forms import Form, address_of, answered, html, where
from pages.components.door.join_routes import teacher
from pages.components.door.sign_in_settings import providers
from pages.components.door.visit import COOKIE, token_in

LOGIN, LOGOUT = "/auth/login", "/auth/logout"
WITH_ACCOUNTS = ("/sign-in", LOGIN, "/oauth2callback", LOGOUT)
"""What everybody may reach on a server with accounts; all but the first are Streamlit's, of ``st.login``."""
_WAY = "resnet_studio_way"
"""A cookie for the way to the provider and back: the class code and the page that somebody came with."""
_WAY_SECONDS = 900


def account_routes() -> list[Route]:
    """Return the routes, which exist only on a server with accounts."""
    return [
        Route("/join", _join, methods=["GET", "POST"]),
        Route("/sign-in", _sign_in, methods=["GET"]),
        Route("/teacher", teacher, methods=["GET", "POST"]),
        Route("/leave", _leave, methods=["GET", "POST"]),
    ]


def end_visit(cookies: Mapping[str, str]) -> None:
    """Sign out whoever is signed in with these cookies; for Streamlit's own way out too."""
    register = open_register()
    if (account := account_of(cookies)) is not None:
        arriving.sign_out(register, account)
    if by_pin := cookies.get(COOKIE, ""):
        register.leave(by_pin)


async def _join(request: Request) -> Response:
    return await answered(request, _asked, _arrived, account_page.trouble_page)


async def _sign_in(request: Request) -> Response:
    return await answered(request, _sent_to_provider, _arrived, account_page.trouble_page)


async def _leave(request: Request) -> Response:
    return await answered(request, lambda _: html(account_page.sign_out_form()), _left, account_page.trouble_page)


def _asked(request: Request) -> Response:
    code, to = _way(request)
    try:
        visitor(token_in(request.cookies))
        return _gone(request, to)
    except NotHere:
        pass
    account, wrong = account_of(request.cookies), ""
    if account is not None:
        try:
            if arriving.come_in(open_register(), account) is not None:
                return _gone(request, to)
            return html(
                account_page.arrival_form(account, code, account.name[:40], needs_code=not admits(account), to=to)
            )
        except NotHere as error:
            wrong = str(error)
    answer = html(account_page.sign_in_page(providers(), wrong))
    if request.query_params.get("code") or request.query_params.get("to"):
        answer.set_cookie(
            _WAY,
            urlencode({"code": code, "to": to}),
            max_age=_WAY_SECONDS,
            path="/join",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return answer


def _arrived(request: Request, form: Form) -> Response:
    account, to = account_of(request.cookies), where(form)
    if account is None:
        return RedirectResponse("/join", 303)
    code, name = form.get("code", ""), form.get("name", "")
    try:
        arriving.arrive(open_register(), account, code, name, address_of(request))
    except NotHere:
        return RedirectResponse("/join", 303)
    except PeopleError as error:
        needs_code = not admits(account)
        return html(account_page.arrival_form(account, code, name, needs_code=needs_code, wrong=str(error), to=to), 400)
    return _gone(request, to)


def _sent_to_provider(request: Request) -> Response:
    named = request.query_params.get("with", "default")
    if named not in providers():
        return RedirectResponse("/join", 303)
    return RedirectResponse(f"{LOGIN}?provider={quote(encode_provider_token(named))}", 303)


def _left(request: Request, form: Form) -> Response:
    end_visit(request.cookies)
    answer = html(account_page.signed_out())
    answer.delete_cookie(COOKIE)
    return answer


def _way(request: Request) -> tuple[str, str]:
    """Return the class code and the page that somebody came with, before the provider or now."""
    kept = dict(parse_qsl(request.cookies.get(_WAY, ""), max_num_fields=5))
    return request.query_params.get("code") or kept.get("code", ""), where({**kept, **request.query_params})


def _gone(request: Request, to: str) -> Response:
    answer = RedirectResponse(to, 303)
    if _WAY in request.cookies:
        answer.delete_cookie(_WAY, path="/join")
    return answer


def with_sentence(scope: Scope, receive: Receive, send: Send) -> Send:
    """Show a page of ours where Streamlit could not reach the provider, in place of two words."""
    failed = False

    async def sent(message: Message) -> None:
        nonlocal failed
        if message["type"] == "http.response.start" and message["status"] >= 400:
            failed = True
            page = html(account_page.trouble_page("The page on which one signs in does not answer."), 502)
            await page(scope, receive, send)
        elif not failed:
            await send(message)

    return sent

"""Who has signed in in a browser, read from the cookie that Streamlit signs after ``st.login``.

Streamlit 1.67 puts the provider's claims into a cookie, with the origin for which it was made, and signs it with
``cookie_secret``; a long one is cut into several. Streamlit itself reads it only for the websocket of a page. Here it
is read for every request, and with its moment, so that a cookie from before a signing out is known as one.
"""

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import TOKENS_COOKIE_NAME, USER_COOKIE_NAME

from core.people.accounts.account import LONGEST_ID, Account

SHORTEST_SECRET = 32
"""Characters of the secret that signs cookies: whoever guesses it is everybody."""
_REMEMBERED_SECONDS = 60


def account_of(cookies: Mapping[str, str]) -> Account | None:
    """Return the account that these cookies prove; None for none, a forged, foreign or old one."""
    if USER_COOKIE_NAME not in cookies:
        return None
    parts = tuple(
        (name, value)
        for name, value in sorted(cookies.items())
        if name.startswith(USER_COOKIE_NAME) and not name.startswith(TOKENS_COOKIE_NAME)
    )
    secret, origin = get_cookie_secret(), get_origin_from_redirect_uri()
    if len(secret) < SHORTEST_SECRET or not origin:
        return None
    return _read(parts, secret, origin, int(time.time() / _REMEMBERED_SECONDS))


# A page asks a hundred times a run; the last argument ends what is remembered.
@lru_cache(maxsize=2048)
def _read(parts: tuple[tuple[str, str], ...], secret: str, origin: str, moment: int) -> Account | None:
    signed = {name: value.encode("latin-1", "replace") for name, value in parts}

    def one(name: str) -> bytes | None:
        return decode_signed_value(secret, name, signed[name]) if name in signed else None

    try:
        whole = get_cookie_with_chunks(one, USER_COOKIE_NAME)
        if whole is None:
            return None
        serializer = URLSafeTimedSerializer(secret, salt=USER_COOKIE_NAME)
        _, when = serializer.loads(signed[USER_COOKIE_NAME], return_timestamp=True)
        claims = json.loads(whole)
    except (BadData, ValueError):
        return None
    if not isinstance(claims, dict) or claims.get("is_logged_in") is not True or claims.get("origin") != origin:
        return None
    issuer, subject = _text(claims, "iss"), _text(claims, "sub")
    if not (0 < len(issuer) <= LONGEST_ID and 0 < len(subject) <= LONGEST_ID):
        return None
    verified = claims.get("email_verified") in (True, "true")  # Amazon Cognito writes it as a text
    address = _text(claims, "email").lower() if verified else ""
    name = _text(claims, "given_name") or _text(claims, "name") or address.partition("@")[0]
    return Account(issuer, subject, name, address, when.timestamp(), "\n".join(value for _, value in parts))


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return " ".join(value.split()) if isinstance(value, str) and value.isprintable() else ""

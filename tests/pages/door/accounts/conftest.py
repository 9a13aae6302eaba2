"""The settings of a server with accounts, and cookies that it could have signed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pages.components.door import account_cookie, sign_in_settings
from pages.components.door.account_cookie import USER_COOKIE_NAME

SECRET = "a" * 32
ORIGIN = "https://studio.test"
CLAIMS = {
    "iss": "https://school.test", "sub": "42", "given_name": "Ada", "email": "Ada@School.test", "email_verified": True,
    "origin": ORIGIN, "is_logged_in": True, "provider": "default",
}  # fmt: skip


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The section [auth] of a server, which a test may change."""
    section: dict[str, Any] = {
        "redirect_uri": f"{ORIGIN}/oauth2callback",
        "cookie_secret": SECRET,
        "client_id": "studio",
        "client_secret": "x",
        "server_metadata_url": "https://school.test/.well-known/openid-configuration",
    }
    for module in (account_cookie, sign_in_settings):
        monkeypatch.setattr(module, "get_cookie_secret", lambda: section.get("cookie_secret", ""))
    monkeypatch.setattr(account_cookie, "get_origin_from_redirect_uri", lambda: ORIGIN)
    monkeypatch.setattr(sign_in_settings, "get_secrets_auth_section", lambda: section)
    yield section
    account_cookie._read.cache_clear()


def signed(claims: dict[str, Any], secret: str = SECRET, name: str = USER_COOKIE_NAME) -> str:
    """Return the value of a cookie with these claims."""
    return create_signed_value(secret, name, json.dumps(claims)).decode()

"""Which cookies prove an account: only those that this server has signed for its own address."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.errors import PeopleError
from pages.components.door import account_cookie, sign_in_settings
from pages.components.door.account_cookie import USER_COOKIE_NAME, account_of

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


def _signed(claims: dict[str, Any], secret: str = SECRET, name: str = USER_COOKIE_NAME) -> str:
    return create_signed_value(secret, name, json.dumps(claims)).decode()


def test_a_cookie_of_this_server_proves_an_account() -> None:
    account = account_of({USER_COOKIE_NAME: _signed(CLAIMS), "other": "x"})
    assert account is not None
    assert (account.issuer, account.subject, account.name) == ("https://school.test", "42", "Ada")
    assert account.address == "ada@school.test"
    unverified = account_of({USER_COOKIE_NAME: _signed(CLAIMS | {"email_verified": False})})
    assert unverified is not None
    assert unverified.address == ""


def test_a_long_cookie_comes_in_parts() -> None:
    text = json.dumps(CLAIMS)
    parts = {"": "chunks-2", "_1": text[:50], "_2": text[50:]}
    cookies = {
        f"{USER_COOKIE_NAME}{end}": create_signed_value(SECRET, f"{USER_COOKIE_NAME}{end}", part).decode()
        for end, part in parts.items()
    }
    account = account_of(cookies)
    assert account is not None
    assert account.subject == "42"
    del cookies[f"{USER_COOKIE_NAME}_2"]
    assert account_of(cookies) is None


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x.y.z",
        "\udcff",
        _signed(CLAIMS, "b" * 32),
        _signed(CLAIMS)[:-2],
        _signed(CLAIMS, name="_streamlit_user_tokens"),
        _signed(CLAIMS | {"origin": "https://other.test"}),
        _signed(CLAIMS | {"is_logged_in": False}),
        _signed(CLAIMS | {"sub": ""}),
        _signed(CLAIMS | {"iss": None}),
        _signed(CLAIMS | {"sub": "x" * 301}),
    ],
    ids=["none", "no cookie", "no text", "forged", "cut", "of tokens", "of another app", "signed out", "nobody",
         "nowhere", "endless"],
)  # fmt: skip
def test_a_forged_or_foreign_cookie_proves_nothing(cookie: str) -> None:
    assert account_of({USER_COOKIE_NAME: cookie}) is None


def test_a_secret_that_can_be_guessed_proves_nothing(settings: dict[str, Any]) -> None:
    settings["cookie_secret"] = "short"
    assert account_of({USER_COOKIE_NAME: _signed(CLAIMS, "short")}) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cookie_secret": "short"}, "32 random characters"),
        ({"redirect_uri": "https://studio.test/"}, "/oauth2callback at its end"),
        ({"client_secret": ""}, "[auth] in .streamlit/secrets.toml lacks client_secret"),
        ({"google": {"client_id": "x"}}, "[auth.google] in .streamlit/secrets.toml lacks client_secret"),
        ({"my_school": {}}, "underscore"),
    ],
)
def test_a_wrong_section_is_a_sentence(settings: dict[str, Any], change: dict[str, Any], sentence: str) -> None:
    assert sign_in_settings.providers() == {"default": ""}
    settings |= change
    with pytest.raises(PeopleError) as error:
        sign_in_settings.providers()
    assert sentence in str(error.value)


def test_a_missing_section_is_a_sentence(settings: dict[str, Any]) -> None:
    settings.clear()
    with pytest.raises(PeopleError, match=r"Accounts need a section \[auth\]"):
        sign_in_settings.providers()

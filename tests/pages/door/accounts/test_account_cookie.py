"""Which cookies prove an account: only those that this server has signed for its own address."""

import asyncio
import json
from typing import Any

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.errors import PeopleError
from pages.components.door import sign_in_settings
from pages.components.door.account_cookie import USER_COOKIE_NAME, account_of
from pages.components.door.app_server import at_start
from tests.pages.door.accounts.conftest import CLAIMS, SECRET, signed


def test_a_cookie_of_this_server_proves_an_account() -> None:
    account = account_of({USER_COOKIE_NAME: signed(CLAIMS), "other": "x"})
    assert account is not None
    assert (account.issuer, account.subject, account.name) == ("https://school.test", "42", "Ada")
    assert account.address == "ada@school.test"
    unverified = account_of({USER_COOKIE_NAME: signed(CLAIMS | {"email_verified": False})})
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
        signed(CLAIMS, "b" * 32),
        signed(CLAIMS)[:-2],
        signed(CLAIMS, name="_streamlit_user_tokens"),
        signed(CLAIMS | {"origin": "https://other.test"}),
        signed(CLAIMS | {"is_logged_in": False}),
        signed(CLAIMS | {"sub": ""}),
        signed(CLAIMS | {"iss": None}),
        signed(CLAIMS | {"sub": "x" * 301}),
    ],
    ids=["none", "no cookie", "no text", "forged", "cut", "of tokens", "of another app", "signed out", "nobody",
         "nowhere", "endless"],
)  # fmt: skip
def test_a_forged_or_foreign_cookie_proves_nothing(cookie: str) -> None:
    assert account_of({USER_COOKIE_NAME: cookie}) is None


def test_a_secret_that_can_be_guessed_proves_nothing(settings: dict[str, Any]) -> None:
    settings["cookie_secret"] = "short"
    assert account_of({USER_COOKIE_NAME: signed(CLAIMS, "short")}) is None


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


def test_the_start_of_the_server_says_what_is_wrong(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "accounts")
    del settings["client_secret"]

    async def start() -> None:
        async with at_start(None):
            pass

    asyncio.run(start())
    assert "Nobody can sign in. [auth] in .streamlit/secrets.toml lacks client_secret." in capsys.readouterr().out

"""The section [auth] of secrets.toml: with which providers one can sign in, and what is wrong with it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from streamlit.auth_util import get_redirect_uri, get_secrets_auth_section, is_authlib_installed
from streamlit.errors import StreamlitAuthError
from streamlit.web.server.server_util import get_cookie_secret

from core.errors import PeopleError
from core.people.accounts.admission import check_settings
from pages.components.door.account_cookie import SHORTEST_SECRET

DEFAULT = "default"
"""Streamlit's name for the provider whose settings stand in [auth] itself."""
_CALLBACK = "/oauth2callback"
_NEEDED = ("client_id", "client_secret", "server_metadata_url")
_WHERE = ".streamlit/secrets.toml"
_SEE = "See docs/accounts.md."


def providers() -> dict[str, str]:
    """Return the names of the providers with what is shown for them. Raises PeopleError for the first mistake."""
    if not is_authlib_installed():
        raise PeopleError("Accounts need the package Authlib. Install it: pip install -r requirements.txt")
    section = get_secrets_auth_section()
    if not section:
        raise PeopleError(f"Accounts need a section [auth] in {_WHERE}; it is missing or cannot be read. {_SEE}")
    _check_redirect(section)
    if len(get_cookie_secret()) < SHORTEST_SECRET:
        raise PeopleError(
            f"cookie_secret in {_WHERE} is missing or too short. Set it to {SHORTEST_SECRET} random characters or more."
        )
    check_settings()
    found = {name: name.capitalize() for name, values in section.items() if isinstance(values, Mapping)}
    found.pop("client_kwargs", None)
    if any(key in section for key in _NEEDED):
        found = {DEFAULT: ""} | found
    if not found:
        raise PeopleError(f"[auth] in {_WHERE} names no provider. Add {', '.join(_NEEDED)}. {_SEE}")
    for name in found:
        place = "[auth]" if name == DEFAULT else f"[auth.{name}]"
        values = section if name == DEFAULT else section[name]
        if "_" in name:
            raise PeopleError(f"{place} in {_WHERE} has an underscore in its name. Choose a name without one.")
        if missing := [key for key in _NEEDED if not values.get(key)]:
            raise PeopleError(f"{place} in {_WHERE} lacks {', '.join(missing)}. {_SEE}")
    return found


def _check_redirect(section: Any) -> None:
    try:
        address = get_redirect_uri(section) or ""
    except StreamlitAuthError:
        address = ""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path != _CALLBACK:
        raise PeopleError(
            f"redirect_uri in {_WHERE} is {address[:80]!r}. Set it to the address of this server with {_CALLBACK} at "
            f"its end, such as https://studio.school.example{_CALLBACK}."
        )

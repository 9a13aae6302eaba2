"""Whose accounts may come in without a class code, and whose are teachers': two settings of the server."""

import os
import re

from core.errors import PeopleError
from core.people.accounts.account import Account

ADMITTED = "RESNET_STUDIO_ADMITTED"
"""Domains and e-mail addresses, separated by spaces or commas."""
TEACHERS = "RESNET_STUDIO_TEACHERS"
"""E-mail addresses."""
_DOMAIN = r"[a-z0-9-]+(\.[a-z0-9-]+)+"
_ADDRESS = rf"[^@\s]+@{_DOMAIN}"


def teaches(account: Account) -> bool:
    """Return whether this is a teacher's account. Raises PeopleError for a setting that cannot be read."""
    return bool(account.address) and account.address in _entries(TEACHERS, _ADDRESS, "e-mail addresses")


def admits(account: Account) -> bool:
    """Return whether this account needs no class code. Raises PeopleError for a setting that cannot be read."""
    listed = _entries(ADMITTED, rf"{_ADDRESS}|@?{_DOMAIN}", "domains and e-mail addresses")
    domain = account.address.rpartition("@")[2]
    return bool(account.address) and not listed.isdisjoint({account.address, domain, f"@{domain}"})


def check_settings() -> None:
    """Raise PeopleError for a setting that cannot be read."""
    nobody = Account("", "", "", "nobody@invalid.invalid", 0.0, "")
    teaches(nobody)
    admits(nobody)


def settings_text() -> str:
    """Return both settings; whoever came in under others is asked again."""
    return f"{os.environ.get(ADMITTED, '')}\n{os.environ.get(TEACHERS, '')}"


def _entries(setting: str, form: str, what: str) -> set[str]:
    entries = {one.lower() for one in re.split(r"[\s,;]+", os.environ.get(setting, "")) if one}
    for one in sorted(entries):
        if not re.fullmatch(form, one):
            raise PeopleError(f"{setting} has {one[:60]!r}. Set it to {what}, separated by spaces or commas.")
    return entries

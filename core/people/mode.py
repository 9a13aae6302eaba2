"""Who a server is for: one person alone, or people with workspaces of their own, by class code or by account."""

import os
from typing import Literal, get_args

from core.errors import PeopleError

Mode = Literal["alone", "class", "accounts"]
SETTING = "RESNET_STUDIO_PEOPLE"


def people_mode() -> Mode:
    """Return the mode in RESNET_STUDIO_PEOPLE, or ``alone``. Raises PeopleError for any other word."""
    named = os.environ.get(SETTING, "").strip().lower() or "alone"
    for mode in get_args(Mode):
        if named == mode:
            return mode
    raise PeopleError(
        f"{SETTING} is {named[:40]!r}. Set it to alone (everyone shares one workspace), class (people join with a "
        "code) or accounts (people sign in)."
    )

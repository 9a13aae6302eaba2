"""How often somebody may guess a code, a card or a PIN."""

import time

from sqlalchemy import Connection, delete, func, insert, select

from core.errors import TooManyGuesses
from core.people.schema import guesses

WINDOW_SECONDS = 600.0
PER_ADDRESS = 20
"""Wrong guesses of one kind from one address in the window. A whole class may share one address behind a router."""
PER_NAME = 10
"""Wrong cards of one pupil in the window: at that rate, guessing half of all cards takes 230 days."""
IN_ALL = 200
"""Wrong guesses of one kind in the window, from everywhere."""


def check_guesses(connection: Connection, kind: str, address: str, name: str = "") -> None:
    """Raise TooManyGuesses if no further guess is allowed now, with how long to wait."""
    now = time.time()
    connection.execute(delete(guesses).where(guesses.c.moment < now - WINDOW_SECONDS))
    limits = {f"{kind}": IN_ALL, f"{kind} from {address}"[:120]: PER_ADDRESS}
    if name:
        limits[f"{kind} of {name}"[:120]] = PER_NAME
    for what, most in limits.items():
        count, oldest = connection.execute(
            select(func.count(), func.min(guesses.c.moment)).where(guesses.c.what == what)
        ).one()
        if count >= most:
            minutes = max(1, round((oldest + WINDOW_SECONDS - now) / 60))
            wait = "a minute" if minutes == 1 else f"{minutes} minutes"
            raise TooManyGuesses(f"That was wrong too often. Wait {wait}, or ask your teacher.")


def note_guess(connection: Connection, kind: str, address: str, name: str = "") -> None:
    """Record a wrong guess."""
    what = [kind, f"{kind} from {address}"[:120]] + ([f"{kind} of {name}"[:120]] if name else [])
    connection.execute(insert(guesses), [{"what": one, "moment": time.time()} for one in what])

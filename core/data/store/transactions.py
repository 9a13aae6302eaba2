"""One short transaction for each call of the store: ``read`` and ``write`` turn functions into its methods.

Writers wait for each other. A writer that had to give up is tried again, a few times and with growing pauses, and then
DatabaseBusy says so. Errors of the disk and of the database's server are StudioErrors, too.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.data.store.database_errors import plain_error
from core.data.store.projects import note_write, project_of
from core.errors import DatabaseBusy

P = ParamSpec("P")
R = TypeVar("R")

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds before the second and later attempts
LONGEST_SECONDS = 30.0  # no further attempt after this time: SQLite itself waits BUSY_SECONDS in each


class Transactions:
    """The engine of a database and the two kinds of transactions on it."""

    _engine: Engine
    _tab: str | None = None  # the browser tab for which this object acts

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with (
            _plain_errors("the project could not be read"),
            self._engine.connect().execution_options(tab=self._tab) as conn,
        ):
            yield conn

    @contextmanager
    def _writing(self, project_id: int | None = None) -> Iterator[Connection]:
        """Lock the project, if given, and count the write. Use ``_write``, which repeats it, wherever possible."""
        with (
            _plain_errors("the change could not be saved"),
            self._engine.connect().execution_options(writes=True, tab=self._tab) as conn,
            conn.begin(),
        ):
            if project_id is not None:
                project_of(conn, project_id, lock=True)
                note_write(conn, project_id)
            yield conn

    def _write(self, function: Callable[[Connection], R], project_id: int | None = None) -> R:
        """Call the function in a writing transaction, and again if the database was busy. Raises DatabaseBusy."""
        started = time.monotonic()
        for pause in PAUSES:
            try:
                with self._writing(project_id) as conn:
                    return function(conn)
            except DatabaseBusy:
                if time.monotonic() - started > LONGEST_SECONDS:
                    raise
            # Of different length for each writer, or those who met once would meet again.
            time.sleep(pause * random.uniform(0.5, 1.5))
        with self._writing(project_id) as conn:
            return function(conn)


def read(function: Callable[Concatenate[Connection, P], R]) -> Callable[Concatenate[Transactions, P], R]:
    """Make a method that calls the function in a reading transaction."""

    @wraps(function)
    def method(self: Transactions, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._reading() as conn:
            return function(conn, *args, **kwargs)

    return method


def write(function: Callable[Concatenate[Connection, int, P], R]) -> Callable[Concatenate[Transactions, int, P], R]:
    """Make a method that calls the function, whose first argument is a project, in a writing transaction."""

    @wraps(function)
    def method(self: Transactions, project_id: int, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._write(lambda conn: function(conn, project_id, *args, **kwargs), project_id)

    return method


@contextmanager
def _plain_errors(so: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if plain := plain_error(error, so):
            raise plain from error
        raise
    except PoolTimeout as error:
        raise DatabaseBusy(
            f"Too many people use the database at this moment, so {so}. Wait a moment, then try again."
        ) from error

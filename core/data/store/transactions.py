"""One short transaction for each call of the store: ``read`` and ``write`` turn functions into its methods."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine

from core.data.store.projects import note_write, project_of

P = ParamSpec("P")
R = TypeVar("R")


class Transactions:
    """The engine of a database and the two kinds of transactions on it."""

    _engine: Engine

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as conn:
            yield conn

    @contextmanager
    def _writing(self, project_id: int | None = None) -> Iterator[Connection]:
        """Lock the project, if given, and count the write."""
        with self._engine.connect().execution_options(writes=True) as conn, conn.begin():
            if project_id is not None:
                project_of(conn, project_id, lock=True)
                note_write(conn, project_id)
            yield conn


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
        with self._writing(project_id) as conn:
            return function(conn, project_id, *args, **kwargs)

    return method

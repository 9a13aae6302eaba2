"""The numbers of an experiment, computed once: a CSV in the workspace's cache. Free of torch."""

import hashlib
import json
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from core.training.events import Progress
from core.workspace import Workspace

Computing = Generator[Progress, None, pd.DataFrame]
ExperimentArguments = Mapping[str, str | int | float | bool]

_TURN_SECONDS = 0.3


def cached(workspace: Workspace, experiment: str, arguments: ExperimentArguments) -> pd.DataFrame | None:
    """The numbers, if they were computed before; None otherwise, or where their file is damaged."""
    try:
        return pd.read_csv(_file(workspace, experiment, arguments))
    except (OSError, ValueError):
        return None


def cached_or_computed(
    workspace: Workspace, experiment: str, arguments: ExperimentArguments, compute: Callable[[], Computing]
) -> Generator[Progress, None, pd.DataFrame]:
    """The numbers: from the cache, or else computed and put there; yields Progress meanwhile.

    ``arguments`` hold all that the numbers depend on, a version of the experiment among them. One experiment computes
    at a time in a workspace, so that thirty pupils who press the same button wait for one computation, not for thirty.
    A computation that is left (its generator closed) leaves nothing behind.
    """
    with _turn(workspace) as waiting:
        yield from waiting
        found = cached(workspace, experiment, arguments)
        if found is None:
            found = yield from compute()
            _write(found, _file(workspace, experiment, arguments))
    return found


@contextmanager
def _turn(workspace: Workspace) -> Iterator[Iterator[Progress]]:
    """Gives what is to be iterated over until it is this computation's turn; the turn ends with the context."""
    folder = workspace.cache / "lessons"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "computing.lock", thread_local=False)

    def waiting() -> Iterator[Progress]:
        while True:
            try:
                lock.acquire(timeout=_TURN_SECONDS)
                return
            except Timeout:
                yield Progress("waiting for another experiment on this server", 0, None)

    try:
        yield waiting()
    finally:
        lock.release()


def _file(workspace: Workspace, experiment: str, arguments: ExperimentArguments) -> Path:
    told = json.dumps(dict(arguments), sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]
    return workspace.cache / "lessons" / f"{experiment}-{digest}.csv"


def _write(table: pd.DataFrame, path: Path) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        table.to_csv(beside, index=False)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)

"""Cache the results of an experiment as a CSV in the workspace. Does not import torch."""

import hashlib
import json
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from core.file_replacement import replace_patiently
from core.lessons.shipped_results import shipped
from core.training.events import Progress
from core.workspace import Workspace

ExperimentSteps = Generator[Progress, None, pd.DataFrame]
"""A running experiment: yields its progress and returns its table."""
ExperimentArguments = Mapping[str, str | int | float | bool]

_POLL_SECONDS = 0.3


def cached(workspace: Workspace, experiment: str, arguments: ExperimentArguments) -> pd.DataFrame | None:
    """Return the cached table; None if it was never computed or its file is damaged."""
    try:
        return pd.read_csv(_file(workspace, experiment, arguments))
    except (OSError, ValueError):
        return None


def cached_or_shipped(
    workspace: Workspace, experiment: str, arguments: ExperimentArguments
) -> tuple[pd.DataFrame, bool] | None:
    """Return the table that this workspace computed, else the shipped one, and whether it is the shipped one.

    None if there is neither. `core.lessons.shipped_results.origin` says in words where shipped tables come from.
    """
    own = cached(workspace, experiment, arguments)
    if own is not None:
        return own, False
    result = shipped(experiment, arguments)
    if result is None:
        return None
    try:
        return result.table(), True
    except (OSError, ValueError):
        return None


def cached_or_computed(
    workspace: Workspace, experiment: str, arguments: ExperimentArguments, compute: Callable[[], ExperimentSteps]
) -> Generator[Progress, None, pd.DataFrame]:
    """Return the cached table, or compute and cache it; yields Progress meanwhile.

    ``arguments`` hold everything that the result depends on, including a version of the experiment. A workspace runs
    one experiment at a time: thirty pupils who press the same button wait for one computation. Closing the generator
    stops the computation and leaves no file behind.
    """
    with _experiment_lock(workspace) as waiting:
        yield from waiting
        found = cached(workspace, experiment, arguments)
        if found is None:
            found = yield from compute()
            _write(found, _file(workspace, experiment, arguments))
    return found


@contextmanager
def _experiment_lock(workspace: Workspace) -> Iterator[Iterator[Progress]]:
    """Hold the workspace's experiment lock; iterate over the result to wait for it."""
    folder = workspace.cache / "lessons"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "computing.lock", thread_local=False)

    def waiting() -> Iterator[Progress]:
        while True:
            try:
                lock.acquire(timeout=_POLL_SECONDS)
                return
            except Timeout:
                yield Progress("waiting for another experiment on this server to finish", 0, None)

    try:
        yield waiting()
    finally:
        lock.release()


def _file(workspace: Workspace, experiment: str, arguments: ExperimentArguments) -> Path:
    text = json.dumps(dict(arguments), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return workspace.cache / "lessons" / f"{experiment}-{digest}.csv"


def _write(table: pd.DataFrame, path: Path) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        table.to_csv(beside, index=False)
        replace_patiently(beside, path)
    finally:
        beside.unlink(missing_ok=True)

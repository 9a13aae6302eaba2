"""Computes a project's vectors in the background: a process of its own, at the lowest priority.

A process and not a thread, because it shall outlive the page and the server, keep a gigabyte of torch out of the
server's memory, and let the pages go first: its low priority gives them the processor whenever somebody presses a key.
A lock says whether one is at work, so that however often it is started, from however many servers, one runs for a
project; the system frees the lock when a process ends, however it ends. Projects take turns.

    python -m core.inspection.suggesting.vector_job PROJECT_ID
"""

import json
import logging
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from core.data.store.store import ImageRow, Store
from core.errors import StudioError
from core.inspection.suggesting.vectors import Refused, Vectors, Wanted, compute, default_network
from core.workspace import REPOSITORY, Workspace, open_workspace

_PATIENCE_SECONDS = 5.0
_LEFTOVER_SECONDS = 3600.0
_NICE = 15
_IN_TURN = 32
_started: dict[tuple[Path, int], subprocess.Popen[bytes]] = {}
log = logging.getLogger(__name__)


class VectorsState(NamedTuple):
    """How far a project's vectors are."""

    done: int
    total: int
    running: bool
    problem: str = ""
    """A sentence where the work ended with something left; whoever reads it may start it again."""


@dataclass(frozen=True)
class _Ended:
    """What a process leaves where it could not do all: why, and the pictures that cannot be read."""

    problem: str
    refused: tuple[str, ...] = ()


@lru_cache(maxsize=4)
def vectors_of(workspace: Workspace, network: str) -> Vectors:
    """The vectors of this workspace, opened once for all threads."""
    return Vectors(workspace, network)


def vectors_state(store: Store, project_id: int) -> VectorsState:
    """How many of the project's images have a vector, of how many, and whether a process is at work on them.

    Without the pretrained weights it is (0, total, False).
    """
    hashes = [one.hash for one in store.image_labels(project_id)]
    network = default_network(store.workspace)
    if network is None:
        return VectorsState(0, len(hashes), False)
    missing = vectors_of(store.workspace, network).missing(hashes)
    running = bool(missing) and _at_work(store.workspace, project_id)
    problem = ""
    if missing and not running:
        ended = _read(store.workspace, project_id)
        problem = ended.problem if ended else _death(store.workspace, project_id)
        if ended and ended.refused and set(missing) <= set(ended.refused):
            return VectorsState(len(hashes) - len(missing), len(hashes), False, problem)
        if ended and ended.refused:
            problem = ""  # photos came since, and those that cannot be read are no reason to leave them out
    return VectorsState(len(hashes) - len(missing), len(hashes), running, problem)


def begin(store: Store, project_id: int, *, again: bool = False) -> None:
    """Start the process where something is missing and none is at work; after a problem only with ``again``."""
    state = vectors_state(store, project_id)
    if default_network(store.workspace) is None or state.running or state.done == state.total:
        return
    if state.problem and not again:
        return
    folder = _folder(store.workspace)
    _report(store.workspace, project_id).unlink(missing_ok=True)
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(store.workspace.root)}
    with (folder / f"project-{project_id}.log").open("ab") as file:
        _started[store.workspace.root, project_id] = subprocess.Popen(
            [sys.executable, "-m", "core.inspection.suggesting.vector_job", str(project_id)],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def work(workspace: Workspace, project_id: int) -> None:
    """What the process does: all that is missing, also what is added meanwhile. Ends at once where one is at work."""
    lock = _lock(workspace, project_id)
    try:
        lock.acquire(timeout=_PATIENCE_SECONDS)  # somebody may hold it for a moment, to see whether it is free
    except Timeout:
        return
    store = Store(workspace)
    try:
        with FileLock(_folder(workspace) / "computing.lock"):
            _report(workspace, project_id).unlink(missing_ok=True)
            refused = _compute_all(store, project_id)
        if refused:
            names = ", ".join(one.name for one in list(refused.values())[:3])
            problem = f"{len(refused)} of the photos cannot be read, for example {names}."
            _write(workspace, project_id, _Ended(problem, tuple(refused)))
    except StudioError as error:
        _write(workspace, project_id, _Ended(str(error)))
    finally:
        store.close()
        lock.release()


def _compute_all(store: Store, project_id: int) -> dict[str, Refused]:
    from core.inspection.predicting.predictor import IMAGENET, Predictor

    refused: dict[str, Refused] = {}
    network, predictor = default_network(store.workspace), None
    while network is not None:
        vectors = vectors_of(store.workspace, network)
        paths = store.image_paths(project_id)
        rows = _in_turns(store.images(project_id))
        wanted = [Wanted(row.hash, paths[row.hash], row.filename) for row in rows if row.hash not in refused]
        if not vectors.missing([one.hash for one in wanted]):
            break
        predictor = predictor or Predictor.load(IMAGENET)
        before = len(refused)
        found: list[Refused] = []
        for _ in compute(vectors, wanted, predictor, found.append):
            continue
        by_name = {one.name: one for one in found}
        left = set(vectors.missing([one.hash for one in wanted]))
        refused |= {one.hash: by_name[one.name] for one in wanted if one.hash in left and one.name in by_name}
        if left and len(refused) == before:
            break  # somebody emptied the cache meanwhile; the next start begins anew
    return refused


def _in_turns(rows: list[ImageRow]) -> list[ImageRow]:
    """Some labelled ones, some without a label, and so on: what is learned from, and what is suggested next."""
    labelled = [row for row in rows if row.label is not None]
    others = [row for row in rows if row.label is None]
    pieces = max(-(-len(some) // _IN_TURN) for some in (labelled, others))
    slices = [slice(piece * _IN_TURN, (piece + 1) * _IN_TURN) for piece in range(pieces)]
    return [row for one in slices for row in (*labelled[one], *others[one])]


def _at_work(workspace: Workspace, project_id: int) -> bool:
    process = _started.get((workspace.root, project_id))
    if process is not None and process.poll() is None:
        return True
    lock = _lock(workspace, project_id)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _death(workspace: Workspace, project_id: int) -> str:
    """What to say of a process of ours that ended without a word."""
    process = _started.get((workspace.root, project_id))
    if process is None or not process.returncode:
        return ""
    return f"Looking at the photos ended too early (code {process.returncode}); the server's log says why."


def _folder(workspace: Workspace) -> Path:
    folder = workspace.cache / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _lock(workspace: Workspace, project_id: int) -> FileLock:
    return FileLock(_folder(workspace) / f"project-{project_id}.lock")


def _report(workspace: Workspace, project_id: int) -> Path:
    return _folder(workspace) / f"project-{project_id}.json"


def _read(workspace: Workspace, project_id: int) -> _Ended | None:
    try:
        found = json.loads(_report(workspace, project_id).read_text(encoding="utf-8"))
        return _Ended(found["problem"], tuple(found["refused"]))
    except (OSError, ValueError, KeyError):
        return None


def _write(workspace: Workspace, project_id: int, ended: _Ended) -> None:
    path = _report(workspace, project_id)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"problem": ended.problem, "refused": ended.refused}), encoding="utf-8")
    part.replace(path)


def _sweep(workspace: Workspace) -> None:
    """Takes away what processes that were killed left half written."""
    for path in _folder(workspace).glob("**/*.part"):
        if time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS:
            path.unlink(missing_ok=True)


def main() -> None:
    """The process."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    workspace = open_workspace()
    _sweep(workspace)
    work(workspace, int(sys.argv[1]))


if __name__ == "__main__":
    main()

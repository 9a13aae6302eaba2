"""Computes a project's vectors in a background process of low priority.

A process rather than a thread: it outlives the page and the server, keeps a gigabyte of torch out of the server's
memory, and leaves the processor to the pages whenever somebody presses a key. A lock allows one process per project,
however many servers start one. Projects take turns, also those of all pupils of a class.

    python -m core.inspection.suggesting.vector_job PROJECT_ID
"""

import contextlib
import logging
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from filelock import FileLock, Timeout

from core.background_process import (
    LOCK_SECONDS,
    lock_is_held,
    lower_priority,
    read_result,
    start_python,
    write_result,
)
from core.cache_use import in_use
from core.data.pictures.source import Source
from core.data.store.store import ImageRow, Store
from core.errors import StudioError
from core.features.budget import clean
from core.features.engines.engine import Engine
from core.features.frozen_network import FrozenNetwork
from core.features.frozen_pass import Refused, compute
from core.features.preferred_engine import EXACT, preferred_engine
from core.features.stage_vectors import StageVectors
from core.features.vectors import Vectors, default_vectors, vectors_name
from core.features.vectors_of_others import take_known
from core.features.views import MIRRORED, ORIGINAL
from core.inspection.suggesting.vector_turn import turn, waits
from core.workers.memory_limit import limit_memory, memory_limit, memory_sentence
from core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import ResizedCache

_LEFTOVER_SECONDS = 3600.0
_ROWS_IN_TURN = 32
VIEWS = (ORIGINAL, MIRRORED)
"""The views that are computed of every photo: those that a run with the usual recipe is trained on."""
_AT_ONCE = 128
MOST_OPEN = 64
"""More than people who label at the same time in a class: opening the vectors of a workspace reads all of its files."""
_started: dict[tuple[Path, int], subprocess.Popen[bytes]] = {}
log = logging.getLogger(__name__)


class VectorsState(NamedTuple):
    """How many of a project's images have a vector."""

    done: int
    total: int
    running: bool
    problem: str = ""
    """A sentence if the process ended before everything was computed; it may be started again."""


@dataclass(frozen=True)
class _Result:
    """What a process writes if it could not compute everything: the reason, and the hashes of unreadable images."""

    problem: str
    refused: tuple[str, ...] = ()


@lru_cache(maxsize=MOST_OPEN)
def vectors_of(workspace: Workspace, network: str) -> Vectors:
    """Return the vectors of this workspace, opened once for all threads."""
    return Vectors(workspace, network)


@lru_cache(maxsize=MOST_OPEN)
def stage_vectors_of(workspace: Workspace, network: str) -> StageVectors:
    """Return the vectors of several stages, which trainings may use, opened once for all threads."""
    return StageVectors(workspace, network)


def vectors_state(store: Store, project_id: int) -> VectorsState:
    """Return how many of the project's images have a vector, and whether a process is computing the others.

    Without the pretrained weights this is (0, total, False).
    """
    hashes = [one.hash for one in store.image_labels(project_id)]
    network = default_vectors(store.workspace, lambda: hashes)
    if network is None:
        return VectorsState(0, len(hashes), False)
    missing = vectors_of(store.workspace, network).missing(hashes)
    running = bool(missing) and (_is_running(store.workspace, project_id) or waits(store.workspace))
    if running and (result := _read_result(store.workspace, project_id)) and set(missing) <= set(result.refused):
        running = False  # the process computes what no suggestion waits for
    problem = ""
    if missing and not running:
        result = _read_result(store.workspace, project_id)
        problem = result.problem if result else _crash_message(store.workspace, project_id)
        if result and result.refused and set(missing) <= set(result.refused):
            return VectorsState(len(hashes) - len(missing), len(hashes), False, problem)
        if result and result.refused:
            problem = ""  # photos were added since; unreadable ones must not hold them back
    return VectorsState(len(hashes) - len(missing), len(hashes), running, problem)


def begin(store: Store, project_id: int, *, again: bool = False) -> None:
    """Start the process if vectors are missing and none is running; after a problem only with ``again``.

    In a class, not while somebody else's is running: call it again.
    """
    network = FrozenNetwork.of_imagenet()
    # It also runs, without being shown, for what only trainings use.
    if network is None or _is_running(store.workspace, project_id):
        return
    state = vectors_state(store, project_id)
    if state.done == state.total and not _views_missing(store, project_id, network):
        return
    if state.problem and not again:
        return
    if waits(store.workspace):
        return  # whoever looks at the progress calls again
    folder = _folder(store.workspace)
    _result_path(store.workspace, project_id).unlink(missing_ok=True)
    with (folder / f"project-{project_id}.log").open("ab") as file:
        _started[store.workspace.root, project_id] = start_python(
            ["-m", "core.inspection.suggesting.vector_job", str(project_id)],
            stdout=file,
            environment={"RESNET_STUDIO_HOME": str(store.workspace.root)},
        )


def _views_missing(store: Store, project_id: int, network: FrozenNetwork) -> bool:
    """Return whether vectors that only trainings use are to be computed."""
    result = _read_result(store.workspace, project_id)
    hashes = [one.hash for one in store.image_labels(project_id)]
    engine = preferred_engine(store.workspace, network, lambda: hashes) or EXACT
    stores = (stage_vectors_of(store.workspace, vectors_name(network, engine, view)) for view in VIEWS)
    return bool({name for one in stores for name in one.missing(hashes)} - set(result.refused if result else ()))


def work(workspace: Workspace, project_id: int) -> None:
    """Compute all missing vectors, also of images added meanwhile; return immediately if another process does so."""
    lock = _lock(workspace, project_id)
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        return
    store = Store(workspace)
    try:
        with turn(workspace):
            _result_path(workspace, project_id).unlink(missing_ok=True)
            _write_refused(workspace, project_id, _compute_all(store, project_id))
    except StudioError as error:
        _write_result(workspace, project_id, _Result(str(error)))
    finally:
        store.close()
        lock.release()


def _compute_all(store: Store, project_id: int) -> dict[str, Refused]:
    refused: dict[str, Refused] = {}
    network = FrozenNetwork.of_imagenet()
    engine: Engine | None = None
    while network is not None:
        name = engine.name if engine else _engine_name(store, project_id, network)
        work = _next_work(store, project_id, network, name, refused)
        if work is None:
            break
        view, wanted, suggests = work
        vectors = stage_vectors_of(store.workspace, vectors_name(network, name, view))
        if take_known(store.workspace, vectors, [one.hash for one in wanted]):
            continue
        if engine is None:  # not before: it takes seconds and half a gigabyte
            engine = _opened(store, project_id, network, name, refused)
            continue
        if not suggests:
            _write_refused(store.workspace, project_id, refused)
        before = len(refused)
        found: list[Refused] = []
        cache = _resized(store.workspace, network)
        for _ in compute({view: vectors}, wanted, cache, engine, found.append):
            continue
        by_name = {one.name: one for one in found}
        left = set(vectors.missing([one.hash for one in wanted]))
        refused |= {one.hash: by_name[one.name] for one in wanted if one.hash in left and one.name in by_name}
        if left and len(refused) == before:
            break  # the cache was emptied meanwhile; the next start computes everything again
    return refused


def _engine_name(store: Store, project_id: int, network: FrozenNetwork) -> str:
    """Return the name of the engine whose vectors the project uses, as far as it is chosen."""
    hashes = [one.hash for one in store.image_labels(project_id)]
    return preferred_engine(store.workspace, network, lambda: hashes) or EXACT


def _opened(store: Store, project_id: int, network: FrozenNetwork, name: str, refused: Collection[str]) -> Engine:
    """Return the engine; ``name`` is that of the one whose vectors are used so far.

    The photos that have a label already may test 8 bits, but those of the test set stay unused.
    """
    from core.features.workspace_engine import open_engine
    from core.training.linear.engine_photos import labelled_photos

    paths = store.image_paths(project_id)
    rows = [row for row in store.images(project_id) if row.hash not in refused and row.hash in paths]
    hashes = [row.hash for row in rows]
    stores = (stage_vectors_of(store.workspace, vectors_name(network, name, view)) for view in VIEWS)
    images = sum(len(one.missing(hashes)) for one in stores)
    splits = store.new_splits(project_id)
    known = [row for row in rows if row.label is not None and (row.split or splits.get(row.id)) != "test"]
    groups = store.near_duplicates(project_id)
    labelled = labelled_photos(
        store.workspace,
        network,
        [Source(row.hash, paths[row.hash], row.filename) for row in known],
        [row.label or "" for row in known],
        [groups.get(row.hash, row.hash) for row in known],
        _resized(store.workspace, network),
        stages=True,
    )
    own = [row.hash for row in store.image_labels(project_id)]
    return open_engine(store.workspace, network, images=images, labelled=labelled, photos=lambda: own)


def _write_refused(workspace: Workspace, project_id: int, refused: Mapping[str, Refused]) -> None:
    """Write which photos cannot be read, if there are any."""
    if refused:
        names = ", ".join(one.name for one in list(refused.values())[:3])
        problem = f"{len(refused)} of the photos cannot be read, for example {names}."
        _write_result(workspace, project_id, _Result(problem, tuple(refused)))


def _next_work(
    store: Store, project_id: int, network: FrozenNetwork, engine: str, refused: Collection[str]
) -> tuple[str, list[Source], bool] | None:
    """Return a view, the photos that lack its vectors, and whether suggestions wait; None if nothing is left.

    The original view of all photos comes first, for suggestions. What only trainings use follows, a few photos at a
    time, so that photos added meanwhile do not wait for it: the mirrored view, and earlier stages where an earlier
    version has computed the last one alone.
    """
    paths = store.image_paths(project_id)
    rows = _in_turns([row for row in store.images(project_id) if row.hash not in refused])
    names = {view: vectors_name(network, engine, view) for view in VIEWS}
    hashes = [row.hash for row in rows]
    suggests = True
    for view, stored in (
        (ORIGINAL, vectors_of(store.workspace, names[ORIGINAL])),
        (MIRRORED, stage_vectors_of(store.workspace, names[MIRRORED])),
        (ORIGINAL, stage_vectors_of(store.workspace, names[ORIGINAL])),
    ):
        if missing := set(stored.missing(hashes)):
            wanted = [Source(row.hash, paths[row.hash], row.filename) for row in rows if row.hash in missing]
            return view, wanted if suggests else wanted[:_AT_ONCE], suggests
        suggests = False
    return None


def _resized(workspace: Workspace, network: FrozenNetwork) -> "ResizedCache":
    from core.data.pictures.network_input.preprocessing import Preprocessing
    from core.data.pictures.resized_cache import ResizedCache

    return ResizedCache(workspace.cache / "resized", Preprocessing(**network.settings), log.warning)


def _in_turns(rows: list[ImageRow]) -> list[ImageRow]:
    """Alternate between labelled images, which the probe learns from, and unlabelled ones, which need suggestions."""
    labelled = [row for row in rows if row.label is not None]
    others = [row for row in rows if row.label is None]
    pieces = max(-(-len(some) // _ROWS_IN_TURN) for some in (labelled, others))
    slices = [slice(piece * _ROWS_IN_TURN, (piece + 1) * _ROWS_IN_TURN) for piece in range(pieces)]
    return [row for one in slices for row in (*labelled[one], *others[one])]


def _is_running(workspace: Workspace, project_id: int) -> bool:
    process = _started.get((workspace.root, project_id))
    if process is not None and process.poll() is None:
        return True
    return lock_is_held(_lock(workspace, project_id))


def _crash_message(workspace: Workspace, project_id: int) -> str:
    """Return a sentence for a process of ours that ended without a result; empty if none did."""
    process = _started.get((workspace.root, project_id))
    if process is None or not process.returncode:
        return ""
    log_file = _folder(workspace) / f"project-{project_id}.log"
    return f"Computing features stopped unexpectedly (exit code {process.returncode}). The log {log_file} has details."


def _folder(workspace: Workspace) -> Path:
    folder = workspace.cache / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _lock(workspace: Workspace, project_id: int) -> FileLock:
    return FileLock(_folder(workspace) / f"project-{project_id}.lock")


def _result_path(workspace: Workspace, project_id: int) -> Path:
    return _folder(workspace) / f"project-{project_id}.json"


def _read_result(workspace: Workspace, project_id: int) -> _Result | None:
    found = read_result(_result_path(workspace, project_id))
    try:
        return _Result(found["problem"], tuple(found["refused"])) if found else None
    except KeyError:
        return None


def _write_result(workspace: Workspace, project_id: int, result: _Result) -> None:
    write_result(_result_path(workspace, project_id), {"problem": result.problem, "refused": result.refused})


def _delete_leftovers(workspace: Workspace) -> None:
    """Delete the half-written files of processes that were killed."""
    for path in _folder(workspace).glob("**/*.part"):
        if time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS:
            path.unlink(missing_ok=True)


def main() -> None:
    """Run the process."""
    lower_priority()
    workspace = open_workspace()
    limit = memory_limit()
    problem = _Result(memory_sentence(limit))
    limit_memory(limit, lambda: _write_result(workspace, int(sys.argv[1]), problem))
    _delete_leftovers(workspace)
    with in_use([_folder(workspace)]):
        work(workspace, int(sys.argv[1]))
    with contextlib.suppress(StudioError):  # a limit that cannot be read: the home page says so
        clean(workspace)


if __name__ == "__main__":
    main()

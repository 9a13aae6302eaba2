"""The disk budget of the caches: how much they may hold, and what is deleted when they hold more.

The limit is RESNET_STUDIO_FEATURE_GIGABYTES, else the workspace's own setting, else 20 GB or a quarter of the free disk
space, whichever is less; a pupil has at most an equal share of the server's. Nothing that a process is using is
deleted, and all of it can be computed again.
Does not import torch.
"""

import json
import math
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from core.errors import WorkspaceError
from core.features.held_files import KINDS, HeldFile, Kind, held_bytes, held_files
from core.file_replacement import replace_patiently
from core.quota import MEGABYTE, quota_of
from core.storage_errors import storage_error
from core.workspace import Workspace, server_workspaces

SETTING = "RESNET_STUDIO_FEATURE_GIGABYTES"
GIGABYTE = 10**9
MOST_GIGABYTES = 100_000.0
_MOST, _SHARE = 20 * GIGABYTE, 0.25
_LEAST_SHARE = GIGABYTE // 5
"""Of a pupil: the stage maps of some hundred photos."""
_KEY = "feature_gigabytes"
# Cleaning goes a little below the limit, so that the next file does not start it again.
_MARGIN = 0.1
_OUTDATED_SECONDS = 14 * 86_400.0
"""What this version does not read stays so long if there is room, for those who return to an earlier version."""
_RECENT_SECONDS = 600.0
"""A file used so recently may be in use by a process that does not say so."""
_KIND_ORDER: dict[Kind, int] = {kind: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Limit:
    """How many bytes the caches may hold, and what says so."""

    bytes: int
    source: Literal["environment", "setting", "default", "share"]

    @property
    def gigabytes(self) -> float:
        return self.bytes / GIGABYTE


@dataclass(frozen=True)
class Cleaned:
    """What was deleted."""

    files: int = 0
    bytes: int = 0
    obstacle: str = ""
    """Why a file could not be deleted; empty if none was left for such a reason."""


def limit_of(workspace: Workspace, held: int | None = None) -> Limit:
    """Return the budget; ``held`` is how many bytes the caches hold, where that is known.

    That of a pupil is at most an equal share of the server's, and as much as their photos and models may take.
    Raises WorkspaceError if the environment variable is not a number.
    """
    own = _own_limit(workspace, held)
    if workspace.server == workspace.root:
        return own
    share = max(_LEAST_SHARE, _own_limit(Workspace(workspace.server)).bytes // _people(workspace))
    if (megabytes := quota_of(workspace).megabytes) is not None:
        share = min(share, megabytes * MEGABYTE)
    return own if own.bytes <= share else Limit(share, "share")


def _own_limit(workspace: Workspace, held: int | None = None) -> Limit:
    if text := os.environ.get(SETTING, "").strip():
        return Limit(round(_gigabytes(text, SETTING) * GIGABYTE), "environment")
    try:
        chosen = json.loads(_settings_path(workspace).read_bytes())[_KEY]
        return Limit(round(_gigabytes(chosen, _KEY) * GIGABYTE), "setting")
    except (OSError, ValueError, KeyError, TypeError, WorkspaceError):  # none, or damaged: as if it had not been set
        pass
    # With what the caches hold, so that a cache that grows does not lower its own limit.
    return Limit(
        min(_MOST, round(_SHARE * (_free(workspace) + (total_held(workspace) if held is None else held)))), "default"
    )


def _people(workspace: Workspace) -> int:
    """Return how many pupils of the server have a workspace."""
    return max(1, len(server_workspaces(workspace)) - 1)


def set_limit(workspace: Workspace, gigabytes: float | None) -> None:
    """Store the budget in the workspace; None returns to the default. Raises WorkspaceError, StorageError."""
    path = _settings_path(workspace)
    number = None if gigabytes is None else _gigabytes(gigabytes, "The limit")
    try:
        settings = json.loads(path.read_bytes())
    except (OSError, ValueError):
        settings = {}
    kept = settings if isinstance(settings, dict) else {}
    kept.pop(_KEY, None)
    part = path.with_name(f".settings-{uuid.uuid4().hex}.part")
    try:
        part.write_text(json.dumps(kept if number is None else {**kept, _KEY: number}, indent=2), encoding="utf-8")
        replace_patiently(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise storage_error(error, "the limit could not be saved") or WorkspaceError(
            f"The limit could not be saved in {path} ({error.strerror}). Give write permission, then try again."
        ) from error


def total_held(workspace: Workspace) -> int:
    """Return how many bytes the caches hold."""
    return sum(held_bytes(workspace).values())


def room_for_features(cache: Path, wanted: int = 0) -> int:
    """Return how many bytes can still be added: within the budget, and within half of the free disk.

    ``cache`` is the workspace's folder of derived files. If ``wanted`` bytes do not fit, what has not been used for
    longest is deleted first.
    """
    workspace = Workspace(cache.parent)
    if wanted and total_held(workspace) + wanted > limit_of(workspace).bytes >= wanted:
        clean(workspace, wanted)
    return max(0, min(limit_of(workspace).bytes - total_held(workspace), _free(workspace) // 2))


def clean(workspace: Workspace, wanted: int = 0) -> Cleaned:
    """Delete what is over the budget, less ``wanted`` bytes: kind by kind in the order of ``held_files.KINDS``.

    Within a kind, what has not been used for longest goes first. Does nothing while another process cleans.
    """
    held, limit = held_bytes(workspace), limit_of(workspace).bytes - wanted
    too_much = sum(held.values()) - limit
    if too_much > 0:
        too_much += round(_MARGIN * max(0, limit))
    elif not held["outdated"]:
        return Cleaned()
    try:
        with FileLock(workspace.cache / "cleaning.lock").acquire(timeout=0):
            oldest_first = sorted(held_files(workspace), key=lambda one: (_KIND_ORDER[one.kind], one.used))
            return _delete(oldest_first, too_much)
    except Timeout:
        return Cleaned()
    except OSError as error:  # the folder cannot be written
        return Cleaned(obstacle=error.strerror or str(error))


def empty(workspace: Workspace) -> Cleaned:
    """Delete everything that no process is using. Raises WorkspaceError if nothing can be deleted."""
    done = _delete(held_files(workspace), None)
    if done.obstacle and not done.files:
        raise WorkspaceError(
            f"The caches in {workspace.cache} could not be emptied ({done.obstacle}). "
            "Give write permission to the folder, then try again."
        )
    return done


def _delete(files: Iterable[HeldFile], too_much: int | None) -> Cleaned:
    """Delete files in the given order until so many bytes are freed, and outdated ones; None deletes all."""
    count, freed, obstacle, now = 0, 0, "", time.time()
    for one in files:
        age = now - one.used
        old = one.kind == "outdated" and age > _OUTDATED_SECONDS
        if too_much is not None and not old and (freed >= too_much or age < _RECENT_SECONDS):
            continue
        try:
            one.path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:  # no permission; on Windows, somebody reads it
            obstacle = obstacle or (error.strerror or str(error))
            continue
        count, freed = count + 1, freed + one.bytes
    return Cleaned(count, freed, obstacle)


def _gigabytes(value: object, name: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= MOST_GIGABYTES:
        raise WorkspaceError(
            f"{name} is {str(value)[:40]!r}, but must be a number of gigabytes, such as 20, or 0 to keep nothing."
        )
    return number


def _settings_path(workspace: Workspace) -> Path:
    return workspace.root / "settings.json"


def _free(workspace: Workspace) -> int:
    folder = workspace.root
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free

"""Results in the workspace's cache, by the photos and the settings that they are of."""

import hashlib
import json
import shutil
import uuid
from contextlib import suppress
from pathlib import Path

import pandas as pd

from core.data.snapshot import GROUP, Snapshot
from core.errors import RunError, WorkspaceError
from core.file_replacement import replace_patiently
from core.inspection.cross_validation.cross_validate import FOLD, WRONG
from core.inspection.cross_validation.head_recipe import OF_A_HEAD
from core.inspection.cross_validation.photos import grouping_of
from core.inspection.cross_validation.result import CrossValidation, Settings
from core.inspection.measuring import predictions_csv
from core.storage_errors import storage_error
from core.training.recipe import Recipe
from core.workspace import Workspace

VERSION = 2
"""Of the way in which results are computed: those of another version are not found."""
_MOST = 60
_RESULT, _PREDICTIONS = "result.json", "predictions.csv"


def result_key(snapshot: Snapshot, recipe: Recipe, settings: Settings) -> str:
    """Return a name for everything that a result depends on; the digest of a snapshot leaves the groups out."""
    groups = snapshot.frame[GROUP].tolist() if GROUP in snapshot.frame else None
    depends = {
        "version": VERSION,
        "digest": snapshot.digest,
        "groups": groups,
        "grouped_by": grouping_of(snapshot),
        "recipe": recipe.model_dump(mode="json", include=set(OF_A_HEAD)),
        "settings": settings.model_dump(mode="json"),
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:32]


def kept_result(workspace: Workspace, key: str, snapshot: Snapshot) -> tuple[CrossValidation, pd.DataFrame] | None:
    """Return the result and its predictions; None if it was never computed, or is damaged.

    ``snapshot`` is that of the key. It says where the photos are now: the workspace may have been moved.
    """
    folder = _folder(workspace) / key
    if not (folder / _RESULT).is_file():
        return None
    try:
        result = CrossValidation.read(folder / _RESULT)
        table = predictions_csv.read(folder / _PREDICTIONS)
        numbers = {name: pd.to_numeric(table[name]).astype(int) for name in (FOLD, WRONG)}
        paths = table["image"].map(dict(zip(snapshot.frame["image"], snapshot.frame["path"], strict=True)))
    except (RunError, KeyError, ValueError):
        return None
    return (result, table.assign(path=paths, **numbers)) if len(table) == result.n else None


def result_time(workspace: Workspace, key: str) -> int | None:
    """Return when a result was stored, in nanoseconds, to tell it from a later one; None if there is none."""
    try:
        return (_folder(workspace) / key / _RESULT).stat().st_mtime_ns
    except OSError:
        return None


def keep_result(workspace: Workspace, key: str, result: CrossValidation, predictions: pd.DataFrame) -> None:
    """Store a result as a folder that appears whole; the oldest of many are deleted. Raises WorkspaceError."""
    folder = _folder(workspace)
    part = folder / f".{key}-{uuid.uuid4().hex}.part"
    try:
        part.mkdir(parents=True)
        predictions_csv.write(predictions, part / _PREDICTIONS)
        result.write(part / _RESULT)
        shutil.rmtree(folder / key, ignore_errors=True)
        replace_patiently(part, folder / key)
    except OSError as error:
        if (folder / key / _RESULT).is_file():
            return  # another process has stored the same result meanwhile
        raise storage_error(error, "the result could not be saved") or WorkspaceError(
            f"The result could not be saved in {folder} ({error.strerror}). Try again."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _delete_oldest(folder)


def _delete_oldest(folder: Path) -> None:
    with suppress(OSError):
        found = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
        for one in found[_MOST:]:
            shutil.rmtree(one, ignore_errors=True)


def _folder(workspace: Workspace) -> Path:
    return workspace.cache / "cross-validation"

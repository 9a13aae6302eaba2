"""The files of the epochs that a training keeps, for showing later how its answers formed. Does not import torch.

They are in ``epochs/`` of the run folder: ``NNN.safetensors`` holds the tensors that were trained until epoch NNN, the
large ones in half precision, and a note in its header. An automatic training has a folder with such files for each
phase whose model was kept. The values at an epoch are those of the newest file up to it; what none of these files has
is in ``start.safetensors``, if a later phase trained it, and otherwise in ``best/``. So any file may be missing.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import RunError
from core.file_replacement import replace_patiently
from core.models.untrusted.safetensors_header import read_header, read_metadata
from core.training.events import Epoch

FOLDER = "epochs"
START_FILE = "start.safetensors"
MOST_EPOCHS = 10
"""The first, the last and about eight between them."""
LIMIT_BYTES = 200_000_000
"""For all kept epochs of a run."""

_SUFFIX = ".safetensors"
_NUMBER = re.compile(r"\d{3,6}")
_PHASE = re.compile(r"(\d{1,3})-[a-z0-9]{1,20}")
_NOTE = "note"
_HALF_FROM = 100_000
"""Numbers of a tensor from which on it is stored in half precision: convolutions are, heads of few classes are not."""
_LARGEST_HALF = float(np.finfo(np.float16).max)

Number = Annotated[float, Field(allow_inf_nan=False)]


class EpochNote(BaseModel):
    """What a file says of its epoch."""

    model_config = ConfigDict(frozen=True)

    epoch: Annotated[int, Field(ge=1, le=1_000_000)]
    """As its training counted it; of a solved head, the iteration."""
    kind: Literal["epoch", "iteration"] = "epoch"
    arch: Annotated[str, Field(min_length=1, max_length=100)]
    """Of the network then: an automatic training may end with another head than it began with."""
    val_loss: Number | None = None
    val_accuracy: Number | None = None
    val_iou: Number | None = None
    val_n: int | None = None


class KeptEpoch(BaseModel):
    """A file with a kept epoch."""

    model_config = ConfigDict(frozen=True)

    path: Path
    note: EpochNote
    phase: int | None = None
    """Of an automatic training, counted from 1."""


def note_of(figures: Epoch, arch: str, kind: Literal["epoch", "iteration"] = "epoch") -> EpochNote:
    """Return the note of an epoch with these figures."""
    found = asdict(figures)
    names = ("val_loss", "val_accuracy", "val_iou")
    numbers = {name: found[name] for name in names if name in found and math.isfinite(found[name])}
    return EpochNote(epoch=figures.epoch, kind=kind, arch=arch, val_n=figures.val_n, **numbers)


def write_epoch(folder: Path, tensors: Mapping[str, np.ndarray], note: EpochNote) -> None:
    """Write a kept epoch into ``epochs/``, whole or not at all. Raises OSError."""
    _write(folder / f"{note.epoch:03d}{_SUFFIX}", tensors, {_NOTE: note.model_dump_json()})


def write_start(folder: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write the values that some tensors had before a later phase trained them, whole or not at all. Raises OSError."""
    _write(folder / START_FILE, tensors, {})


def stored_bytes(tensors: Mapping[str, np.ndarray]) -> int:
    """Return how many bytes tensors will take in a file."""
    return sum(one.size * (2 if _halved(one) else one.itemsize) for one in tensors.values())


def spread(numbers: Sequence[int], most: int) -> list[int]:
    """Return at most so many of some numbers: the first, the last, and others evenly between them."""
    if len(numbers) <= most:
        return list(numbers)
    if most < 2:
        return list(numbers[-1:]) if most else []
    places = {round(place * (len(numbers) - 1) / (most - 1)) for place in range(most)}
    return [numbers[place] for place in sorted(places)]


def kept_epochs(run: Path) -> list[KeptEpoch]:
    """Return the kept epochs of a run folder, in order. Raises RunError for a damaged file."""
    folder = run / FOLDER
    found = [KeptEpoch(path=path, note=_note_of_file(path)) for path in epoch_files(folder)]
    for phase, path in phase_folders(folder):
        found += [KeptEpoch(path=one, note=_note_of_file(one), phase=phase) for one in epoch_files(path)]
    return found


def start_files(run: Path) -> list[Path]:
    """Return the files with values before a phase, in the order of the phases."""
    folder = run / FOLDER
    places = [folder, *(path for _, path in phase_folders(folder))]
    return [path for place in places if (path := place / START_FILE).is_file()]


def epoch_files(folder: Path) -> list[Path]:
    """Return the files with epochs in a folder, in order; files of other names are left alone."""
    found = [path for path in folder.glob(f"*{_SUFFIX}") if _NUMBER.fullmatch(path.stem)]
    return sorted(found, key=lambda path: int(path.stem))


def phase_folders(folder: Path) -> list[tuple[int, Path]]:
    """Return the folders of the phases in ``epochs/`` with their numbers, in order."""
    named = [(_PHASE.fullmatch(path.name), path) for path in folder.glob("*-*")]
    return sorted((int(match[1]), path) for match, path in named if match and path.is_dir())


def tensor_names(path: Path) -> set[str]:
    """Return which tensors a file holds. Raises RunError if it is damaged."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            return {str(name) for name in read_header(file, size)}
    except (OSError, EOFError, ValueError) as error:
        raise _damaged(path, error) from error


def _write(path: Path, tensors: Mapping[str, np.ndarray], metadata: dict[str, str]) -> None:
    from safetensors.numpy import save

    stored = {name: _stored(one) for name, one in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(save(stored, metadata=metadata))
        replace_patiently(part, path)
    finally:
        part.unlink(missing_ok=True)


def _stored(values: np.ndarray) -> np.ndarray:
    if _halved(values) and float(np.abs(values).max()) <= _LARGEST_HALF:
        return np.ascontiguousarray(values, np.float16)
    return np.ascontiguousarray(values)


def _halved(values: np.ndarray) -> bool:
    return values.dtype == np.float32 and values.ndim > 1 and values.size >= _HALF_FROM


def _note_of_file(path: Path) -> EpochNote:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            text = read_metadata(file, size).get(_NOTE)
        return EpochNote.model_validate(json.loads(text if isinstance(text, str) else "null"))
    except (OSError, EOFError, ValueError, ValidationError, RecursionError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> RunError:
    reason = str(error).partition("\n")[0][:200]
    return RunError(f"{path} is damaged ({reason}). Delete this file; the model itself is not affected.")

"""Check the runs of a workspace: whether their files can be read, and whether models and checkpoints are undamaged."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from core.data.store.checking.finding import Finding, is_leftover, repairable
from core.errors import RunError, StudioError
from core.inspection.deciding.foreign_score import read_score
from core.models.bundle import (
    INFO_FILE,
    WEIGHTS_FILE,
    complete_folder,
    has_bundle,
    read_info,
    replacement_is_unfinished,
)
from core.models.file_hash import sha256_of
from core.models.untrusted.safetensors_header import read_header
from core.models.untrusted.stored_tensor import Unusable, checked_state
from core.progress import CountCallback
from core.runs.automatic.phases import read_phases
from core.runs.exams.looks import keep_looks_of_leftover
from core.runs.exams.records import FILE as EXAMS
from core.runs.exams.records import damaged_lines
from core.runs.folder import RunFolder
from core.runs.status import read_status
from core.training.saving.kept_epochs import kept_epochs
from core.workspace import Workspace

# The names that core.training.checkpoint gives them; importing it would load torch.
STATE_FILE, STATE_HASH_FILE = "training.pt", "training.pt.sha256"

_WOULD_DELETE, _DELETED = "The repair deletes it.", "Deleted."
_NEW_RUN = "Delete the run on the Train page, or restore its folder from a backup."
_LOST_LAST = "The run cannot be resumed; its best model is not affected."
_LOST_EPOCH = "Delete this file: it is only for looking at past epochs on the Explain page."
_LOST_BEST = "Do not use this model: restore the folder from a backup, or train again."


def check_runs(workspace: Workspace, repair: bool, progress: CountCallback) -> tuple[list[Finding], int]:
    """Return what is wrong with runs, and how many were checked. Nothing in a run that is training is touched."""
    found = list(_leftover_folders(workspace, repair))
    paths = sorted(path for path in workspace.runs.glob("[!.]*") if path.is_dir())
    for number, path in enumerate(paths, start=1):
        found += _check_run(RunFolder(path), repair)
        progress(number, len(paths))
    return found, len(paths)


def _leftover_folders(workspace: Workspace, repair: bool) -> Iterator[Finding]:
    for pattern, what in ((".new-*", "was never completed"), (".deleted-*", "was not deleted completely")):
        for path in sorted(workspace.runs.glob(pattern)):
            if is_leftover(path):
                if repair:
                    with contextlib.suppress(OSError, RunError):  # looks that cannot be recorded now keep the folder
                        keep_looks_of_leftover(RunFolder(path))
                        shutil.rmtree(path, ignore_errors=True)
                yield repairable("runs", path.name, what, _WOULD_DELETE, _DELETED, repair and not path.exists())


def _check_run(run: RunFolder, repair: bool) -> Iterator[Finding]:
    try:
        status = read_status(run.status_path)
        if status.live and run.lives(status):
            return
    except StudioError as error:
        yield Finding("runs", run.id, f"has no readable status ({_reason(error)})", _NEW_RUN)
    yield from _unreadable_files(run)
    for folder in run.bundles():
        name, advice = folder.relative_to(run.path), _LOST_BEST if folder == run.best else _LOST_LAST
        if replacement_is_unfinished(folder):
            if repair:
                run.repair()
            done = repair and not replacement_is_unfinished(folder)
            text = f"was interrupted while it saved {name}/"
            yield repairable("runs", run.id, text, "The repair completes that.", "Completed; nothing is lost.", done)
        if folder.exists() and not has_bundle(folder):
            yield Finding("runs", run.id, f"has a folder {name}/ without a whole model", advice)
        elif has_bundle(folder) and (problem := _bundle_problem(folder)):
            yield Finding("runs", run.id, f"has a damaged model in {name}/ ({problem})", advice)
        if folder.name == "last" and (problem := _state_problem(complete_folder(folder))):
            yield Finding("runs", run.id, problem, _LOST_LAST)
    parts = [path for path in run.path.glob("*.part") if is_leftover(path)]
    parts += [path for path in run.path.glob(".*.new") if is_leftover(path)]
    for path in parts:
        if repair:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        text = f"has a half-written {path.name}"
        yield repairable("runs", run.id, text, _WOULD_DELETE, _DELETED, repair and not path.exists())


def _unreadable_files(run: RunFolder) -> Iterator[Finding]:
    try:
        run.recipe()
    except StudioError as error:
        yield Finding("runs", run.id, f"has no readable recipe ({_reason(error)})", _NEW_RUN)
    try:
        paths = run.snapshot().frame["path"]
        lost = sum(_is_lost(Path(path)) for path in paths)
        if lost:
            are = "is" if lost == 1 else "are"
            text = f"was trained on {len(paths):,} photos, and {lost:,} of them {are} missing or empty"
            advice = "Add these photos again; until then it cannot be resumed or evaluated again."
            yield Finding("runs", run.id, text, advice)
    except StudioError as error:
        yield Finding("runs", run.id, f"has no readable snapshot ({_reason(error)})", _NEW_RUN)
    try:
        read_phases(run.path)
    except StudioError:
        yield Finding("runs", run.id, "has no readable phases.json", _LOST_LAST)
    try:
        kept_epochs(run.path)
    except StudioError as error:
        yield Finding("runs", run.id, f"has a damaged kept epoch ({_reason(error)})", _LOST_EPOCH)
    for split in ("train", "val", "test"):
        try:
            run.report(split)
            run.predictions(split)
        except StudioError as error:
            text = f"has an unreadable report on {split} ({_reason(error)})"
            yield Finding("runs", run.id, text, "Evaluate the run again to replace it.")
    try:
        if damaged := damaged_lines(run):
            lines = "line" if damaged == 1 else "lines"
            yield Finding("runs", run.id, f"has {damaged} damaged {lines} in {EXAMS}", "They still count as looks.")
    except StudioError as error:
        yield Finding("runs", run.id, f"has an unreadable {EXAMS} ({_reason(error)})", "Restore it from a backup.")


def _is_lost(path: Path) -> bool:
    try:
        return not path.stat().st_size
    except OSError:
        return True


def _bundle_problem(folder: Path) -> str | None:
    """Return what is wrong with a bundle's files; an older bundle has no hash, and only its header is checked."""
    path = complete_folder(folder) / WEIGHTS_FILE
    try:
        info = read_info(folder)
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            checked_state(read_header(file, size), size)
        if info.model_sha256 is not None and sha256_of(path) != info.model_sha256:
            return f"the SHA-256 of {WEIGHTS_FILE} is not the one in {INFO_FILE}"
        read_score(folder, info)
    except StudioError as error:
        return _reason(error)
    except (Unusable, ValueError, EOFError, OSError) as error:
        return f"{WEIGHTS_FILE}: {error}"
    return None


def _state_problem(last: Path) -> str | None:
    path, beside = last / STATE_FILE, last / STATE_HASH_FILE
    if not beside.is_file():  # written by an older version, or there is no checkpoint
        return None
    try:
        written = re.match(r"[0-9a-f]{64}\b", beside.read_text(encoding="ascii", errors="replace"))
        if written is None or written[0] != sha256_of(path):
            return f"has a damaged checkpoint: last/{STATE_FILE} is not what was written"
    except OSError as error:
        return f"has a checkpoint that cannot be read: last/{STATE_FILE} ({error.strerror})"
    return None


def _reason(error: StudioError) -> str:
    return str(error).rstrip(".")

"""Whether the exam of a workspace is locked: a small file that the teacher's register writes into it.

The test photos then stay closed: no run is evaluated on them, and the figures of earlier exams are withheld. Labels
and splits stay as they are. The file is kept when the exam is unlocked, so that its time says when that was.
"""

import json
import os
import secrets
from pathlib import Path

from core.errors import ExamLocked
from core.file_replacement import replace_patiently
from core.workspace import Workspace, workspace_of_run

FILE = "exam-lock.json"
SENTENCE = "Your teacher has locked the exam."
_MOST_BYTES = 1_000


def exam_locked(workspace: Workspace) -> bool:
    """Return whether the exam is locked in a workspace; a file that cannot be read locks it."""
    try:
        with (workspace.root / FILE).open("rb") as file:
            return json.loads(file.read(_MOST_BYTES)) != {"locked": False}
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


def locked_for(run: Path) -> bool:
    """Return whether the exam is locked for the run in this folder."""
    return exam_locked(workspace_of_run(run))


def withheld(run: Path, split: str) -> bool:
    """Return whether the figures of a run on this split are not to be seen now."""
    return split == "test" and locked_for(run)


def refuse_if_locked(run: Path) -> None:
    """Raise ExamLocked if the exam is locked for the run in this folder."""
    if locked_for(run):
        raise ExamLocked(f"{SENTENCE} Use the validation photos meanwhile.")


def write_lock(folder: Path, *, locked: bool, replace: bool = True) -> None:
    """Write into the folder of a workspace whether its exam is locked; the folder is created if it is missing.

    Without ``replace``, a file that is there stays. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{FILE}.{secrets.token_hex(4)}.part"
    part.write_text(json.dumps({"locked": locked}), encoding="utf-8")
    if replace:
        replace_patiently(part, folder / FILE)
        return
    try:
        os.link(part, folder / FILE)
    except FileExistsError:
        pass
    except OSError:  # a disk without links
        if not (folder / FILE).exists():
            replace_patiently(part, folder / FILE)
    finally:
        part.unlink(missing_ok=True)

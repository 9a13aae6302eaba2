"""Which lesson somebody has opened last: a file in their workspace, for the teacher's table; nothing else is kept."""

import contextlib
import json
import secrets

from core.file_replacement import replace_patiently
from core.workspace import Workspace

FILE = "lesson.json"
_MOST_BYTES = 1_000
_LONGEST = 40


def record_lesson(workspace: Workspace, lesson: str) -> None:
    """Record that a lesson was opened. A full disk loses the record, and nothing else."""
    if last_lesson(workspace) == lesson:
        return
    part = workspace.root / f".{FILE}.{secrets.token_hex(4)}.part"
    with contextlib.suppress(OSError):  # a teacher's convenience must not keep a lesson from opening
        try:
            part.write_text(json.dumps({"lesson": lesson}), encoding="utf-8")
            replace_patiently(part, workspace.root / FILE)
        finally:
            part.unlink(missing_ok=True)


def last_lesson(workspace: Workspace) -> str:
    """Return the name of the lesson that was opened last, "" before the first or if the record is damaged."""
    try:
        with (workspace.root / FILE).open("rb") as file:
            found = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError):
        return ""
    lesson = found.get("lesson") if isinstance(found, dict) else None
    return lesson[:_LONGEST] if isinstance(lesson, str) else ""

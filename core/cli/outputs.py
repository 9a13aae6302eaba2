"""Output files of commands: never replace a user's file, and appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import RunError
from core.file_replacement import replace_patiently
from core.runs.new_run import require_empty

__all__ = ["require_empty", "whole_file"]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path that becomes ``path`` if the block succeeds. Raises RunError if it cannot be written."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        replace_patiently(part, path)
    except OSError as error:
        raise RunError(
            f"{path} cannot be written ({error.strerror or error}). Free some space, or choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)

"""Write a run's report in a worker process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.file_replacement import replace_patiently
from core.progress import Progress
from core.runs.folder import RunFolder
from core.storage_errors import storage_error
from core.workspace import Workspace


def write(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> int:
    """Write the report of the run in the folder ``run`` to the file ``out``, whole or not at all; return its bytes.

    ``workspace`` is the folder of the workspace. Raises StorageError if the disk does not allow it.
    """
    report(Progress("reading the run", 0, None))
    from core.export.report_page.write_report import write_report

    out = Path(arguments["out"])
    part = out.with_name(f"{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        size = write_report(
            RunFolder(Path(arguments["run"])), Workspace(Path(arguments["workspace"])), part, progress=report
        )
        replace_patiently(part, out)
    except OSError as error:
        if known := storage_error(error, "the report could not be written"):
            raise known from error
        raise
    finally:
        part.unlink(missing_ok=True)
    return size

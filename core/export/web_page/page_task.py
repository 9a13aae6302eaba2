"""Write a run's web page in a worker process: as a zip of its folder, and in one file."""

import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.file_replacement import replace_patiently
from core.progress import Progress
from core.storage_errors import storage_error
from core.workspace import Workspace


def write(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Write ``page.zip`` and, where it fits, ``page.html`` into the folder ``out``; return their bytes and the remarks.

    ``run`` is the run's folder and ``workspace`` that of the workspace; ``samples`` says how many validation photos are
    shown, ``features`` whether it can learn further classes. Raises StorageError if the disk does not allow it.
    """
    report(Progress("preparing", 0, None))
    from core.export.web_page.page_files import ONE_FILE
    from core.export.web_page.write_page import PageOptions, write_page

    out = Path(arguments["out"])
    options = PageOptions(samples=int(arguments["samples"]), vectors=bool(arguments["features"]))
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out, prefix=".page-") as temporary:
            folder = Path(temporary) / "page"
            made = write_page(arguments["run"], folder, Workspace(Path(arguments["workspace"])), options, report)
            part = Path(temporary) / "page.zip"
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ONE_FILE):
                    archive.write(path, f"page/{path.relative_to(folder).as_posix()}")
            single = out / "page.html"
            if made.single is None:
                single.unlink(missing_ok=True)
            else:
                replace_patiently(made.single, single)
            replace_patiently(part, out / "page.zip")
            shutil.rmtree(folder)
    except OSError as error:
        if known := storage_error(error, "the page could not be written"):
            raise known from error
        raise
    return {
        "zip": (out / "page.zip").stat().st_size,
        "single": single.stat().st_size if single.exists() else None,
        "remarks": list(made.remarks),
    }

"""Files that a page hands to a worker process: in a folder of their own, deleted when the computation has ended."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import ComputationError
from core.storage_errors import storage_error
from core.workers.pool import Request


def request_with_files(task: str, arguments: Mapping[str, Any], write: Callable[[Path], None]) -> Request:
    """Return a request whose argument ``folder`` is a new folder with the files that ``write`` puts into it.

    Raises StorageError if the disk is full, ComputationError for other failures to write.
    """
    folder = Path(tempfile.mkdtemp(prefix="resnet-studio-"))
    delete = partial(shutil.rmtree, folder, ignore_errors=True)
    try:
        write(folder)
    except OSError as error:
        delete()
        raise storage_error(error, "the files for the computation could not be stored") or ComputationError(
            f"The files for the computation could not be stored ({error.strerror}). Try again."
        ) from error
    except BaseException:
        delete()
        raise
    return Request(task, {**arguments, "folder": str(folder)}, delete)

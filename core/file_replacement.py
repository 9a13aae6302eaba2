"""Replace a file or move a folder, although Windows refuses that while somebody reads it."""

import os
import time
from pathlib import Path

_WINDOWS = os.name == "nt"
_RETRY_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def replace_patiently(source: Path, target: Path) -> None:
    """Give ``source`` the name ``target``, as ``Path.replace`` does; on Windows, try again for about a second.

    There, a file that is open cannot be replaced, and a folder with an open file cannot be moved: a page reads it, or
    a virus scanner looks at what was just written. Raises OSError.
    """
    for seconds in _RETRY_SECONDS if _WINDOWS else ():
        try:
            source.replace(target)
            return
        except PermissionError:
            time.sleep(seconds)
    source.replace(target)

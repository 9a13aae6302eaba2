"""What a server loads ahead of the pages that need it."""

import subprocess
import sys

from core.workspace import REPOSITORY

LOADED = """
import gc, sys
from pages.components import warm_up
warm_up.settle()
if gc.get_freeze_count():
    sys.exit("frozen before torch is there")
warm_up.begin()
warm_up.begin()
warm_up.wait()
missing = [name for name in warm_up.LIBRARIES if name not in sys.modules]
if missing:
    sys.exit(f"not loaded: {missing}")
warm_up.settle()
sys.exit(0 if gc.get_freeze_count() > 5 * len(gc.get_objects()) else "not frozen")
"""


def test_libraries_are_loaded_once_and_no_longer_looked_through_for_garbage() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=REPOSITORY, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]

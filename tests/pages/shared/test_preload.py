"""What a server loads ahead of the pages that need it."""

import os
import subprocess
import sys
from pathlib import Path

from core.workspace import REPOSITORY

FIRST_PAGE = """
import gc, sys
from streamlit.testing.v1 import AppTest
from pages.components.shared import preload
app = AppTest.from_file("app.py", default_timeout=180)
app.switch_page("pages/2_Annotate.py")
app.run()
preload.start()
preload.wait()
missing = [name for name in preload.LIBRARIES if name not in sys.modules]
if missing or app.exception:
    sys.exit(f"not loaded: {missing} {app.exception}")
sys.exit(0 if gc.get_freeze_count() > 5 * len(gc.get_objects()) else "not frozen")
"""


def test_whichever_page_is_opened_first_libraries_are_loaded_after_it_once_and_left_by_the_garbage_collection(
    tmp_path: Path,
) -> None:
    """Regression: only the home page preloaded; starting on another page left the keys slow."""
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PAGE],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]

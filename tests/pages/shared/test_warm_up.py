"""What a server loads ahead of the pages that need it."""

import os
import subprocess
import sys
from pathlib import Path

from core.workspace import REPOSITORY

LOADED = """
import gc, sys
from pages.components import warm_up
warm_up.begin()
warm_up.begin()
warm_up.wait()
missing = [name for name in warm_up.LIBRARIES if name not in sys.modules]
if missing:
    sys.exit(f"not loaded: {missing}")
sys.exit(0 if gc.get_freeze_count() > 5 * len(gc.get_objects()) else "not frozen")
"""


def test_libraries_are_loaded_once_and_no_longer_looked_through_for_garbage() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=REPOSITORY, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]


FIRST_PAGE = """
import sys
from streamlit.testing.v1 import AppTest
from pages.components import warm_up
app = AppTest.from_file("app.py", default_timeout=60)
app.switch_page("pages/2_Annotate.py")
app.run()
warm_up._thread.join()
sys.exit(0 if "torch" in sys.modules and not app.exception else f"not loaded: {app.exception}")
"""


def test_whichever_page_is_opened_first_they_are_loaded_after_it(tmp_path: Path) -> None:
    """It was the home page alone; who began with another, or left it at once, had slower keys for good."""
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

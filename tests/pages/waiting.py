"""Pages that go on by a timer in a browser are run again and again under AppTest, which has none."""

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest


def until(app: AppTest, holds: Callable[[AppTest], bool], seconds: float = 60) -> AppTest:
    """Run the page again until this holds."""
    deadline = time.monotonic() + seconds
    while not holds(app):
        if time.monotonic() > deadline:
            pytest.fail(f"not in {seconds} seconds")
        time.sleep(0.2)
        app.run()
    return app

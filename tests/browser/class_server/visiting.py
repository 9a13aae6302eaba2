"""Visit every page of the app by its own address."""

import time

from playwright.sync_api import Page, expect

PAGES = ("Data", "Annotate", "Train", "Evaluate", "Predict and explain", "Live", "Export", "Class", "Learn")
PATIENCE = 180_000  # milliseconds; while torch loads beside other work, a page takes minutes
_REST_SECONDS = 0.3


def visit_all(page: Page, address: str) -> None:
    """Open each page, beginning at the open home page, and wait until it is drawn."""
    expect(page.get_by_role("heading", name="Colors", exact=True)).to_be_visible(timeout=PATIENCE)
    rests(page)
    for name in PAGES:
        page.goto(f"{address}/{name.split()[-1].capitalize()}")
        expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible(timeout=PATIENCE)
        rests(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def rests(page: Page) -> None:
    """Wait until no script has run for a moment; from outside of the page, whose policy forbids ``eval``."""
    app, since = page.get_by_test_id("stApp"), time.monotonic()
    deadline = since + PATIENCE / 1000
    while time.monotonic() - since < _REST_SECONDS:
        assert time.monotonic() < deadline, "the page is never drawn"
        if app.get_attribute("data-test-script-state", timeout=PATIENCE) != "notRunning":
            since = time.monotonic()
        time.sleep(0.05)

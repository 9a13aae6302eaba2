"""Visit every page of the app by its own address."""

from playwright.sync_api import Page, expect

PAGES = ("Data", "Annotate", "Train", "Evaluate", "Predict and explain", "Live", "Export", "Class", "Learn")
PATIENCE = 180_000  # milliseconds; while torch loads beside other work, a page takes minutes


def visit_all(page: Page, address: str) -> dict[str, str]:
    """Open each page, beginning at the open home page, and wait until it is drawn; return the headers of the last."""
    headers: dict[str, str] = {}
    expect(page.get_by_role("heading", name="Colors", exact=True)).to_be_visible(timeout=PATIENCE)
    rests(page)
    for name in PAGES:
        answer = page.goto(f"{address}/{name.split()[-1].capitalize()}")
        assert answer is not None
        headers = answer.headers
        expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible(timeout=PATIENCE)
        rests(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    return headers


def rests(page: Page) -> None:
    """Wait until a script of the page has ended; from outside of the page, whose policy forbids ``eval``.

    Not until none has run for a while: Annotate looks every second whether features are there, and on a busy machine
    such a look takes as long.
    """
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)

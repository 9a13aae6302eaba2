"""A late request of the previous page does not disturb the page that somebody went to."""

import re
import time

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from core.data.store.store import Store
from core.workspace import Workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import settled
from tests.browser.test_two_browsers import project_of

pytestmark = pytest.mark.shares_server


@pytest.mark.parametrize("late_milliseconds", [0, 20, 300])
def test_a_key_press_that_arrives_after_the_next_page_does_not_empty_it(
    page: Page, server: Server, late_milliseconds: int
) -> None:
    workspace = Workspace(server.home)
    for folder in (workspace.images, workspace.thumbnails, workspace.runs, workspace.cache):
        folder.mkdir(parents=True, exist_ok=True)
    store = Store(workspace)
    # Boxes: a key of that desk is a request of the page, one of the other asks an address of its own.
    project = project_of(store, 12, f"Birds {late_milliseconds}", "localization")
    held: list[bytes | str] = []
    holding = False

    def pass_on(browser: WebSocketRoute) -> None:
        up = browser.connect_to_server()

        def to_server(message: bytes | str) -> None:
            if holding:
                held.append(message)
            else:
                up.send(message)

        browser.on_message(to_server)
        ways.append(up)

    ways: list[WebSocketRoute] = []
    page.route_web_socket(re.compile("_stcore/stream"), pass_on)
    page.goto(f"{server.url}/Annotate?project={project.id}")
    settled(page)
    expect(page.get_by_role("button", name="Next", exact=False).first).to_be_visible()
    page.wait_for_timeout(1000)
    holding = True
    page.keyboard.press("ArrowRight")
    deadline = time.monotonic() + 20
    while not held and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert held  # the key press is on its way
    page.wait_for_timeout(200)
    holding = False
    page.get_by_test_id("stSidebar").get_by_role("link", name="Data", exact=True).click()
    page.wait_for_timeout(late_milliseconds)
    for message in held:
        ways[-1].send(message)
    page.wait_for_timeout(1500)
    expect(page.get_by_role("heading", name="Data", exact=True, level=1)).to_be_visible()
    expect(page.get_by_text("12 photos", exact=True)).to_be_visible()

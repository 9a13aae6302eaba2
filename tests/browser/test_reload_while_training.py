"""A reload, and even the end of the server, during training: the run continues and the page finds it again."""

import signal
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from core.runs.folder import list_runs
from core.workspace import Workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import MINUTE, settled
from tests.browser.two_colors import train_two_colors


def test_a_run_outlives_the_page_and_the_server(page: Page, fresh_server: Server, tmp_path: Path) -> None:
    page.goto(fresh_server.url)
    settled(page)
    # More epochs than the test will wait.
    train_two_colors(page, tmp_path / "colors.zip", photos=80, epochs=40)
    stop = page.locator("[class*=st-key-stop-] button").first
    expect(stop).to_be_visible(timeout=MINUTE)
    workspace = Workspace(fresh_server.home)
    (run,) = list_runs(workspace)

    page.reload()
    expect(stop).to_be_visible(timeout=MINUTE)
    url = page.url
    assert run.id in url

    fresh_server.end(signal.SIGKILL)
    pid = run.status().pid
    seen = len(run.steps())
    deadline = time.monotonic() + 60
    while len(run.steps()) <= seen and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(run.steps()) > seen, "the training stood still without its server"

    fresh_server.start()
    page.goto(url)
    expect(stop).to_be_visible(timeout=MINUTE)
    assert run.status().pid == pid
    stop.click()
    expect(page.get_by_text("stopped", exact=False).first).to_be_visible(timeout=MINUTE)
    assert run.status().state == "stopped"

"""The closed loop as a person lives it: select photos, correct them, undo, train again, see what changed."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.runs.folder import list_runs
from core.workspace import open_workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import settled
from tests.pages.trained import RUN, finished_run

PATIENCE = 60_000


@pytest.fixture
def filled(fresh_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The server's workspace with a finished run; the id of the run."""
    patch = pytest.MonkeyPatch()
    patch.setenv("RESNET_STUDIO_HOME", str(fresh_server.home))
    finished_run(tmp_path_factory)
    patch.undo()
    return RUN


def test_corrected_labels_lead_to_a_new_run_and_to_what_changed(
    page: Page, fresh_server: Server, filled: str, screenshots: Path
) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{fresh_server.url}/Evaluate?run={filled}")
    expect(page.get_by_role("radio", name="All photos")).to_be_visible(timeout=PATIENCE)
    settled(page)
    page.get_by_role("radio", name="All photos").click()
    settled(page)
    page.get_by_text("Select several", exact=True).click()
    settled(page)
    cards = page.locator('.pick[role=checkbox]:not([aria-label*="label: green"])')
    cards.nth(0).click()
    cards.nth(1).click()
    expect(page.get_by_text("2 selected")).to_be_visible(timeout=PATIENCE)
    correct(page)
    expect(page.get_by_text("Since this run was trained: 2 labels were changed.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    settled(page)
    expect(page.get_by_text("Since this run was trained")).to_have_count(0)

    cards.nth(0).click()
    correct(page)
    expect(page.get_by_text("Since this run was trained: 1 label was changed.")).to_be_visible(timeout=PATIENCE)
    page.screenshot(path=screenshots / "loop-train-again-1280.png", full_page=True)
    page.get_by_role("button", name="Train again").click()
    expect(page.get_by_role("heading", name=re.compile("First colors \\(corrected\\)"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Evaluate the model")).to_be_visible(timeout=2 * PATIENCE)
    (again,) = [one for one in list_runs(open_workspace(fresh_server.home)) if one.id != filled]
    assert again.status().corrected_from == filled and again.status().state == "finished"
    page.get_by_role("button", name="Evaluate the model").click()
    expect(page.get_by_text("that both runs were evaluated on")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Labels changed: 1 photo")).to_be_visible(timeout=PATIENCE)
    settled(page)
    page.screenshot(path=screenshots / "loop-what-changed-1280.png", full_page=True)
    page.set_viewport_size({"width": 400, "height": 900})
    page.wait_for_timeout(500)
    assert not page.get_by_test_id("stMain").evaluate("node => node.scrollWidth > node.clientWidth + 1")
    page.screenshot(path=screenshots / "loop-what-changed-400.png", full_page=True)


def correct(page: Page) -> None:
    """Label the selected photos green."""
    settled(page)
    page.get_by_role("combobox", name="Label for the selected photos").click()
    page.get_by_role("option", name="green", exact=True).click()
    settled(page)
    page.get_by_role("button", name=re.compile("^Correct \\d label")).click()
    settled(page)

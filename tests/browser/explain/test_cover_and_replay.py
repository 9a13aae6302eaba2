"""A patch dragged over a photo, a guess drawn before the heatmap, and the epochs played, as a person does it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.store.store import Store
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.workspace import open_workspace
from tests.browser.server import Server
from tests.pages.trained import color_project, queued_run

pytestmark = pytest.mark.shares_server

PATIENCE = 60_000  # milliseconds


@pytest.fixture(scope="module")
def run(server: Server) -> RunFolder:
    workspace = open_workspace(server.home)
    store = Store(workspace)
    made = queued_run(workspace, store, color_project(store), epochs=3)
    store.close()
    assert work(made, workspace).state == "finished"
    return made


def opened(page: Page, server: Server, run: RunFolder, view: str) -> None:
    page.goto(f"{server.url}/Explain?project={run.status().project_id}&model={run.id}")
    page.get_by_role("radio", name=view).click(timeout=PATIENCE)


def drag(page: Page, desk: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one place of the photo to another, both as shares of its sides."""
    desk.scroll_into_view_if_needed()
    box = desk.bounding_box()
    assert box is not None
    points = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=8)
    page.mouse.up()


def value(page: Page, slider: str) -> Locator:
    return page.get_by_role("slider", name=slider)


def test_a_patch_is_dragged_and_moved_by_keys_and_the_answer_follows(
    page: Page, server: Server, run: RunFolder
) -> None:
    opened(page, server, run, "Cover it yourself")
    desk = page.locator(".desk")
    expect(desk).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("One forward pass of the model")).to_be_visible(timeout=PATIENCE)
    expect(value(page, "From left to right")).to_have_value("50", timeout=PATIENCE)
    drag(page, desk, (0.5, 0.5), (0.02, 0.98))
    expect(value(page, "From left to right")).to_have_value("0", timeout=PATIENCE)
    expect(value(page, "From top to bottom")).to_have_value("100", timeout=PATIENCE)
    desk.focus()
    for _ in range(3):
        desk.press("ArrowRight")
    expect(value(page, "From left to right")).to_have_value("8", timeout=PATIENCE)
    # The sliders move the patch too.
    value(page, "From top to bottom").press("Home")
    expect(desk).to_have_attribute("data-region", re.compile(r"^0\.0\d+ 0\.000 0\.250 0\.250$"), timeout=PATIENCE)


def test_a_guess_is_drawn_before_the_heatmap(page: Page, server: Server, run: RunFolder) -> None:
    opened(page, server, run, "Cover it yourself")
    page.get_by_role("radio", name="Guess first").click(timeout=PATIENCE)
    desk = page.locator(".desk.draw")
    expect(desk).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("strongest fifth")).to_have_count(0)
    drag(page, desk, (0.05, 0.05), (0.25, 0.55))
    expect(value(page, "Height")).to_have_value(re.compile("^(49|50|51)$"), timeout=PATIENCE)
    page.get_by_role("button", name="Show the heatmap").click()
    said = page.get_by_text(re.compile("Your mark covers|nothing to compare"))
    expect(said).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Mark again").click()
    expect(value(page, "Height")).to_have_value(re.compile("^(49|50|51)$"), timeout=PATIENCE)


def test_the_epochs_are_played_to_the_finished_model(page: Page, server: Server, run: RunFolder) -> None:
    opened(page, server, run, "Over the epochs")
    player = page.locator(".player")
    label, slider = player.locator(".label"), player.get_by_role("slider", name="Epoch")
    expect(label).to_have_text("Finished model", timeout=PATIENCE)
    slider.press("Home")
    expect(label).to_have_text("Epoch 1")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^Epoch 1. It predicts "))
    slider.press("ArrowRight")
    expect(label).to_have_text("Epoch 2")
    player.get_by_role("button", name="Play").click()
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    expect(label).to_have_text("Finished model", timeout=PATIENCE)
    expect(player.get_by_role("button", name="Play")).to_be_visible(timeout=PATIENCE)

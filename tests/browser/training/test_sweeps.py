"""Three seeds and a small grid in Chromium: the mean with its interval, the plot of the recipes, one of the runs."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.store.store import Store
from core.workspace import open_workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import MINUTE, number_field, settled
from tests.pages.trained import color_project


def select_row(page: Page, table: Locator, row: int) -> None:
    """A real click on the box at the start of a row; the table is drawn on a canvas."""
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 18, box["y"] + 35 * (row + 1) + 17)
    settled(page)


def train(page: Page, runs: int) -> None:
    page.get_by_role("button", name=f"Train {runs} runs").click()
    header = page.get_by_role("heading", level=2)
    expect(header.get_by_text("finished", exact=True)).to_be_visible(timeout=2 * MINUTE)
    settled(page)


@pytest.mark.weights
def test_seeds_and_recipes_are_compared_and_a_run_of_them_is_opened(
    page: Page, fresh_server: Server, default_weights: object
) -> None:
    store = Store(open_workspace(fresh_server.home))
    project = color_project(store)
    store.close()
    page.goto(f"{fresh_server.url}/Train?project={project.id}")
    settled(page)
    page.locator(".st-key-recipe-train").get_by_role("radio", name="Head only").click()
    settled(page)
    seeds = number_field(page, "Seeds")
    seeds.fill("3")
    seeds.press("Enter")
    expect(page.get_by_text("3 runs (3 seeds), one after the other.", exact=False)).to_be_visible()
    train(page, 3)
    expect(page.get_by_test_id("stMetricLabel").get_by_text("Mean validation accuracy")).to_be_visible()
    # The head is solved, so the seeds may well agree.
    interval = re.compile(r"3 seeds, 95% confidence interval \d+\.\d% to \d+\.\d%|All 3 seeds have the same accuracy")
    expect(page.get_by_text(interval)).to_be_visible()
    runs = page.get_by_test_id("stDataFrame").last
    select_row(page, runs, 1)
    page.get_by_role("button", name="Open the run").click()
    expect(page.get_by_role("button", name="Evaluate the model")).to_be_visible()

    page.get_by_role("button", name="New run").click()
    settled(page)
    compare_two_recipes(page)


def compare_two_recipes(page: Page) -> None:
    """Train a grid; what its recipes need of the frozen layers is there from the seeds."""
    seeds = number_field(page, "Seeds")
    seeds.fill("1")
    seeds.press("Enter")
    settled(page)
    page.get_by_text("Compare recipes").click()
    settled(page)
    page.get_by_role("combobox", name="Setting to compare").click()
    page.keyboard.type("augmentation")  # of the long list, only what is seen is there
    page.get_by_role("option", name="Data augmentation").click()
    settled(page)
    page.get_by_role("combobox", name="Values").click()
    page.get_by_role("option", name="None").click()
    page.keyboard.press("Escape")
    settled(page)
    train(page, 2)
    plot = page.get_by_test_id("stPlotlyChart").first
    expect(plot.locator(".scatterlayer .trace")).to_have_count(2)
    for label in ("Data augmentation", "None", "Light", "Mean accuracy"):
        expect(plot.get_by_text(re.compile(label.replace(" ", r"\s*")))).to_be_visible()
    best = re.compile(
        r"Best on the validation photos: .* \(95% confidence interval \d+\.\d% to \d+\.\d%, over \d+ validation photos"
    )
    expect(page.get_by_text(best)).to_be_visible()
    table = page.get_by_test_id("stDataFrame").first
    select_row(page, table, 1)
    expect(plot.get_by_text("selected")).to_be_visible()

"""The newcomer's story: sample project, a few labels, one button, a heatmap while it trains, phases, mistakes."""

import re
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.server import ROOT, Server

MINUTE = 60_000
NO_SECOND_PHASE = re.compile("The time limit (was reached|leaves no room)|All validation photos are correct")


def settled(page: Page) -> None:
    """Wait until Streamlit has answered, and has had no script running for a moment: after a click none runs yet."""
    page.wait_for_function(
        """() => {
            const app = document.querySelector("[data-testid=stApp]");
            // On a busy machine the server takes a while to begin; a request without an answer is forgotten.
            const asked = window.askedAt ?? -Infinity;
            const waits = asked > (window.answeredAt ?? -Infinity) && performance.now() - asked < 20000;
            const desk = document.querySelector(".desk[aria-busy=true]");  // it asks for itself
            const rests = app && app.getAttribute("data-test-script-state") === "notRunning" && !waits && !desk;
            if (!rests) { window.restsSince = null; return false; }
            window.restsSince ??= performance.now();
            if (performance.now() - window.restsSince < 150) return false;
            window.restsSince = null;
            return true;
        }""",
        timeout=3 * MINUTE,
    )


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
    settled(page)


def number_field(page: Page, label: str) -> Locator:
    return page.get_by_role("spinbutton", name=label, exact=True)


def photo(page: Page) -> Locator:
    return page.locator(".desk-photo img")


def click_cell(page: Page, matrix: Locator, row: int, column: int, size: int) -> None:
    """A real mouse click in the middle of one cell of the drawn matrix, once it stands still and knows the mouse."""
    matrix.scroll_into_view_if_needed()
    cells, before = matrix.locator(".heatmaplayer image"), None
    while (shape := cells.bounding_box()) != before or shape is None:
        before = shape
        page.wait_for_timeout(300)
    x, y = shape["x"] + shape["width"] * (column + 0.5) / size, shape["y"] + shape["height"] * (row + 0.5) / size
    page.mouse.move(x, y)
    # Plotly's click is about what its hover has found last.
    expect(matrix.locator(".hoverlayer .hovertext").first).to_be_attached()
    page.mouse.click(x, y)


@pytest.mark.times
@pytest.mark.weights
def test_from_nothing_to_a_heatmap_within_three_minutes(
    page: Page, fresh_server: Server, default_weights: object, screenshots: Path
) -> None:
    begin = time.monotonic()
    page.goto(fresh_server.url)
    page.get_by_role("button", name="Open the sample project").click()
    expect(page.get_by_role("heading", name="Birds (sample)")).to_be_visible()
    settled(page)

    # Label three photos with keys; each key moves on to the next photo.
    go(page, "Annotate")
    expect(page.get_by_text("120 of 162 labelled")).to_be_visible()
    for count in (121, 122, 123):
        before = photo(page).get_attribute("src") or ""
        page.keyboard.press("1")
        expect(page.get_by_text(f"{count} of 162 labelled")).to_be_visible()
        expect(photo(page)).not_to_have_attribute("src", before)
        settled(page)
    # A wrong key is taken back.
    page.keyboard.press("u")
    expect(page.get_by_text("122 of 162 labelled")).to_be_visible()

    # One button: the first model is there long before the training ends, and can be used at once.
    go(page, "Train")
    layers = page.get_by_role("radiogroup", name="Layers to train")
    expect(layers.get_by_role("radio", name="Automatic", exact=True)).to_be_checked()
    limit = number_field(page, "Time limit in minutes")
    limit.fill("2")
    limit.press("Enter")
    settled(page)
    pressed = time.monotonic()
    page.get_by_role("button", name="Train", exact=True).click()
    ended = page.get_by_role("button", name="Evaluate the model")
    ready = page.get_by_text("A first model is ready")
    expect(ready.or_(ended).first).to_be_visible(timeout=3 * MINUTE)
    first_model = time.monotonic() - pressed
    when = "while the training goes on"
    if not ready.is_visible():
        # On a slow machine the head takes most of the time limit. Then the model is used after the training instead.
        expect(page.get_by_text(NO_SECOND_PHASE).first).to_be_visible()
        when = "after the training, which ended with the head"
    run = page.url
    page.screenshot(path=screenshots / "story-first-model.png", full_page=True)

    # Where it looks, on a photo that it has never seen.
    go(page, "Predict and explain")
    page.get_by_role("radiogroup", name="Photo", exact=True).get_by_text("File", exact=True).click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        ROOT / "sample_images" / "photos" / "cat_chelsea.jpg"
    )
    heatmap = page.get_by_test_id("stImage").filter(has_text="Where the model looked").get_by_role("img")
    expect(heatmap).to_be_visible(timeout=MINUTE)
    settled(page)
    assert heatmap.evaluate("node => node.complete && node.naturalWidth > 200")
    page.screenshot(path=screenshots / "story-explain.png", full_page=True)
    seconds = time.monotonic() - begin
    figures = f"{seconds:.0f} s from the first page to the heatmap, {first_model:.0f} s from Train to the first model"
    figures += f" (used {when})"
    (screenshots / "newcomer-seconds.txt").write_text(f"{figures}\n", encoding="utf-8")
    sys.stdout.write(f"{figures}\n")
    assert seconds < 180, figures

    # The training has gone on; its phases stand on one time axis.
    page.goto(run)
    expect(ended).to_be_visible(timeout=5 * MINUTE)
    settled(page)
    expect(
        page.get_by_role("listitem").filter(has_text="The head (").filter(has_text="kept. The first model.")
    ).to_have_count(1)
    phases = page.get_by_test_id("stPlotlyChart").first
    expect(phases).to_be_visible()
    # The result of the head, and which model the run has at each time.
    expect(phases.locator(".scatterlayer .trace").nth(1)).to_be_attached()
    page.screenshot(path=screenshots / "story-phases.png", full_page=True)

    # The confusion matrix, and a click on one of its cells.
    page.get_by_role("button", name="Evaluate the model").click()
    expect(page.get_by_role("heading", name="Evaluate", exact=True, level=1)).to_be_visible()
    settled(page)
    matrix = page.get_by_test_id("stPlotlyChart").filter(has=page.locator(".heatmaplayer image"))
    expect(matrix).to_be_visible()
    sentence = page.locator("text=/photos? labelled .*, predicted (correctly|as)/").first
    expect(sentence).to_be_visible()
    click_cell(page, matrix, row=0, column=0, size=5)
    expect(page.locator("text=/photos? labelled owl, predicted correctly/").first).to_be_visible()
    settled(page)
    page.screenshot(path=screenshots / "story-evaluate.png", full_page=True)


def test_labels_survive_a_restart_of_the_server(page: Page, server: Server) -> None:
    page.goto(server.url)
    settled(page)
    sample = page.get_by_role("button", name="Open the sample project")
    if not re.search("project=", page.url):
        sample.first.click()
        expect(page.get_by_role("heading", name="Birds (sample)")).to_be_visible()
        settled(page)
    go(page, "Annotate")
    labelled = page.get_by_text(re.compile(r"\d+ of 162 labelled"))
    expect(photo(page)).to_be_visible()
    before = labelled.inner_text()
    page.keyboard.press("2")
    expect(labelled).not_to_have_text(before)
    after = labelled.inner_text()
    url = page.url
    server.end()
    server.start()
    page.goto(url)
    expect(page.get_by_text(after)).to_be_visible(timeout=MINUTE)

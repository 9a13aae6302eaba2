"""The demo's page: names are text and nothing more, no request leaves the server, and everybody can use it."""

from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize, expect

from tests.browser.axe import violations
from tests.browser.demo.conftest import (
    HOSTILE_CLASSES,
    TITLE,
    Demo,
    expect_answer,
    expect_sentence,
    open_demo,
    samples,
    upload,
)

WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 400, "height": 900}


def test_hostile_names_are_read_literally_and_no_request_leaves_the_server(page: Page, demo: Demo) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    open_demo(page, demo)
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(page).to_have_title(f"{TITLE} · ResNet Studio")
    samples(page).first.click()
    expect_answer(page)
    found = page.locator("#classes").inner_text()
    assert sum(name in found for name in HOSTILE_CLASSES) == 5, found
    page.get_by_role("button", name="All 6 classes of this model").click()
    expect(page.locator("#names li")).to_have_text(sorted(HOSTILE_CLASSES, key=str.lower))
    page.get_by_role("button", name="Heatmap settings").click()
    page.get_by_label("Evidence for").click()
    for name in HOSTILE_CLASSES:
        expect(page.get_by_role("option", name=name, exact=True)).to_be_visible()
    page.get_by_role("option", name=HOSTILE_CLASSES[2], exact=True).click()
    expect(page.locator("#caption")).to_contain_text(f"evidence for {HOSTILE_CLASSES[2]}")
    expect_answer(page)

    assert not page.locator("[src*='evil.test'], [href*='evil.test'], #head b, #names b, .katex").count()
    hosts = {urlsplit(address).netloc for address in asked if not address.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(demo.address).netloc}
    # Fonts, icons and scripts would otherwise be missing in a classroom without internet.
    assert demo.outside() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(chromium: Browser, demo: Demo, scheme: Literal["light", "dark"]) -> None:
    # The sample photos were buttons without a name.
    with chromium.new_context(viewport=WIDE, color_scheme=scheme) as context:
        page = open_demo(context.new_page(), demo)
        assert violations(page) == []
        samples(page).nth(3).click()
        expect_answer(page)
        page.get_by_role("button", name="Heatmap settings").click()
        page.get_by_role("button", name="All 6 classes of this model").click()
        expect(page.get_by_text("layer1", exact=True)).to_be_visible()
        page.wait_for_timeout(500)  # the overlay of the computation fades
        for size in (WIDE, PHONE):
            page.set_viewport_size(size)
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the window"
        upload(page, "notes.jpg", b"not a photo", "image/jpeg")
        expect_sentence(page, "it is a text file")
        page.wait_for_timeout(500)
        assert violations(page) == []


def test_a_sample_photo_is_chosen_and_explained_with_the_keyboard(opened: Page) -> None:
    opened.get_by_role("button", name="Paste from clipboard").focus()
    opened.keyboard.press("Tab")
    first = opened.get_by_role("button", name="Sample photo astronaut.jpg")
    expect(first).to_be_focused()
    assert first.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    expect_answer(opened)
    expect(opened.locator("#photo .image-frame img[src*='cameraman']")).to_be_visible()

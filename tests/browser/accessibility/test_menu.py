"""The menu of pages: large targets on a phone, closed after each choice; focus can be told from hover."""

from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import Server
from tests.browser.test_newcomer import settled

pytestmark = pytest.mark.shares_server

LINKS = "[data-testid=stSidebar] [data-testid=stPageLink-NavLink]"
LOOK = (
    "node => { const s = getComputedStyle(node); return [s.outlineStyle, s.outlineWidth, s.outlineColor].join(' '); }"
)


def test_the_menu_of_a_phone_has_large_targets_and_closes_after_each_choice(chromium: Browser, server: Server) -> None:
    """Links were 28 pixels high and overlapped; the menu stayed over the page after a choice."""
    size = {"width": 400, "height": 800}
    page = chromium.new_context(viewport=size, has_touch=True, is_mobile=True).new_page()  # type: ignore[arg-type]
    page.goto(server.url)
    settled(page)
    sidebar = page.get_by_test_id("stSidebar")
    for name, heading in (
        ("Train", "Train"),
        ("Predict and explain", "Predict and explain"),
        ("Home", "ResNet Studio"),
    ):
        page.get_by_test_id("stExpandSidebarButton").tap()
        expect(sidebar).to_have_attribute("data-collapsed", "false")
        page.wait_for_timeout(400)  # it slides in
        shapes = [link.bounding_box() for link in page.locator(LINKS).all()]
        edges = [(shape["y"], shape["y"] + shape["height"]) for shape in shapes if shape]
        assert len(edges) == 9 and all(bottom - top >= 40 for top, bottom in edges)
        assert all(above[1] <= below[0] for above, below in pairwise(edges))
        sidebar.get_by_role("link", name=name, exact=True).tap()
        expect(page.get_by_role("heading", name=heading, exact=True, level=1)).to_be_visible()
        expect(sidebar).to_have_attribute("data-collapsed", "true")
        expect(page.locator(f"{LINKS}[aria-current=page]")).to_contain_text([name])
        settled(page)
    page.context.close()


def test_focus_can_be_told_from_hover_and_the_menu_stays_open_on_a_wide_screen(page: Page, server: Server) -> None:
    page.goto(server.url)
    settled(page)
    link = page.locator(LINKS).nth(2)
    plain = link.evaluate(LOOK)
    link.hover()
    assert link.evaluate(LOOK) == plain  # hovering draws no ring
    page.mouse.move(900, 600)
    page.locator(LINKS).nth(1).focus()
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    assert link.evaluate(LOOK).startswith("solid 3px")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Annotate", exact=True, level=1)).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "false")
    expect(page.locator(f"{LINKS}[aria-current=page]")).to_contain_text(["Annotate"])

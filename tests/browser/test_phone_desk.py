"""Labelling on a phone: the photo above, the classes within reach below it, no hints of keys that a phone lacks."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.data.pictures.decoding import Decoded
from core.data.store.store import Project, Store
from core.workspace import open_workspace
from tests.browser.projects import unused_name
from tests.browser.server import Server
from tests.browser.test_newcomer import settled

pytestmark = pytest.mark.shares_server

WIDTH, HEIGHT = 400, 800


def project_of(store: Store, classes: int) -> Project:
    made = store.create_project(
        unused_name(store, f"Phone {classes}"), classes=[f"kind {number}" for number in range(classes)]
    )
    dice = np.random.default_rng(0)
    for number in range(3):
        image = Image.fromarray(dice.integers(0, 255, (300, 400, 3), dtype=np.uint8))
        store.add_image(made.id, Decoded(image, (), "PNG", False), b"", f"{number}.png")
    return made


def phone(chromium: Browser, server: Server, project: Project) -> Page:
    size = {"width": WIDTH, "height": HEIGHT}
    page = chromium.new_context(viewport=size, has_touch=True, is_mobile=True).new_page()
    page.goto(f"{server.url}/Annotate?project={project.id}&name=Ana")
    settled(page)
    return page


@pytest.mark.parametrize("classes", [3, 24])
def test_the_class_buttons_and_the_photo_are_on_the_screen_together(
    chromium: Browser, server: Server, classes: int
) -> None:
    """The buttons lay below the fold."""
    store = Store(open_workspace(server.home))
    page = phone(chromium, server, project_of(store, classes))
    store.close()
    photo, bar = page.locator(".desk-photo img"), page.locator(".desk-bar")
    expect(photo).to_be_visible()
    first = page.locator(".desk-class").first.bounding_box()
    shown, below = photo.bounding_box(), bar.bounding_box()
    assert first and shown and below
    assert below["y"] + below["height"] == pytest.approx(HEIGHT, abs=1)
    assert below["height"] < 0.45 * HEIGHT and first["y"] + first["height"] <= HEIGHT and first["height"] >= 40
    top = page.evaluate("document.querySelector('.desk-photo img').getBoundingClientRect().top")
    assert top < below["y"] - 60  # without scrolling
    page.locator("main.stMain").evaluate("node => node.scrollTo(0, node.scrollHeight)")
    caption = page.locator(".desk-photo figcaption").bounding_box()
    assert caption and caption["y"] < below["y"]  # nothing stays hidden behind the bar
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    hints = page.locator("[aria-label^=Shortcut]")
    assert hints.count() >= 3 and not any(hints.nth(place).is_visible() for place in range(hints.count()))
    page.context.close()

"""After a choice by mouse the keys go to the desk; after a choice by keyboard the focus stays."""

import re
import time
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.data.store.store import ImageFilter, Project, Store
from core.features.vectors import Vectors, default_vectors
from core.workspace import open_workspace
from tests.browser.projects import unused_name
from tests.browser.server import Server
from tests.browser.test_labelling_story import section
from tests.browser.test_newcomer import settled
from tests.pages.conftest import add_photos

pytestmark = [pytest.mark.weights, pytest.mark.shares_server]
PHOTOS, LABELLED = 30, 16


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Store]:
    opened = Store(open_workspace(server.home))
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store, default_weights: object, request: pytest.FixtureRequest) -> Project:
    """Owls and ducks in turn, over half of them labelled by Ana, two wrongly; the features are already computed."""
    made = store.create_project(unused_name(store, request.node.name), classes=["owl", "duck"])
    ids = add_photos(store, made, [f"{made.id}-{number}.png" for number in range(PHOTOS)])
    for place in range(LABELLED):
        store.annotate(made.id, [ids[place]], ("owl", "duck")[(place + (place in (4, 9))) % 2], "Ana")
    dice = np.random.default_rng(0)
    vectors = np.eye(2048, dtype=np.float32)[np.arange(PHOTOS) % 2]
    vectors[:, :8] += 0.1 * dice.normal(size=(PHOTOS, 8))
    network = default_vectors(store.workspace)
    assert network is not None
    Vectors(store.workspace, network).add([one.hash for one in store.image_labels(made.id)], vectors)
    return made


def visit(page: Page, server: Server, name: str, project: Project) -> None:
    page.goto(f"{server.url}/{name}?project={project.id}&name=Ana")
    expect(page.get_by_role("radiogroup", name="Section", exact=True)).to_be_visible()
    settled(page)


def choose(page: Page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} input").click()
    page.get_by_role("option", name=option, exact=True).click()
    freed(page)
    settled(page)


def freed(page: Page) -> None:
    """Wait until no control has the focus."""
    page.wait_for_function("document.activeElement === document.body")


def labels(page: Page, count: int) -> None:
    expect(page.get_by_text(f"{count} of {PHOTOS} labelled")).to_be_visible()
    settled(page)


def file_shown(page: Page, box: str) -> str:
    return page.locator(f".{box} :is(.desk-line, [data-testid=stCaptionContainer])").inner_text()


def test_keys_after_a_choice_by_mouse_label_and_skip(page: Page, server: Server, project: Project) -> None:
    """They were typed into the select, and Right moved to the next section, which Enter then opened."""
    visit(page, server, "Annotate", project)
    expect(page.locator(".desk-accept").first).to_be_visible()
    in_order = file_shown(page, "desk-photo")
    choose(page, "annotate-order", "Random")
    # A key for a photo that is no longer shown does nothing.
    expect(page.locator(".desk-photo", has_text=in_order)).to_have_count(0)
    page.keyboard.press("1")
    labels(page, LABELLED + 1)
    page.locator(".st-key-annotate-suggest label").click()
    freed(page)
    page.keyboard.press("2")
    labels(page, LABELLED + 2)
    section(page, "Classes")
    section(page, "One by one")
    freed(page)
    labels(page, LABELLED + 2)
    first = file_shown(page, "desk-photo")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".desk-photo", has_text=first)).to_have_count(0)
    page.locator(".st-key-annotate-suggest label").click()
    freed(page)
    expect(page.locator(".desk-accept").first).to_be_visible()
    settled(page)
    page.keyboard.press("Enter")
    labels(page, LABELLED + 3)


def test_the_other_sections_take_their_keys_after_a_choice_by_mouse(
    page: Page, server: Server, store: Store, project: Project
) -> None:
    def undone(count: int) -> None:
        page.keyboard.press("u")
        end = time.monotonic() + 20
        while store.count(project.id, ImageFilter(unlabelled=True)) < PHOTOS - LABELLED - 3 + count:
            assert time.monotonic() < end, "the key did nothing"
            page.wait_for_timeout(50)
        settled(page)

    visit(page, server, "Annotate", project)
    for count in range(1, 4):  # U takes back only what this tab did
        page.keyboard.press("1")
        labels(page, LABELLED + count)
    section(page, "Many at once")
    choose(page, "many-class", "All photos")
    undone(1)
    section(page, "Similar")
    page.locator(".st-key-similar-open label").click()
    freed(page)
    settled(page)
    undone(2)
    section(page, "Map")
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    page.locator(".st-key-map-open label").click()
    freed(page)
    settled(page)
    undone(3)


def test_right_skips_in_check_labels_after_a_click_on_the_section(page: Page, server: Server, project: Project) -> None:
    visit(page, server, "Data", project)
    section(page, "Check labels")
    expect(page.get_by_role("button", name=re.compile("^Skip"))).to_be_visible()
    settled(page)
    freed(page)
    first = file_shown(page, "st-key-check-photo")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".st-key-check-photo", has_text=first)).to_have_count(0)


def test_a_choice_by_keyboard_keeps_the_focus(page: Page, server: Server, project: Project) -> None:
    visit(page, server, "Annotate", project)
    expect(page.locator(".desk-class").first).to_be_visible()
    order = page.locator(".st-key-annotate-order input")
    order.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="Random", exact=True)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option")).to_have_count(0)
    settled(page)
    page.wait_for_timeout(500)  # longer than the guard looks
    expect(order).to_be_focused()
    expect(order).not_to_have_value("In order")


def test_no_ring_around_the_page_after_a_click_beside_everything(page: Page, server: Server, project: Project) -> None:
    """The ring crossed the title."""
    visit(page, server, "Annotate", project)
    expect(page.locator(".desk-class").first).to_be_visible()
    page.mouse.click(1275, 880)
    page.keyboard.press("ArrowRight")
    main = page.locator("main.stMain")
    expect(main).to_be_focused()
    assert main.evaluate("node => getComputedStyle(node, '::before').content") in ("none", "normal")

"""Axe-core on every page: no serious or critical violation, light and dark, wide and narrow, and headings in order.

Each page must also show itself whole: without an error, and without scrolling sideways. Pictures of all pages go to
``screenshots/``, to be looked at.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from core.workspace import open_workspace
from pages.components.shared.frame import PAGES
from tests.browser.accessibility.full_workspace import Full, fill
from tests.browser.axe import violations
from tests.browser.server import Server
from tests.browser.test_newcomer import settled

PATIENCE = 60_000  # milliseconds
LESSONS = ("inside", "skips", "transfer", "augmentation", "preprocessing", "layers", "family", "glossary")


class Visit(NamedTuple):
    """A page, and what is clicked on it one after the other, each as its role and its name."""

    address: str
    clicks: tuple[tuple[str, str], ...] = ()


def sections(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(("radio", name) for name in names)


def visits(full: Full) -> list[Visit]:
    birds, boxes, run = f"project={full.birds}", f"project={full.boxes}", full.runs[0]
    checks = ("Near-duplicates", "Image quality", "Annotators")
    covering = ("Cover it yourself", "Compare two runs")
    of_explain = (*covering, "What a class is made of", "Over the epochs", "Predict many photos")
    return [
        Visit(f"?{birds}", (("text", "Another project"),)),
        Visit(
            f"Data?{birds}",
            sections("Add photos", "Groups", "Splits and sizes", "Check labels", *checks, "Download labels"),
        ),
        Visit(f"Annotate?{birds}", sections("Many at once", "Camera", "Similar", "Map", "Classes", "History")),
        Visit(f"Annotate?{boxes}"),
        Visit(f"Train?{birds}", (*sections("Head first"), ("text", "More settings"), ("radio", "Table"))),
        Visit(f"Train?{birds}&run={run}"),
        Visit(
            f"Evaluate?{birds}&run={run}",
            sections(
                *("Mistakes", "All photos", "Per class", "Doubt", "Thresholds", "Background"),
                *("Cross-validation", "Compare runs"),
                "Final exam",
            ),
        ),
        Visit(f"Evaluate?{birds}&run={full.runs[1]}", sections("Final exam")),
        Visit(f"Evaluate?{boxes}", sections("Confusion matrix", "Per class")),
        Visit(f"Explain?{birds}&model={run}", sections(*of_explain)),
        Visit(f"Live?{birds}&model={run}", sections("Video file")),
        Visit(f"Export?{birds}&run={run}", sections("Web page", "Share a demo", "Tables")),
        *(Visit(f"Learn?lesson={lesson}&{birds}") for lesson in LESSONS),
    ]


def picture_name(address: str, full: Full) -> str:
    """The file name of a visit's picture, such as "learn-skips", "train-run" or "annotate-boxes"."""
    path, _, query = address.partition("?")
    parts = [path.lower() or "home"]
    parts += [part.removeprefix("lesson=") for part in query.split("&") if part.startswith("lesson=")]
    parts += ["run"] if path == "Train" and "run=" in query else []
    parts += ["boxes"] if f"project={full.boxes}" in query.split("&") else []
    return "-".join(parts)


@pytest.fixture(scope="module")
def full(server: Server) -> Full:
    return fill(open_workspace(server.home))


@pytest.fixture
def watched(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    scheme, width = request.param
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def path_of(name: str) -> str:
    """The path of a page in the address."""
    return "" if name == "Home" else name


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=PATIENCE)
    ready(page)


def ready(page: Page) -> None:
    settled(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_timeout(250)  # what Streamlit fades in


def wrong_on(page: Page, dark: bool = False) -> list[str]:
    """What axe finds, errors, and photos to choose from that sound alike: they read as "owl, owl, owl".

    The dark theme differs in its colours only, so that the other rules need not look at it again.
    """
    broken = not_whole(page)
    if dark:
        return broken + violations(page, rules=("color-contrast",))
    names = page.locator(".pick[role]").evaluate_all("cards => cards.map((card) => card.ariaLabel)")
    alike = [f"{count} photos are called {name}" for name, count in Counter(names).items() if count > 1]
    return broken + violations(page) + alike


def not_whole(page: Page) -> list[str]:
    """An error on the page, and a page that is wider than the window."""
    found = []
    if page.get_by_test_id("stException").count() or page.get_by_text("Something went wrong").count():
        found.append("shows an error")
    if page.get_by_test_id("stMain").evaluate("node => node.scrollWidth > node.clientWidth + 1"):
        found.append("is wider than the window")
    return found


def photograph(page: Page, folder: Path, name: str) -> None:
    """Take a picture of the whole page."""
    size = page.viewport_size
    assert size
    height = page.evaluate("document.querySelector('[data-testid=stMain]').firstElementChild.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(max(size["height"], int(height) + 60), 4000)})
    page.wait_for_timeout(300)
    page.screenshot(path=folder / f"{name}.png")
    page.set_viewport_size(size)


@pytest.mark.parametrize("watched", [("light", 1280)], indirect=True)
def test_axe_finds_nothing_serious_before_there_is_a_project(watched: Page, server: Server, screenshots: Path) -> None:
    found = []
    for name in PAGES:
        opened(watched, f"{server.url}/{path_of(name)}")
        found += [f"{name}: {line}" for line in wrong_on(watched)]
        photograph(watched, screenshots, f"empty-{name.lower()}-light-1280")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("watched", [("light", 1280), ("dark", 1280)], indirect=True)
def test_axe_finds_nothing_serious_on_any_page(
    watched: Page, server: Server, full: Full, screenshots: Path, request: pytest.FixtureRequest
) -> None:
    """Captions had a contrast of 4.1, key hints of 3.0, "frozen" of 2.5 and code of 2.2; a picture had no text."""
    scheme, width = request.node.callspec.params["watched"]
    dark = scheme == "dark"
    found = []
    for visit in visits(full):
        opened(watched, f"{server.url}/{visit.address}")
        found += [f"{visit.address}: {line}" for line in wrong_on(watched, dark)]
        photograph(watched, screenshots, f"{picture_name(visit.address, full)}-{scheme}-{width}")
        for role, name in visit.clicks:
            main = watched.get_by_test_id("stMain")
            if role == "text":
                main.get_by_text(name).first.click()
            else:
                main.get_by_role(role, name=re.compile(rf"\b{name}")).first.click()  # type: ignore[arg-type]
            ready(watched)
            found += [f"{visit.address}, {name}: {line}" for line in wrong_on(watched, dark)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("watched", [("light", 400)], indirect=True)
def test_axe_finds_nothing_serious_on_a_phone(watched: Page, server: Server, full: Full, screenshots: Path) -> None:
    found = []
    for name in PAGES:
        opened(watched, f"{server.url}/{path_of(name)}?project={full.birds}")
        found += [f"{name}: {line}" for line in wrong_on(watched)]
        photograph(watched, screenshots, f"{name.lower()}-light-400")
    watched.get_by_test_id("stExpandSidebarButton").click()
    expect(watched.get_by_test_id("stSidebarCollapseButton").get_by_role("button")).to_be_visible()
    found += [f"menu: {line}" for line in wrong_on(watched)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("watched", [("dark", 400)], indirect=True)
def test_every_page_and_lesson_is_whole_on_a_dark_phone(
    watched: Page, server: Server, full: Full, screenshots: Path
) -> None:
    """With axe each page was looked at in both themes before, but not the lessons in a narrow window."""
    places = {name.lower(): f"{path_of(name)}?project={full.birds}" for name in PAGES}
    places |= {f"learn-{lesson}": f"Learn?lesson={lesson}&project={full.birds}" for lesson in LESSONS}
    found = []
    for name, address in places.items():
        opened(watched, f"{server.url}/{address}")
        found += [f"{name}: {line}" for line in not_whole(watched)]
        photograph(watched, screenshots, f"{name}-dark-400")
    assert not found, "\n".join(found)

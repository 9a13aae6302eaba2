"""The report page in a browser: it draws itself without a request, on a phone, in the dark and on paper."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.export.report_page.write_report import write_report
from core.workspace import Workspace, open_workspace
from tests.browser.axe import violations
from tests.pages.trained import finished_run

CHARTS = 5


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page of a finished run, with heatmaps."""
    patch = pytest.MonkeyPatch()
    patch.setenv("RESNET_STUDIO_HOME", str(tmp_path_factory.mktemp("report") / "workspace"))
    workspace: Workspace = open_workspace()
    out = workspace.root / "report.html"
    write_report(finished_run(tmp_path_factory), workspace, out)
    yield out
    patch.undo()


def opened(browser: Browser, report: Path, *, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
    """The page in a window of its own, and what it asked for or complained about."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    page, wrong = context.new_page(), list[str]()
    page.on(
        "request", lambda one: wrong.append(one.url) if not one.url.startswith(("file:", "data:", "blob:")) else None
    )
    page.on("console", lambda one: wrong.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(report.as_uri())
    expect(page.locator(".chart .main-svg").first).to_be_visible(timeout=60_000)
    return page, wrong


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("light", 400), ("dark", 1280), ("dark", 400)])
def test_it_draws_every_chart_and_asks_for_nothing(
    chromium: Browser, report: Path, screenshots: Path, scheme: str, width: int
) -> None:
    page, wrong = opened(chromium, report, width=width, scheme=scheme)
    assert page.locator(".chart").count() == CHARTS
    assert page.locator(".chart:has(.main-svg)").count() == CHARTS
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert page.locator("figure img").evaluate_all("all => all.every((one) => one.complete && one.naturalWidth > 20)")
    if scheme == "light":
        assert violations(page) == []
    page.screenshot(path=screenshots / f"report-{scheme}-{width}.png", full_page=True)
    assert wrong == []
    page.context.close()


def test_on_paper_it_is_light_and_everything_is_open(chromium: Browser, report: Path, screenshots: Path) -> None:
    page, wrong = opened(chromium, report, scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert not page.locator("details[open]").count() and page.locator("details").count()
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_timeout(500)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light and page.locator("details:not([open])").count() == 0
    page.screenshot(path=screenshots / "report-print.png", full_page=True)
    data = page.pdf(format="A4", path=screenshots / "report.pdf")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 40
    page.emulate_media(media="screen", color_scheme="dark")
    page.wait_for_timeout(500)
    assert page.locator("details[open]").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert wrong == []
    page.context.close()

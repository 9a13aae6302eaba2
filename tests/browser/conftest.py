"""Chromium and a real server for the stories that a person would live through."""

import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from core.errors import ModelError
from core.export.web_page.runtime import Runtime, fetched_runtime
from core.models.downloads import NotReached
from core.runs.estimates.machine_speed import MachineSpeed, remember
from core.workspace import open_workspace
from tests.browser.server import ROOT, Server

# Patience for a machine that also trains; what is measured is measured by the benchmarks.
expect.set_options(timeout=60_000)

_BEFORE = pytest.StashKey[str]()
SCREENSHOTS = ROOT / "screenshots"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",  # nobody outside is reached
    "--use-fake-device-for-media-stream",  # a camera that shows a moving picture
    "--use-fake-ui-for-media-stream",  # and is allowed without asking
]


# Notes when somebody's act last made a page ask the server for something, and when it last heard from the server;
# ``settled`` reads this. What timers ask for does not count.
REQUESTS = """
let acted = -Infinity;
for (const name of ["pointerdown", "pointerup", "click", "keydown", "input", "change", "drop", "paste"]) {
    window.addEventListener(name, () => { acted = performance.now(); }, true);
}
const send = WebSocket.prototype.send;
const heard = new WeakSet();
WebSocket.prototype.send = function (...parts) {
    if (performance.now() - acted < 500) window.askedAt = performance.now();
    if (!heard.has(this)) {
        heard.add(this);
        this.addEventListener("message", () => { window.answeredAt = performance.now(); });
    }
    return send.apply(this, parts);
};
"""


def installed_chromium() -> str | None:
    """The system's Chromium; without one, Playwright uses the browser that it installed itself."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say of a failed test what its page showed and what its server printed; a picture of it goes to screenshots/."""
    report = yield
    used = getattr(item, "funcargs", {})
    if report.when == "call" and report.failed:
        # The summary shows only the last attempt.
        if before := item.stash.get(_BEFORE, ""):
            report.sections.append(("the attempt before", before))
        item.stash[_BEFORE] = report.longreprtext[-3000:]
        if (page := used.get("page")) is not None:
            report.sections.append(("the page", _shown(page, f"failed-{item.name}.png")))
        server = next((used[name] for name in ("server", "fresh_server") if name in used), None)
        if server is not None and server.log.is_file():
            report.sections.append(("the end of the server's log", server.log.read_text(errors="replace")[-4000:]))
    return report


def _shown(page: Page, picture: str) -> str:
    """Return the state of Streamlit's script and the text of a page; an error's text if it does not answer."""
    try:
        page.screenshot(path=SCREENSHOTS / picture, full_page=True)
        state = page.evaluate("document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state')")
        return f"{page.url}, script: {state}\n{page.inner_text('body', timeout=5000)[:3000]}"
    except Error as error:
        return str(error)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), args=CHROMIUM_ARGUMENTS)
        open_context = browser.new_context

        def noting_requests(**options: Any) -> BrowserContext:
            opened = open_context(**options)
            opened.add_init_script(REQUESTS)
            return opened

        browser.new_context = noting_requests  # type: ignore[method-assign, assignment]
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """The files of onnxruntime-web, fetched once. Skips, with the reason, only where npm's registry is not reached."""
    try:
        return fetched_runtime()
    except ModelError as error:
        if isinstance(error.__cause__, NotReached):
            pytest.skip(str(error))
        raise


# Any numbers will do. In a workspace without them, the Train page starts a process that measures them.
SPEED = MachineSpeed(exact=100.0, forward=100.0, step=30.0, device="cpu")


@contextmanager
def _running(folder: Path, speed: MachineSpeed | None = SPEED) -> Iterator[Server]:
    running = Server(home=folder / "workspace", log=folder / "server.log", cold=speed is None)
    if speed:
        remember(open_workspace(running.home), speed)
    running.start()
    yield running
    running.end()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all modules marked ``shares_server``: a new one loads torch for ten seconds of processor time."""
    with _running(tmp_path_factory.mktemp("shared")) as server:
        yield server


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The module's own server, or the shared one where the module is marked ``shares_server``."""
    if request.node.get_closest_marker("shares_server"):
        yield request.getfixturevalue("shared_server")
        return
    with _running(tmp_path_factory.mktemp("studio")) as server:
        yield server


@pytest.fixture
def fresh_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an empty workspace, for a whole story: it begins anew also when the test is repeated.

    For a test marked ``times`` it loads everything itself and measures this machine, as it would for a person.
    """
    speed = None if request.node.get_closest_marker("times") else SPEED
    with _running(tmp_path_factory.mktemp("fresh"), speed) as server:
        yield server


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    opened = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    SCREENSHOTS.mkdir(exist_ok=True)
    return SCREENSHOTS

"""A teacher and two pupils at once, and a stranger who tries addresses."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.data.store.store import Store
from core.people import joining
from core.people.register import Register
from core.workspace import open_workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import settled
from tests.pages.conftest import add_photo

PIN = "20262026"
CODE = re.compile(r"^[A-Z]{6}$")


@pytest.fixture
def class_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server in the mode class, with a project of the teacher's and a PIN."""
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    home = tmp_path / "workspace"
    store = Store(open_workspace(home))
    project = store.create_project("Leaves", classes=["oak", "ash"])
    for number in range(6):
        add_photo(store, project, f"leaf-{number}.jpg", seed=number)
    store.close()
    register = Register(home)
    joining.set_pin(register, PIN)
    register.close()
    running = Server(home=home, log=tmp_path / "server.log")
    running.start()
    yield running
    running.end()


@pytest.fixture
def browsers(chromium: Browser) -> Iterator[list[BrowserContext]]:
    """The teacher's, two pupils' and a stranger's."""
    opened = [chromium.new_context(viewport={"width": 1280, "height": 900}) for _ in range(4)]
    for one in opened:
        one.set_default_timeout(60_000)
    yield opened
    for one in opened:
        one.close()


def _joined(browser: BrowserContext, url: str, code: str, name: str) -> Page:
    page = browser.new_page()
    page.goto(f"{url}/join?code={code}")
    page.get_by_label("Your first name").or_(page.get_by_label("Or type it")).fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".card")).to_have_text(re.compile(r"^[a-z]+-\d{4}$"))
    page.get_by_role("link", name="Start").click()
    expect(page.get_by_role("heading", name="ResNet Studio")).to_be_visible()
    settled(page)
    return page


def test_a_class_works_side_by_side_and_strangers_find_nothing(
    class_server: Server, browsers: list[BrowserContext]
) -> None:
    url = class_server.url
    teacher = browsers[0].new_page()
    teacher.goto(f"{url}/teacher")
    teacher.get_by_label("PIN").fill(PIN)
    teacher.get_by_role("button", name="Enter").click()
    expect(teacher.get_by_role("heading", name="Leaves").first).to_be_visible()
    teacher.goto(f"{url}/Class")
    teacher.get_by_label("Name", exact=True).fill("7b")
    teacher.get_by_role("button", name="Create class").click()
    expect(teacher.locator(".class-code")).to_have_text(CODE)
    code = teacher.locator(".class-code").inner_text()

    ada, ben = (_joined(browser, url, code, name) for browser, name in zip(browsers[1:3], ("Ada", "Ben"), strict=True))
    expect(teacher.get_by_text("2 of 2 pupils here")).to_be_visible()
    teacher.get_by_role("button", name="Hand out a project").click()
    teacher.get_by_role("button", name="Give everyone a copy").click()
    expect(teacher.get_by_text("All 2 pupils have Leaves.")).to_be_visible()
    teacher.keyboard.press("Escape")

    for page, keys in ((ada, "11"), (ben, "2")):
        page.goto(f"{url}/Annotate?project=1")
        expect(page.locator(".desk-photo img")).to_be_visible()
        settled(page)
        for key in keys:
            page.keyboard.press(key)
            settled(page)
    homes = [Store(open_workspace(folder)) for folder in sorted((class_server.home / "people").iterdir())]
    labels = sorted(sorted(row.label for row in one.images(1) if row.label) for one in homes)
    assert labels == [["ash"], ["oak", "oak"]], "each in a copy of their own"
    of_ada = next(one for one in homes if any(row.label == "oak" for row in one.images(1)))
    of_ada.annotate(1, [row.id for row in of_ada.images(1)], "oak", "Ada")
    add_photo(of_ada, of_ada.project(1), "own.jpg", seed=99)
    for one in homes:
        one.close()

    ada.goto(f"{url}/Annotate?project=1")
    expect(ada.get_by_text("own.jpg")).to_be_visible()
    settled(ada)
    address = ada.locator(".desk-photo img").get_attribute("src") or ""
    assert "/desk/" in address
    stranger = browsers[3]
    statuses = [one.request.get(url + address.removeprefix(url)).status for one in browsers]
    assert statuses == [404, 200, 404, 401], "the teacher's, Ada's, Ben's and the stranger's browser"
    desk = url + address.rpartition("/")[0]
    wish = {"do": "undo", "photo": 1, "label": ""}
    statuses = [one.request.post(desk, data=wish).status for one in (browsers[0], browsers[2], stranger)]
    assert statuses == [404, 404, 401], "nor does the desk act for anybody else"
    lost = stranger.new_page()
    for place in ("", "/Data?project=1", "/Class", "/Export?run=x"):
        lost.goto(url + place)
        expect(lost.get_by_role("heading", name="Join your class")).to_be_visible()

    ben.goto(f"{url}/Class")
    expect(ben.get_by_text("You are Ben, one of 2 pupils.")).to_be_visible()
    assert code not in ben.content()
    ben.get_by_test_id("stSidebar").get_by_role("button", name="Ben").click()
    ben.get_by_role("link", name="Leave").click()
    ben.get_by_role("button", name="Leave").click()
    expect(ben.get_by_role("heading", name="You have left")).to_be_visible()
    ben.goto(f"{url}/Data?project=1")
    expect(ben.get_by_role("heading", name="Join your class")).to_be_visible()

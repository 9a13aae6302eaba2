"""The pages on which one joins or signs in: axe-core at two widths in both themes, whole, and a picture of each.

They are HTML without JavaScript, so one visit serves every width and theme.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.people.joining import join, set_pin
from core.people.register import Register
from core.workspace import open_workspace
from tests.browser.axe import violations
from tests.browser.server import Server, free_port
from tests.pages.door.accounts.provider import CLIENT, METADATA, SECRET, Provider

PIN = "20262026"
NAMES = ("Ada", "Ben", "Maximiliane-Charlotte von Hohenstein")
WIDTHS = (1280, 400)
EVERY_IMPACT = ("minor", "moderate", "serious", "critical")
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


class Visitor:
    """Looks at each page as it is opened, and collects what is wrong with any of them."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.wrong: list[str] = []

    def look(self, name: str, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                # The themes differ in their colours only.
                rules = ("color-contrast",) if scheme == "dark" else None
                found = violations(self.page, impacts=EVERY_IMPACT, rules=rules)
                found += ["is wider than the window"] if self.page.evaluate(SIDEWAYS) else []
                self.wrong += [f"{name}, {width}, {scheme}: {line}" for line in found]
                self.page.screenshot(path=self.folder / f"door-{name}-{scheme}-{width}.png", full_page=True)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def visitor(chromium: Browser, screenshots: Path) -> Iterator[Visitor]:
    context = chromium.new_context()
    context.set_default_timeout(60_000)
    opened = Visitor(context.new_page(), screenshots)
    yield opened
    context.close()
    assert not opened.wrong, "\n".join(opened.wrong)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    opened = Register(open_workspace(tmp_path / "workspace").root)
    set_pin(opened, PIN)
    yield opened
    opened.close()


@pytest.fixture
def server(tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server in the mode class."""
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    yield from _running(tmp_path, free_port())


@pytest.fixture
def accounts(tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server in the mode accounts, with a provider of this machine and one that does not answer."""
    port = free_port()
    with Provider(claims={"sub": "1", "given_name": "Ada", "email": "ada@school.test", "email_verified": True}) as one:
        client = f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\nserver_metadata_url = '
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\ncookie_secret = "{"s3cret" * 8}"\n'
            f'[auth.school]\n{client}"{one.issuer}{METADATA}"\n'
            f'[auth.library]\n{client}"http://localhost:{free_port()}{METADATA}"\n'
        )
        for name, value in {
            "RESNET_STUDIO_PEOPLE": "accounts",
            "RESNET_STUDIO_ADMITTED": "elsewhere.test",
            "NO_PROXY": "*",
        }.items():
            monkeypatch.setenv(name, value)
        yield from _running(tmp_path, port, "--secrets.files", str(secrets))


def _running(folder: Path, port: int, *options: str) -> Iterator[Server]:
    running = Server(folder / "workspace", folder / "server.log", port, options)
    running.start()
    yield running
    running.end()


def test_the_ways_into_a_class_are_accessible(visitor: Visitor, server: Server, register: Register) -> None:
    room = register.create_class("7b")
    register.add_people(room.id, list(NAMES))
    join(register, room, "Cleo")
    page = visitor.page
    page.goto(f"{server.url}/Data")
    visitor.look("code", "Join your class")
    page.get_by_label("Class code").fill("XXXXXX")
    visitor.press("Continue")
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.look("code-wrong", "Join your class")
    expect(page.get_by_label("Class code")).to_have_value("XXXXXX")  # one letter may be all that is wrong
    expect(page.locator("input[name=to]")).to_have_value("/Data")
    page.get_by_label("Class code").fill(room.code)
    visitor.press("Continue")
    expect(page.get_by_role("radio")).to_have_count(len(NAMES))
    page.get_by_text("Ben", exact=True).click()
    visitor.look("name", "7b")
    page.get_by_role("link", name="Use your card").click()
    visitor.look("card", "Welcome back")
    page.get_by_label("Your name").fill("Cleo")
    page.get_by_label("Your card").fill("otter-0000")
    visitor.press("Come in")
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.look("card-wrong", "Welcome back")
    page.goto(f"{server.url}/join?code={room.code}")
    page.get_by_text(NAMES[-1]).click()
    visitor.press("Join")
    expect(page.locator(".card")).to_be_visible()
    visitor.look("welcome", f"Hello, {NAMES[-1]}")
    page.goto(f"{server.url}/leave")
    visitor.look("leave", "Leave?")
    visitor.press("Leave")
    visitor.look("left", "You have left")
    page.goto(f"{server.url}/teacher")
    visitor.look("pin", "Teacher")
    page.get_by_label("PIN").fill("1")
    visitor.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.look("pin-wrong", "Teacher")


def test_the_ways_in_with_an_account_are_accessible(visitor: Visitor, accounts: Server) -> None:
    page = visitor.page
    page.goto(accounts.url)
    visitor.look("sign-in", "Sign in")
    page.get_by_role("link", name="Sign in with Library").click()
    visitor.look("sign-in-trouble", "Nobody can sign in at the moment")
    page.goto(accounts.url)
    page.get_by_role("link", name="Sign in with School").click()
    visitor.look("arrival", "Welcome")
    page.get_by_label("Class code").fill("XXXXXX")
    visitor.press("Start")
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.look("arrival-wrong", "Welcome")
    page.get_by_role("link", name="Use another account").click()
    visitor.look("sign-out", "Sign out?")

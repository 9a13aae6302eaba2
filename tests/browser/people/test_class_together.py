"""A class together: trainings in turn, the gallery, the game, a look, a deletion."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.data.pictures.decoding import Decoded
from core.data.store.store import Store
from core.people import door, joining
from core.people.hand_out import hand_out
from core.people.records import Joined
from core.runs.estimates.machine_speed import remember
from core.runs.folder import list_runs
from core.runs.status import Status
from core.workspace import Workspace, open_workspace
from pages.components.door.visit import COOKIE
from tests.browser.conftest import SPEED
from tests.browser.server import Server
from tests.browser.test_newcomer import settled
from tests.browser.two_colors import choose
from tests.pages.trained import picture

PIN = "20262026"
MINUTE = 60_000


@pytest.fixture
def class_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A class's server with a project of two colours."""
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    home = tmp_path / "workspace"
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(home))
    store = Store(open_workspace(home))
    project = store.create_project("Colours", classes=["red", "blue"])
    for number in range(12):
        for label, colour in (("red", (200, 60, 40)), ("blue", (40, 70, 200))):
            decoded = Decoded(picture(colour, number), (), "PNG", False)
            row, _ = store.add_image(project.id, decoded, b"", f"{label}-{number}.png")
            store.annotate(project.id, [row.id], label, "teacher")
    store.assign_splits(project.id)
    store.close()
    running = Server(home=home, log=tmp_path / "server.log")
    running.start()
    yield running
    running.end()
    door.register_of.cache_clear()


def _choose_a_small_training(page: Page, url: str) -> None:
    """Only the head of the smallest network, from random numbers, so that no weights are needed."""
    page.goto(f"{url}/Train?project=1")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    settled(page)
    choose(page, "Architecture", "ResNet-18")
    choose(page, "Starting weights", "None")
    page.get_by_role("radiogroup", name="Layers to train").get_by_text("Head only", exact=True).click()
    settled(page)
    title = page.get_by_role("textbox", name="Run name")
    title.fill("Two colours")
    title.press("Enter")
    settled(page)


def _run_of(pupil: Joined) -> Status:
    (run,) = list_runs(door.workspace_of(pupil.person))
    return run.status()


def _browser(chromium: Browser, url: str, visitor: Joined) -> BrowserContext:
    """A browser in which somebody has joined."""
    opened = chromium.new_context(viewport={"width": 1280, "height": 900})
    opened.add_cookies([{"name": COOKIE, "value": visitor.token, "url": url}])
    opened.set_default_timeout(MINUTE)
    return opened


def _class_page(page: Page, url: str, view: str) -> None:
    page.goto(f"{url}/Class")
    page.get_by_role("radio", name=view).or_(page.get_by_role("button", name=view, exact=True)).first.click()
    settled(page)


def _select_pupil(page: Page, row: int) -> None:
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 16, "y": 35 + 35 * row + 17})
    settled(page)


def test_trainings_take_turns_and_a_shared_model_is_fooled(class_server: Server, chromium: Browser) -> None:
    url = class_server.url
    register = door.open_register()
    joining.set_pin(register, PIN)
    room = register.create_class("7b")
    ada, ben = (joining.join(register, room, name) for name in ("Ada", "Ben"))
    store = Store(Workspace(class_server.home))
    list(hand_out(store, 1, [ada.person, ben.person]))
    store.close()
    for pupil in (ada, ben):
        remember(door.workspace_of(pupil.person), SPEED)
    teacher = _browser(chromium, url, joining.enter_as_teacher(register, PIN, "here")).new_page()
    of_ada, of_ben = (_browser(chromium, url, one).new_page() for one in (ada, ben))

    teacher.goto(f"{url}/Class")
    for page in (of_ada, of_ben):
        _choose_a_small_training(page, url)
    of_ada.get_by_role("button", name="Train", exact=True).click()
    expect(of_ada.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    of_ben.get_by_role("button", name="Train", exact=True).click()
    expect(of_ben.get_by_text("1 run is ahead of this one in the queue.")).to_be_visible()
    expect(teacher.get_by_text("1 training running, 1 waiting")).to_be_visible()
    for page in (of_ada, of_ben):
        expect(page.get_by_role("button", name="Evaluate the model")).to_be_visible(timeout=3 * MINUTE)
    first, second = _run_of(ada), _run_of(ben)
    assert (first.state, second.state) == ("finished", "finished")
    assert first.ended is not None
    assert second.started is not None
    assert first.ended <= second.started, "one after the other"

    _class_page(of_ada, url, "Gallery")
    of_ada.get_by_role("button", name="Share something").click()
    of_ada.get_by_role("dialog").get_by_role("button", name="Share", exact=True).click()
    expect(of_ada.get_by_role("heading", name="Two colours")).to_be_visible()

    _class_page(of_ben, url, "Gallery")
    of_ben.get_by_role("button", name="Try it").click()
    expect(of_ben.get_by_text("Where the model looked")).to_be_visible()
    _class_page(of_ben, url, "Break it")
    for truth in ("red", "blue"):  # one of the two is wrong, and its opposite is at least 50% certain
        of_ben.get_by_role("combobox", name="What does the photo show?").click()
        of_ben.get_by_role("option", name=truth).click()
        settled(of_ben)
        of_ben.get_by_role("button", name="Try to fool it").click()
        settled(of_ben)
        expect(of_ben.get_by_text(re.compile("^(Fooled!|It held)"))).to_be_visible()
    expect(of_ben.get_by_role("heading", name="Leaderboard")).to_be_visible()
    expect(of_ben.get_by_text("Ben against Ada: Two colours")).to_be_visible()

    _class_page(of_ada, url, "Break it")
    of_ada.get_by_role("button", name="I doubt it").click()
    expect(of_ada.get_by_text("In doubt: the teacher decides.")).to_be_visible()
    _class_page(teacher, url, "Break it")
    teacher.get_by_role("button", name="Reject").click()
    expect(teacher.get_by_text("Ben against Ada: Two colours")).to_have_count(0)

    teacher.goto(f"{url}/Class")
    expect(teacher.get_by_text("2 of 2 pupils here")).to_be_visible()
    settled(teacher)
    _select_pupil(teacher, 0)
    teacher.get_by_role("button", name="Look at the work").click()
    expect(teacher.get_by_text("A copy of Ada's work")).to_be_visible()
    teacher.get_by_role("button", name="Back to my work").click()
    teacher.goto(f"{url}/Class")
    expect(teacher.get_by_text("2 of 2 pupils here")).to_be_visible()
    settled(teacher)
    _select_pupil(teacher, 1)
    teacher.get_by_role("button", name="Delete", exact=True).click()
    teacher.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(teacher.get_by_text("1 of 1 pupil here")).to_be_visible()
    of_ben.goto(f"{url}/Data?project=1")
    expect(of_ben.get_by_role("heading", name="Join your class")).to_be_visible()
    assert len([*(class_server.home / "people").iterdir()]) == 1

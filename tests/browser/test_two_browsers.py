"""Two browsers on one project: both label at the same time, no label is lost, and each sees the work of the other."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.data.pictures.decoding import Decoded
from core.data.store.store import ImageFilter, Project, Store
from core.workspace import Workspace
from tests.browser.projects import unused_name
from tests.browser.server import Server
from tests.browser.test_newcomer import settled

WANTED_SECONDS = 2.0


def project_of(store: Store, photos: int, name: str = "Birds", task: str = "classification") -> Project:
    made = store.create_project(unused_name(store, name), task, ["owl", "duck"])
    dice = np.random.default_rng(0)
    for number in range(photos):
        image = Image.fromarray(dice.integers(0, 255, (48, 64, 3), dtype=np.uint8))
        store.add_image(made.id, Decoded(image, (), "PNG", False), b"", f"bird {number}.png")
    return made


def open_tab(chromium: Browser, server: Server, project: Project, page: str, name: str) -> Page:
    tab = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.goto(f"{server.url}/{page}?project={project.id}&name={name}")
    settled(tab)
    return tab


@pytest.mark.times
def test_two_browsers_see_each_others_labels_and_lose_none(chromium: Browser, server: Server) -> None:
    workspace = Workspace(server.home)
    for folder in (workspace.images, workspace.thumbnails, workspace.runs, workspace.cache):
        folder.mkdir(parents=True, exist_ok=True)
    store = Store(workspace)
    project = project_of(store, 12)
    grid = open_tab(chromium, server, project, "Data", "Ana")
    expect(grid.get_by_text("12 photos", exact=True)).to_be_visible()
    desk = open_tab(chromium, server, project, "Annotate", "Ben")
    waits = []
    for number, name in enumerate(("owl", "duck", "owl"), start=1):
        button = desk.locator(".desk-class").filter(has_text=name).first
        button.click()
        # From the moment that it is stored: what counts is how long the other browser takes to hear of it.
        until(partial(is_left, 12 - number, lambda: store.count(project.id, ImageFilter(unlabelled=True))))
        waits.append(until(partial(is_left, 12 - number, grid.get_by_text("no label", exact=True).count)))
        settled(desk)
    # Both at once: Ana in the grid, Ben at the desk.
    grid.get_by_role("button", name="Select this page").click()
    grid.get_by_role("button", name="Set class").click()
    desk.locator(".desk-class").filter(has_text="duck").first.click()
    until(lambda: {"12 photos: owl"} <= {change.text for change in store.history(project.id)})
    # Ben's answer is stored, or, where Ana's came first, he is told so and may insist. It is never simply gone.
    by_ben = partial(changes_of, store, project.id, "Ben")
    overtaken = desk.get_by_text("This photo was changed by Ana")
    until(lambda: by_ben() == 4 or overtaken.count() == 1)
    if by_ben() == 3:
        settled(desk)
        desk.locator(".desk-class").filter(has_text="duck").first.click()
        until(lambda: by_ben() == 4)
    assert store.count(project.id, ImageFilter(unlabelled=True)) == 0
    # Alone on two cores it is about one second; one of three may be held up by what else the machine does.
    assert min(waits) < WANTED_SECONDS, f"seconds until the other browser showed a label: {waits}"
    for tab in (grid, desk):
        tab.context.close()


def changes_of(store: Store, project_id: int, who: str) -> int:
    return sum(change.who == who for change in store.history(project_id))


def is_left(expected: int, count: Callable[[], int]) -> bool:
    return count() == expected


def until(true: Callable[[], bool]) -> float:
    """Wait for something; return how many seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 30, "it never came"
        time.sleep(0.02)
    return time.monotonic() - began

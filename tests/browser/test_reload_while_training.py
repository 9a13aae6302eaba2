"""A reload, and even the end of the server, during training: the run continues and the page finds it again."""

import io
import signal
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from core.runs.folder import list_runs
from core.workspace import Workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import go, number_field, settled

MINUTE = 60_000


def two_kinds(path: Path, each: int) -> Path:
    """A zip of class folders: noisy red and noisy blue squares."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for name, channel in (("red", 0), ("blue", 2)):
            for number in range(each):
                pixels = random.integers(0, 90, (48, 48, 3), dtype=np.uint8)
                pixels[:, :, channel] += 150
                stream = io.BytesIO()
                Image.fromarray(pixels).save(stream, "PNG")
                archive.writestr(f"{name}/{number}.png", stream.getvalue())
    return path


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).first.click()
    settled(page)


def test_a_run_outlives_the_page_and_the_server(page: Page, server: Server, tmp_path: Path) -> None:
    page.goto(server.url)
    settled(page)
    page.get_by_label("Name", exact=True).fill("Two colors")
    page.get_by_role("button", name="Create project").click()
    # A new project opens where its photos are added.
    expect(page.get_by_role("heading", name="Data", exact=True, level=1)).to_be_visible()
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(two_kinds(tmp_path / "colors.zip", 40))
    page.get_by_role("button", name="Import 80 photos").click(timeout=MINUTE)
    expect(page.get_by_role("heading", name="80 photos imported")).to_be_visible(timeout=MINUTE)

    # The smallest network from random numbers, for more epochs than the test will wait.
    go(page, "Train")
    page.locator(".st-key-recipe-more label").click()
    settled(page)
    choose(page, "Architecture", "ResNet-18")
    choose(page, "Starting weights", "None")
    page.get_by_role("radiogroup", name="Layers to train").get_by_text("All", exact=False).first.click()
    settled(page)
    for label, value in (("Epochs", "40"), ("Image size in pixels", "32")):
        field = number_field(page, label)
        field.fill(value)
        field.press("Enter")
        settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    stop = page.locator("[class*=st-key-stop-] button").first
    expect(stop).to_be_visible(timeout=MINUTE)
    workspace = Workspace(server.home)
    (run,) = list_runs(workspace)

    page.reload()
    expect(stop).to_be_visible(timeout=MINUTE)
    url = page.url
    assert run.id in url

    server.end(signal.SIGKILL)
    pid = run.status().pid
    seen = len(run.steps())
    deadline = time.monotonic() + 60
    while len(run.steps()) <= seen and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(run.steps()) > seen, "the training stood still without its server"

    server.start()
    page.goto(url)
    expect(stop).to_be_visible(timeout=MINUTE)
    assert run.status().pid == pid
    stop.click()
    expect(page.get_by_text("stopped", exact=False).first).to_be_visible(timeout=MINUTE)
    assert run.status().state == "stopped"

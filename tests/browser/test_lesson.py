"""Whole lessons: a slider moves, the picture follows and answers the question; networks are trained and stopped."""

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import Server
from tests.browser.test_newcomer import MINUTE, settled

pytestmark = pytest.mark.shares_server


def test_a_pupil_moves_the_stride_sees_the_picture_halve_and_answers(
    page: Page, server: Server, screenshots: Path
) -> None:
    page.goto(f"{server.url}/Learn?lesson=layers")
    expect(page.get_by_role("heading", name="Layers step by step")).to_be_visible(timeout=MINUTE)
    settled(page)
    expect(page.get_by_text("224 × 224").first).to_be_visible()
    expect(page.get_by_text("112 × 112", exact=True)).to_have_count(0)

    stride = page.get_by_role("slider", name="Stride")
    stride.focus()
    stride.press("ArrowRight")
    settled(page)
    # Both pictures, the re-created layer's and torch's.
    expect(page.get_by_text("112 × 112", exact=True)).to_have_count(2)

    question = page.get_by_role("radiogroup")
    question.get_by_text("It stays 224 × 224").click()
    expect(page.get_by_text("Not quite.")).to_be_visible()
    question.get_by_text("112 × 112: the kernel").click()
    expect(page.get_by_text("Correct. The kernel moves two pixels")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download numbers (CSV)").click()
    header, *rows = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert header.startswith("layer,") and len(rows) >= 7
    page.screenshot(path=screenshots / "lesson-answered.png", full_page=True)


def test_a_control_that_is_moved_while_networks_train_stops_nothing_and_the_button_does(
    page: Page, server: Server, screenshots: Path
) -> None:
    """The result that comes with the program is there at once; computing it again can be watched and stopped."""
    page.goto(f"{server.url}/Learn?lesson=skips")
    expect(page.get_by_role("heading", name="Why skip connections")).to_be_visible(timeout=MINUTE)
    settled(page)
    expect(page.get_by_text("with 56 layers:")).to_be_visible()
    compute = page.get_by_role("button", name="Compute it yourself")
    compute.click()
    stop = page.get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_visible(timeout=MINUTE)
    running = page.get_by_text(re.compile(r"[123] of 3: .*, about .+ left"))
    expect(running).to_be_visible(timeout=2 * MINUTE)
    page.screenshot(path=screenshots / "lesson-computing.png")
    epoch = page.get_by_role("slider", name="Epoch")
    epoch.focus()
    epoch.press("Home")
    # The figures follow immediately, and the training continues.
    expect(page.get_by_text("Before training, with")).to_be_visible(timeout=MINUTE)
    expect(running).to_be_visible(timeout=MINUTE)
    expect(compute).to_be_disabled()
    stop.click()
    expect(stop).to_have_count(0, timeout=MINUTE)
    expect(compute).to_be_enabled()

    compute.click()
    expect(stop).to_be_visible(timeout=MINUTE)
    killed = False
    for pid in worker_processes(server):
        os.kill(pid, signal.SIGKILL)
        killed = True
    assert killed
    expect(page.get_by_text("The computation stopped unexpectedly (signal 9")).to_be_visible(timeout=MINUTE)
    expect(compute).to_be_enabled()


def worker_processes(server: Server) -> list[int]:
    """The worker processes that the server has started."""
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    pids = [int(pid) for one in children for pid in one.read_text(encoding="ascii").split()]
    return [pid for pid in pids if b"core.workers.process" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_term_is_explained_with_the_keyboard_and_by_touch(chromium: Browser, server: Server) -> None:
    for touch in (False, True):
        context = chromium.new_context(viewport={"width": 400, "height": 800}, has_touch=touch)
        page = context.new_page()
        page.goto(f"{server.url}/Learn?lesson=transfer")
        expect(page.get_by_role("heading", name="Transfer learning")).to_be_visible(timeout=MINUTE)
        settled(page)
        explain = page.get_by_test_id("stMain").get_by_role("button", name="Help", exact=True).first
        if touch:
            explain.tap()
        else:
            explain.focus()
        expect(page.get_by_role("tooltip")).to_contain_text("Head: The last part of a network", timeout=MINUTE)
        context.close()

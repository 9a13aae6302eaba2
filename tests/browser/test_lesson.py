"""One whole lesson: a slider moves, the picture follows, and it answers the question."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.server import Server
from tests.browser.test_newcomer import MINUTE, settled


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


def test_a_control_that_is_moved_while_networks_train_breaks_off_nothing(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Learn?lesson=skips")
    expect(page.get_by_role("heading", name="Why skip connections")).to_be_visible(timeout=MINUTE)
    settled(page)
    page.get_by_role("button", name="Train 6 networks").click()
    expect(page.get_by_text("You can use the controls meanwhile.")).to_be_visible(timeout=MINUTE)
    # The networks with 8 layers are drawn while deeper ones train.
    expect(page.get_by_text("with 8 layers:")).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("2 of 3:")).to_be_visible(timeout=MINUTE)
    epoch = page.get_by_role("slider", name="Epoch")
    epoch.focus()
    epoch.press("Home")
    # The figures follow immediately, and the training continues.
    expect(page.get_by_text("Before training, with")).to_be_visible(timeout=MINUTE)
    expect(page.get_by_role("button", name=re.compile("Train [24] networks"))).to_be_disabled()
    expect(page.get_by_text(re.compile("[23] of 3:"))).to_be_visible()

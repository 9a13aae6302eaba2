"""A model is trained, looked at on the validation photos, and takes its exam once: counted, and still counted later."""

from pathlib import Path

from playwright.sync_api import Page, expect

from core.runs.exams.records import exams_of
from core.runs.folder import list_runs
from core.workspace import Workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import MINUTE, settled
from tests.browser.two_colors import train_two_colors

LOOK = "look 1 at these photos"


def choose_exam(page: Page) -> None:
    page.get_by_role("radiogroup", name="Split", exact=True).get_by_text("Final exam", exact=True).click()
    settled(page)


def test_the_exam_is_taken_once_and_counted(
    page: Page, fresh_server: Server, tmp_path: Path, screenshots: Path
) -> None:
    page.goto(f"{fresh_server.url}/?name=Ada")
    settled(page)
    train_two_colors(page, tmp_path / "colors.zip", photos=40, epochs=1)
    page.get_by_role("button", name="Evaluate the model").click(timeout=3 * MINUTE)
    expect(page.get_by_role("heading", name="Evaluate", exact=True, level=1)).to_be_visible()
    settled(page)
    (run,) = list_runs(Workspace(fresh_server.home))

    # Everything that is looked at while working is validation.
    splits = page.get_by_role("radiogroup", name="Split", exact=True)
    expect(splits.get_by_role("radio", name="Validation")).to_be_checked()
    metric = page.get_by_test_id("stMetric")
    expect(metric.get_by_text("Accuracy")).to_be_visible()
    assert exams_of(run) == () and run.report("test") is None

    choose_exam(page)
    expect(page.get_by_text("Nobody has looked at these photos yet.")).to_be_visible()
    expect(metric).to_have_count(0)
    page.screenshot(path=screenshots / "exam-card.png", full_page=True)
    page.get_by_role("button", name="Take the final exam").click()
    expect(metric.get_by_text(LOOK)).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text(f"Final exam: {LOOK}")).to_be_visible()
    settled(page)
    assert [(exam.look, exam.who) for exam in exams_of(run)] == [(1, "Ada")]

    page.reload()
    settled(page)
    expect(splits.get_by_role("radio", name="Validation")).to_be_checked()
    choose_exam(page)
    expect(metric.get_by_text(LOOK)).to_be_visible()
    expect(page.get_by_role("button", name="Take the final exam")).to_have_count(0)
    assert len(exams_of(run)) == 1

    page.set_viewport_size({"width": 400, "height": 900})
    settled(page)
    expect(metric.get_by_text(LOOK)).to_be_visible()
    assert not page.get_by_test_id("stMain").evaluate("node => node.scrollWidth > node.clientWidth + 1")
    page.screenshot(path=screenshots / "exam-taken-400.png", full_page=True)

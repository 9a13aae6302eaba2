"""Names that mean harm, in a real browser: they are read letter by letter, and no other host is ever asked."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.server import ROOT, Server
from tests.browser.test_newcomer import settled
from tests.pages import hostile

# What a name would have made if it were drawn as Markdown, as HTML or as plotly's pseudo-HTML. Streamlit draws its own
# icons in another way than those of Markdown; the anchors of headings lead nowhere else.
MADE_OF_NAMES = """() => {
    const shown = (node) => node.outerHTML.slice(0, 160);
    const all = (selector) => [...document.querySelectorAll(selector)];
    const made = all("img[src*='evil' i], [aria-label='home icon'], .katex, svg a, [data-testid=stMain] del");
    made.push(...all("a[href]").filter((node) => /evil/i.test(node.protocol + node.hostname)));
    const letters = all("b, em, i, [data-testid=stMain] h1, .stMarkdownColoredText, tspan").filter((node) =>
        ["x", "b"].includes(node.textContent.trim())
    );
    return [...made, ...letters].map(shown);
}"""
# What would be left of an escape where nothing is drawn as Markdown.
LEFT_OVER = """() => {
    const texts = [document.body.innerText];
    for (const node of document.querySelectorAll("[aria-label], [title], [alt], [placeholder]")) {
        texts.push(...["aria-label", "title", "alt", "placeholder"].map((name) => node.getAttribute(name) ?? ""));
    }
    return texts.flatMap((text) => text.match(/.{0,40}(:small\\[|\\\\[_<:$*#.\\[]|&#\\d+;).{0,40}/g) ?? []);
}"""


@pytest.fixture(scope="module")
def projects(server: Server) -> dict[str, int]:
    """The hostile workspace; its projects by name."""
    code = """
import json
from core.data.store.store import Store
from core.workspace import open_workspace
from tests.pages.hostile import make_workspace
make_workspace(open_workspace())
print(json.dumps({one.name: one.id for one in Store(open_workspace()).projects()}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "RESNET_STUDIO_HOME": str(server.home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


class Visitor:
    """Opens pages and looks at each."""

    def __init__(self, page: Page, server: Server, projects: dict[str, int]) -> None:
        self.page, self.server, self.projects = page, server, projects
        self.wrong: list[str] = []

    def open(self, path: str, project: str = hostile.PROJECT, **query: str) -> None:
        parameters = "&".join(f"{name}={value}" for name, value in query.items())
        self.page.goto(f"{self.server.url}/{path}?project={self.projects[project]}&{parameters}")
        expect(self.page.get_by_role("heading", level=1).first).to_be_visible(timeout=60_000)
        settled(self.page)

    def choose(self, key: str, name: str) -> None:
        self.page.locator(f".st-key-{key}").get_by_role("radio", name=name).click()
        settled(self.page)

    def look(self, place: str, *names: str, within: Locator | None = None) -> None:
        """These names are read on the page, nothing was made of any name, and no escape is left over."""
        self.page.wait_for_timeout(300)  # charts and pictures come a little later
        for name in names:
            expect(within or self.page.locator("body")).to_contain_text(" ".join(name.split()), timeout=120_000)
        for what in (MADE_OF_NAMES, LEFT_OVER):
            self.wrong += [f"{place}: {one}" for one in self.page.evaluate(what)]
        assert not self.page.get_by_text("Something went wrong").count(), place


@pytest.fixture
def visitor(context: BrowserContext, page: Page, server: Server, projects: dict[str, int]) -> Iterator[Visitor]:
    elsewhere: list[str] = []

    def kept_in(route: Route) -> None:
        elsewhere.append(route.request.url)
        route.abort()

    context.route(re.compile(r"^(?!data:|blob:)(?!https?://(localhost|127\.0\.0\.1)[:/])"), kept_in)
    context.set_default_timeout(60_000)
    opened = Visitor(page, server, projects)
    yield opened
    assert not opened.wrong, "\n".join(opened.wrong)
    assert not elsewhere, elsewhere


def test_names_are_only_letters_on_home_and_data(visitor: Visitor, tmp_path: Path) -> None:
    page, (first, second) = visitor.page, hostile.CLASSES
    visitor.open("")
    visitor.look("home", hostile.PROJECT, hostile.BOX_PROJECT, hostile.LOST_PROJECT, hostile.RUN, hostile.OTHER_RUN)
    visitor.open("", hostile.LOST_PROJECT)
    visitor.look("home, lost photos", hostile.FILE.format(500))
    visitor.open("Data")
    visitor.look("photos")
    page.get_by_label("Details of").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    settled(page)
    visitor.look("photo details", hostile.FILE.format(0), hostile.PEOPLE[1], within=dialog)
    page.keyboard.press("Escape")
    visitor.choose("data-section", "Splits and sizes")
    visitor.look("splits", first, second, within=page.get_by_test_id("stPlotlyChart").first)
    visitor.choose("data-section", "Download labels")
    visitor.look("download labels")
    visitor.choose("data-section", "Check labels")
    for check in ("Likely label errors", "Near-duplicates", "Image quality", "Annotators"):
        visitor.choose("check-which", check)
        visitor.look(check, *(hostile.PEOPLE + hostile.CLASSES if check == "Annotators" else ()))
    upload = tmp_path / "# x snow_leopard_x $x$ a*b*c.zip"
    upload.write_bytes(hostile.zip_of(hostile.write_upload(tmp_path / "upload")))
    visitor.choose("data-section", "Add photos")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(upload)
    take = page.get_by_role("button", name="Import", exact=False).filter(has_text="photo")
    expect(take).to_be_visible()
    settled(page)
    visitor.look("import preview", first, second, "www.evil.test a*b*c.png", "1. one <b>x.png", upload.name)
    take.click()
    expect(page.get_by_role("heading", name="2 photos imported")).to_be_visible()
    settled(page)
    visitor.look("import report", upload.name)


def test_names_are_only_letters_while_labelling(visitor: Visitor) -> None:
    page, (first, second) = visitor.page, hostile.CLASSES
    visitor.open("Annotate", name=hostile.PEOPLE[0])
    visitor.look("annotate", first, second)
    page.locator(".desk-class").first.click()
    settled(page)
    undo = page.get_by_role("button", name="Undo").first
    expect(undo).to_have_attribute("title", re.compile(r"^Undo: .*www\.evil\.test"))
    visitor.look("the desk after a press", first, second)
    for section in ("Many at once", "Similar", "Map", "History"):
        visitor.choose("annotate-section", section)
        visitor.look(section, *(hostile.CLASSES if section != "History" else ()))
    visitor.choose("annotate-section", "Classes")
    visitor.look("classes", first, second)
    for change in ("Rename", "Merge into another", "Remove"):
        page.get_by_role("button", name="Change").first.click()
        page.get_by_role("menuitem", name=change).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        settled(page)
        visitor.look(change, *((first,) if change != "Rename" else ()), within=dialog)
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    visitor.choose("annotate-section", "Camera")
    expect(page.locator("button.class")).to_have_count(2)
    visitor.look("the camera", first, second)
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_role("button", name="Stop the camera")).to_be_visible()
    page.locator("button.class").first.focus()
    page.keyboard.down(" ")
    expect(page.locator(".bursts .last-text")).to_contain_text(f"of {' '.join(first.split())}")
    page.keyboard.up(" ")
    visitor.look("a burst", first, second)
    visitor.open("Annotate", hostile.BOX_PROJECT)
    visitor.look("boxes", first, second, hostile.FILE.format(2 * hostile.EACH - 1))


def test_names_are_only_letters_on_train_and_evaluate(visitor: Visitor) -> None:
    page, (first, second) = visitor.page, hostile.CLASSES
    visitor.open("Train")
    visitor.look("runs", hostile.RUN, hostile.OTHER_RUN)
    visitor.choose("runs-view", "Table")
    visitor.look("table of runs")
    visitor.open("Train", run=hostile.RUN_ID)
    visitor.look("run", hostile.RUN)
    visitor.open("Train", run=hostile.FAILED_ID)
    visitor.look("failed run", hostile.MESSAGE)
    visitor.open("Train", run="<b>x</b> :material_home: a*b*c")
    visitor.look("a run that is not there", "<b>x</b> :material_home: a*b*c")
    visitor.open("Evaluate", run=hostile.RUN_ID)
    visitor.look("confusion matrix", first, second)
    for view in ("Mistakes", "All photos", "Per class", "Compare runs"):
        visitor.choose("evaluate-view", view)
        if view == "All photos":
            page.locator(".pick").first.click()
            settled(page)
            visitor.look("a photo", "Label in this run", "www.evil.test me@evil.test snow_leopard_x")
        visitor.look(view)
    visitor.open("Evaluate", hostile.BOX_PROJECT, run=hostile.BOX_RUN_ID)
    page.locator(".pick").first.click()
    settled(page)
    visitor.look("boxes", "www.evil.test me@evil.test snow_leopard_x")


def test_names_are_only_letters_on_explain_and_export(visitor: Visitor, tmp_path: Path) -> None:
    page, (first, second) = visitor.page, hostile.CLASSES
    visitor.open("Explain", model=hostile.RUN_ID)
    expect(page.get_by_text("Is this heatmap faithful?")).to_be_visible(timeout=180_000)
    # What is still computed would close the select box when it is there.
    expect(page.get_by_text("Nearest training photos")).to_be_visible(timeout=180_000)
    settled(page)
    visitor.look("explain", "Label: ")
    evidence = page.get_by_role("combobox", name="Evidence for")
    evidence.evaluate("box => box.scrollIntoView({ block: 'center' })")  # the list closes when the page scrolls
    page.wait_for_timeout(500)
    evidence.click()
    expect(page.get_by_role("option", name=first, exact=True)).to_be_visible()
    visitor.look("the options of a select box")
    page.keyboard.press("Escape")
    visitor.choose("explain-view", "Predict many photos")
    upload = tmp_path / "# x <b>.zip"
    upload.write_bytes(hostile.zip_of(hostile.write_upload(tmp_path / "upload")))
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(upload)
    page.get_by_role("button", name="Predict 1 file").click()
    expect(page.get_by_role("button", name="Download the CSV")).to_be_visible(timeout=180_000)
    settled(page)
    visitor.look("many photos", "1. one <b>x.png")
    visitor.open("Export", run=hostile.RUN_ID)
    for view in ("Use in Python", "Web page", "Share a demo", "Tables"):
        visitor.choose("export-view", view)
        visitor.look(view, hostile.RUN, second)


def test_names_are_only_letters_while_a_model_answers_live(visitor: Visitor) -> None:
    page, (first, second) = visitor.page, hostile.CLASSES
    visitor.open("Live", model=hostile.RUN_ID)
    visitor.look("live")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator(".live .log li").first).to_be_visible()
    visitor.look("live answers", first, second)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    settled(page)
    visitor.look("timeline", first, second, within=page.get_by_test_id("stPlotlyChart").first)

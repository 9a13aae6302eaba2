"""Every page as a picture, on a dark phone and before there is a project: written to ``screenshots/`` to be looked at.

``accessibility/test_axe.py`` visits the same pages at the other sizes and takes their pictures.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import ROOT, Server
from tests.browser.test_newcomer import settled

PAGES = {"home": "", "data": "Data", "annotate": "Annotate", "train": "Train", "evaluate": "Evaluate"} | {
    "explain": "Explain",
    "live": "Live",
    "export": "Export",
    "learn": "Learn",
}
LESSONS = ("skips", "transfer", "augmentation", "preprocessing", "layers", "family")  # the first is the page's own


@pytest.fixture(scope="module")
def project(server: Server) -> int:
    """The sample project with one short finished run from random numbers, which needs no weights."""
    code = """
from core.data.importing.sample_set import make_sample_project
from core.data.snapshot import snapshot_of_project
from core.data.store.store import Store
from core.runs import jobs
from core.training.recipe import Recipe
from core.workspace import open_workspace
workspace = open_workspace()
store = Store(workspace)
project = make_sample_project(store)
recipe = Recipe.checked(arch="resnet18", weights="none", train="all", size=32, epochs=3)
run = jobs.submit(workspace, snapshot_of_project(store, project.id), recipe, title="A first try",
                  project_id=project.id, project=project.name)
import time
while run.status().live:
    time.sleep(0.5)
print(project.id, run.status().state)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "RESNET_STUDIO_HOME": str(server.home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.split()[-1:] == ["finished"], done.stdout + done.stderr
    return int(done.stdout.split()[0])


@pytest.mark.parametrize(
    ("scheme", "width", "filled"),
    [
        ("dark", 400, True),
        ("light", 1280, False),  # before there is a project
    ],
)
def test_every_page_shows_itself_without_an_error(
    chromium: Browser, server: Server, project: int, screenshots: Path, scheme: str, width: int, filled: bool
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    page = context.new_page()
    wrong: list[str] = []
    pages = dict(PAGES)
    if filled:
        pages |= {f"learn-{lesson}": f"Learn?lesson={lesson}" for lesson in LESSONS}
    for name, path in pages.items():
        page.goto(f"{server.url}/{path}" + (f"{'&' if '?' in path else '?'}project={project}" if filled else ""))
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        settled(page)
        page.wait_for_timeout(700)  # charts fade in
        kind = "" if filled else "empty-"
        height = page.evaluate("document.querySelector('[data-testid=stMain]').firstElementChild.scrollHeight")
        page.set_viewport_size({"width": width, "height": min(max(900, int(height) + 60), 4000)})
        page.wait_for_timeout(300)
        page.screenshot(path=screenshots / f"{kind}{name}-{scheme}-{width}.png")
        page.set_viewport_size({"width": width, "height": 900})
        if page.get_by_test_id("stException").count() or page.get_by_text("Something went wrong").count():
            wrong.append(name)
        # Nothing sticks out to the right: the page does not scroll sideways.
        main = page.get_by_test_id("stMain")
        if main.evaluate("node => node.scrollWidth > node.clientWidth + 1"):
            wrong.append(f"{name} is wider than {width} pixels")
    context.close()
    assert not wrong

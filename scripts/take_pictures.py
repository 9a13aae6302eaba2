"""Take the README's screenshots: train a run on the sample project, then take a screenshot of each page.

    make pictures

Needs Chromium and the ImageNet weights; writes docs/pictures/*.webp.
"""

import base64
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.conftest import CHROMIUM_ARGUMENTS, installed_chromium  # noqa: E402
from tests.browser.server import Server  # noqa: E402
from tests.browser.test_newcomer import settled  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
SIZE = {"width": 1280, "height": 860}
QUALITY = 82

# Each page's address, in the README's order.
PAGES = {
    "home": "",
    "data": "Data",
    "annotate": "Annotate",
    "train": "Train",
    "evaluate": "Evaluate",
    "explain": "Explain",
    "live": "Live",
    "export": "Export",
    "learn": "Learn",
}

# A camera that shows one of the sample birds.
BIRD = ROOT / "sample_images" / "birds" / "images"
CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
    const image = new Image();
    image.src = "data:image/jpeg;base64,%s";
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    const draw = () => canvas.getContext("2d").drawImage(image, 0, 0);
    draw();
    setInterval(draw, 100);
    return canvas.captureStream(10);
};
"""

TRAINED_PROJECT = """
import time
from core.data.importing.sample_set import make_sample_project
from core.data.snapshot import snapshot_of_project
from core.data.store.store import Store
from core.runs import jobs
from core.training.recipe import Recipe
from core.workspace import open_workspace
workspace = open_workspace()
store = Store(workspace)
project = make_sample_project(store)
run = jobs.submit(workspace, snapshot_of_project(store, project.id), Recipe.checked(), title="Five birds",
                  project_id=project.id, project=project.name)
while run.status().live:
    time.sleep(0.5)
assert run.status().state == "finished", run.status()
print(project.id, run.id)
"""


def trained_project(home: Path) -> tuple[str, str]:
    """Create the sample project, train a run with the default recipe, and return the ids of both."""
    done = subprocess.run(
        [sys.executable, "-c", TRAINED_PROJECT],
        cwd=ROOT,
        env={**os.environ, "RESNET_STUDIO_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    project, run = done.stdout.split()[-2:]
    return project, run


def take(page: Page, name: str) -> None:
    """Save a screenshot of the window."""
    image = Image.open(io.BytesIO(page.screenshot()))
    image.convert("RGB").save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)


def main() -> None:
    """Take all screenshots."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        project, run = trained_project(home)
        server = Server(home=home, log=Path(folder) / "server.log")
        server.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=installed_chromium(), args=CHROMIUM_ARGUMENTS)
                page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()  # type: ignore[arg-type]
                page.set_default_timeout(60_000)
                bird = sorted(BIRD.glob("*.jpg"))[0]
                page.add_init_script(CAMERA % base64.b64encode(bird.read_bytes()).decode())
                for name, path in PAGES.items():
                    model = f"&model={run}" if name == "live" else ""
                    page.goto(f"{server.url}/{path}?project={project}&run={run}{model}")
                    expect(page.get_by_role("heading", level=1).first).to_be_visible(timeout=60_000)
                    settled(page)
                    if name == "annotate":  # with a suggestion, which needs the photos' features
                        expect(page.get_by_role("button", name=re.compile("^Accept"))).to_be_visible(timeout=240_000)
                    if name == "live":
                        page.get_by_role("button", name="Start the camera").click()
                        expect(page.locator(".live .bar").first).to_be_visible(timeout=120_000)
                    page.wait_for_timeout(2500)  # charts fade in, thumbnails arrive
                    take(page, name)
                browser.close()
        finally:
            server.end()


if __name__ == "__main__":
    main()

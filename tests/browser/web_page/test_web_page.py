"""A model's web page in Chromium: from the disk and from a server it answers as the studio does, and it learns."""

import base64
import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.data.pictures.decoding import decode
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.export.web_page.head_file import read_head
from core.export.web_page.new_bundle import bundle_with_head
from core.export.web_page.runtime import Runtime
from core.export.web_page.write_page import MadePage, PageOptions, write_page
from core.inspection.predicting.predictor import Predictor
from core.runs.folder import RunFolder
from core.training.linear.logistic import DEFAULT_STRENGTH, LogisticRegression, TrainingVectors
from core.workspace import Workspace, open_workspace
from tests.browser.axe import violations
from tests.browser.conftest import CHROMIUM_ARGUMENTS, installed_chromium
from tests.pages.trained import COLORS, finished_run, picture

CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
MODES = [("crop", 64, 72), ("squash", 50, 50), ("letterbox", 64, 64), ("crop", 65, 60)]
SIZES = [(97, 61), (40, 30), (64, 64), (301, 20), (33, 500)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunFolder]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_STUDIO_HOME", str(tmp_path_factory.mktemp("page") / "workspace"))
        yield finished_run(tmp_path_factory)


@pytest.fixture(scope="module")
def made(run: RunFolder, runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> MadePage:
    workspace: Workspace = open_workspace(run.path.parent.parent)
    return write_page(run.path, tmp_path_factory.mktemp("out") / "page", workspace, PageOptions(samples=2))


@pytest.fixture(scope="module")
def with_camera(chromium: Browser) -> Iterator[Browser]:
    """A browser whose camera shows a test picture."""
    browser = chromium.browser_type.launch(executable_path=installed_chromium(), args=[*CHROMIUM_ARGUMENTS, *CAMERA])
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def address(made: MadePage) -> Iterator[str]:
    """The folder on a web server of this machine, which isolates the page so that it may use threads."""

    class Isolating(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            super().end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Isolating, directory=str(made.folder)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()


def opened(browser: Browser, url: str, *, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
    """The page when its model is ready, and all that it asked the network for or complained about."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        accept_downloads=True,
    )
    context.set_default_timeout(120_000)
    page, wrong = context.new_page(), list[str]()
    own = ("file:", "data:", "blob:", url.rsplit("/", 1)[0])
    page.on("request", lambda one: None if one.url.startswith(own) else wrong.append(one.url))
    page.on("console", lambda one: wrong.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(url)
    page.evaluate("studio.page.ready")
    return page, wrong


def photos(folder: Path, each: int = 4) -> dict[str, list[Path]]:
    """New photos of the three colours; the first is stored sideways, as phones do, with the EXIF tag that turns it."""
    found: dict[str, list[Path]] = {}
    for place, (name, color) in enumerate(COLORS.items()):
        for number in range(each):
            path = folder / f"{name}-{number}.{'png' if number else 'jpg'}"
            image, exif = picture(color, 5000 + 100 * place + number), Image.Exif()
            if number == 0:
                image.paste((250, 250, 20), (0, 0, 20, 10))
                image, exif[274] = image.transpose(Image.Transpose.ROTATE_90), 6
            image.save(path, exif=exif, quality=95)
            found.setdefault(name, []).append(path)
    return found


def until(page: Page, condition: str) -> None:
    """Wait for a condition; the page's policy forbids what Playwright's own function for this does."""
    page.evaluate(
        f"new Promise((done) => {{ const look = () => ({condition} ? done() : setTimeout(look, 50)); look(); }})"
    )


def ask(page: Page, path: Path) -> dict[str, Any]:
    """What the page answers to a photo."""
    page.evaluate("delete studio.last")
    page.set_input_files("#photo-file", path)
    until(page, "studio.last")
    answer: dict[str, Any] = page.evaluate("({ name: studio.last.name, shares: studio.last.answer.probabilities })")
    return answer


def test_it_sees_what_the_studio_sees(chromium: Browser, made: MadePage) -> None:
    """The view of a picture has exactly Pillow's pixels, in every mode, with shapes that need care."""
    page = chromium.new_page()
    for name in ("bytes", "view"):
        page.add_script_tag(path=made.folder / "scripts" / f"{name}.js")
    for mode, size, resize in MODES:
        seen = Preprocessing(mode=mode, size=size, resize=resize)  # type: ignore[arg-type]
        for width, height in SIZES:
            pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
            rgba = np.dstack([pixels, np.full((height, width), 255, np.uint8)])
            found = page.evaluate(
                """([rgba, width, height, seen]) => {
                    const strips = (x, y, count, rows) => {
                        const part = new Uint8Array(count * rows * 4);
                        for (let row = 0; row < rows; row++) {
                            const from = ((y + row) * width + x) * 4;
                            part.set(rgba.slice(from, from + count * 4), row * count * 4);
                        }
                        return part;
                    };
                    return Array.from(studio.view.pixels(strips, width, height, seen).pixels);
                }""",
                [rgba.ravel().tolist(), width, height, seen.as_dict()],
            )
            exact = np.asarray(seen.view(Image.fromarray(pixels)))
            assert np.array_equal(np.array(found, np.uint8).reshape(exact.shape), exact), (mode, width, height)
    page.close()


def test_a_photo_can_be_dropped_or_pasted(chromium: Browser, made: MadePage, tmp_path: Path) -> None:
    page, wrong = opened(chromium, made.folder.joinpath("index.html").as_uri())
    path = photos(tmp_path, 1)["red"][0]
    chosen = ask(page, path)
    for kind in ("drop", "paste"):
        page.evaluate(
            """([kind, letters]) => {
                const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
                const carried = new DataTransfer();
                carried.items.add(new File([bytes], "red.jpg", { type: "image/jpeg" }));
                const settings = { bubbles: true, cancelable: true };
                delete studio.last;
                document.getElementById("frame").dispatchEvent(
                    kind === "drop"
                        ? new DragEvent("drop", { ...settings, dataTransfer: carried })
                        : new ClipboardEvent("paste", { ...settings, clipboardData: carried }),
                );
            }""",
            [kind, base64.b64encode(path.read_bytes()).decode()],
        )
        until(page, "studio.last")
        assert page.evaluate("studio.last.answer.probabilities") == pytest.approx(chosen["shares"]), kind
    assert wrong == []
    page.close()


def test_from_the_disk_it_answers_learns_and_gives_back_what_it_learned(
    chromium: Browser, run: RunFolder, made: MadePage, tmp_path: Path, screenshots: Path
) -> None:
    page, wrong = opened(chromium, made.folder.joinpath("index.html").as_uri())
    files, studio = photos(tmp_path), Predictor.load(run.best)
    several = [path for some in files.values() for path in some]
    exact = studio.probabilities([decode(path, path.name).image for path in several])
    answers = [ask(page, path) for path in several]
    largest = float(np.abs(np.array([one["shares"] for one in answers]) - exact).max())
    same = sum(one["name"] == studio.classes[row.argmax()] for one, row in zip(answers, exact, strict=True))
    assert same == len(several)
    assert largest < 0.1

    # The heatmap is exact: its places add up to the score without the bias.
    total, logit, bias = page.evaluate(
        """(() => {
            const { answer, logits, found } = studio.last;
            const { head, settings } = studio.page;
            const map = studio.answer.activationMap(found.outputs, head, answer.chosen, settings.network, found.scale);
            return [map.reduce((one, other) => one + other, 0), logits[answer.chosen], head.bias[answer.chosen]];
        })()"""
    )
    assert total == pytest.approx(logit - bias, abs=1e-3)
    expect(page.locator("#heat-note")).to_contain_text("the map is exact")
    assert violations(page) == []
    page.screenshot(path=screenshots / "web-page-answer.png", full_page=True)

    # It learns two new classes beside the three that it knows, from photos of other colours.
    new = {"yellow": (220, 210, 40), "violet": (150, 60, 190)}
    cards = page.locator(".class")
    for card, (name, color) in enumerate(new.items()):
        paths = []
        for number in range(6):
            paths.append(tmp_path / f"{name}-{number}.png")
            picture(color, 7000 + 100 * card + number).save(paths[-1])
        cards.nth(card).get_by_label("Class name").fill(name)
        cards.nth(card).locator("input[type=file]").set_input_files(paths)
        expect(cards.nth(card)).to_contain_text("6 frames in 6 bursts")
    page.get_by_role("button", name="Learn", exact=True).click()
    expect(page.locator("#learned")).to_contain_text("On 12 bursts that were left out", timeout=120_000)
    assert [one for one in page.evaluate("studio.page.head.classes") if one in new] == list(new)
    assert ask(page, tmp_path / "violet-3.png")["name"] == "violet"

    # The optimum is the studio's own: the same vectors give the same head.
    problem = page.evaluate(
        "studio.learning.material().rows.map(({ vector, label }) => ({ vector: Array.from(vector), label }))"
    )
    vectors = np.array([row["vector"] for row in problem], np.float32)
    labels = np.array([row["label"] for row in problem])
    training = TrainingVectors((vectors,), labels, 5, class_weighting="balanced")
    solved = LogisticRegression(training).solve(DEFAULT_STRENGTH)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save what it learned").click()
    path = tmp_path / "learned-head.json"
    download.value.save_as(path)
    learned = read_head(path)
    assert learned.head.probabilities(vectors) == pytest.approx(solved.probabilities(vectors), abs=2e-3)

    # Back in the studio, the network with this head answers like the page.
    bundle_with_head(run.path, learned, tmp_path / "model")
    again = Predictor.load(tmp_path / "model")
    assert again.predict([Image.open(tmp_path / "violet-3.png")])[0].name == "violet"
    page.screenshot(path=screenshots / "web-page-learned.png", full_page=True)
    page.get_by_role("button", name="Use the original classes").click()
    assert page.evaluate("studio.page.head.classes") == list(studio.classes)
    page.locator("#head-file").set_input_files(path)
    expect(page.locator("#learned")).to_contain_text("Opened a head with 5 classes")
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "bias": "AAAA"}), encoding="utf-8")
    page.locator("#head-file").set_input_files(broken)
    expect(page.locator("#problem")).to_have_text("broken.json cannot be used: it is damaged.")
    assert wrong == []
    page.context.close()


def test_one_file_on_a_server_uses_the_camera_and_threads(
    with_camera: Browser, made: MadePage, address: str, screenshots: Path
) -> None:
    assert made.single is not None
    page, wrong = opened(with_camera, f"{address}/{made.single.name}", width=400, scheme="dark")
    page.get_by_role("button", name="Sample 1").click()
    until(page, "studio.last")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#speed")).to_contain_text("answers per second")
    hold = page.locator(".class").first.get_by_role("button", name="Hold to collect")
    hold.focus()
    page.keyboard.down(" ")
    until(page, "studio.learning.classes[0].shots.length >= 3")
    page.keyboard.up(" ")
    expect(page.locator(".class").first).to_contain_text("in 1 burst")
    page.screenshot(path=screenshots / "web-page-camera-400-dark.png", full_page=True)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert violations(page) == []
    page.locator(".class").first.get_by_role("button", name="Delete last burst").click()
    expect(page.locator(".class").first).to_contain_text("Nothing collected yet")
    page.get_by_role("button", name="Stop the camera").click()
    expect(hold).to_be_disabled()
    assert page.evaluate("crossOriginIsolated")
    assert wrong == []
    page.context.close()

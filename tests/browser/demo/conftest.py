"""The real demo server for a run whose title and class names are hostile; it can be made slow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.models.bundle import BundleInfo, save_bundle
from core.models.resnet import build
from core.runs.status import Status
from tests.inspection.conftest import SMALL, lively
from tests.test_demo import free_port, serving

MINUTE = 60_000
TITLE = "<img src=https://evil.test/a.png> ![x](https://evil.test/a.png) $x$ ${7*7} {{value}}"
HOSTILE_CLASSES = (
    "![x](https://evil.test/a.png)",
    "<b>x</b>",
    "<img src=https://evil.test/a.png>",
    "snow_leopard_x",
    "http://evil.test",
    "$x$ ${7*7} {{value}}",
)

# The demo as it is, except that explaining takes seconds while the first file exists, and that the second one lists
# every address outside this machine that the server asks for.
STARTER = """
import sys, time
from pathlib import Path

bundle, slow, asked = sys.argv[1:]

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        host = arguments[1][0] if event == "socket.connect" and isinstance(arguments[1], tuple) else arguments[0]
        if isinstance(host, (str, bytes)) and host not in ("127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost"):
            with open(asked, "a") as file:
                file.write(f"{event} {host!r}\\n")

sys.addaudithook(watch)
import demo
from demo_parts import computing

def explain(*arguments, **options):
    answer = real(*arguments, **options)
    if Path(slow).exists():
        time.sleep(float(Path(slow).read_text()))
    return answer

real, computing.explain = computing.explain, explain
sys.exit(demo.main([bundle]))
"""


@dataclass
class Demo:
    """A running demo; ``slow_down`` makes its answers take that many seconds."""

    address: str
    slow: Path
    asked: Path

    def slow_down(self, seconds: float) -> None:
        self.slow.write_text(str(seconds))

    def outside(self) -> str:
        """Return the addresses outside this machine that the server has asked for."""
        return self.asked.read_text() if self.asked.exists() else ""


@pytest.fixture(scope="session")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    info = BundleInfo(
        arch="resnet18",
        classes=HOSTILE_CLASSES,
        preprocessing=SMALL.as_dict(),
        weights={"source": "random"},
        created="2026-01-02T03:04:05+00:00",
    )
    run = folder / "0001-run"
    save_bundle(run / "best", lively(build("resnet18", len(HOSTILE_CLASSES))), info)
    status = Status(state="finished", title=TITLE, created=datetime(2026, 1, 2, tzinfo=UTC))
    (run / "status.json").write_text(status.model_dump_json(), encoding="utf-8")
    # A proxy that does not answer: the demo once asked it whether its own page is there, and ended in a traceback.
    nowhere = f"http://127.0.0.1:{free_port()}"
    proxies = {"http_proxy": nowhere, "HTTP_PROXY": nowhere, "no_proxy": "", "NO_PROXY": ""}
    starter = ("-c", STARTER, str(run), str(folder / "slow"), str(folder / "asked"))
    with serving(*starter, environment=proxies) as address:
        yield Demo(address, folder / "slow", folder / "asked")


@pytest.fixture
def demo(running_demo: Demo) -> Iterator[Demo]:
    yield running_demo
    running_demo.slow.unlink(missing_ok=True)


@pytest.fixture
def opened(demo: Demo, page: Page) -> Page:
    """The demo in a browser."""
    return open_demo(page, demo)


def open_demo(page: Page, demo: Demo) -> Page:
    page.set_default_timeout(MINUTE)
    page.goto(demo.address)
    expect(samples(page)).to_have_count(12, timeout=MINUTE)
    return page


def samples(page: Page) -> Locator:
    return page.locator("#samples button.gallery-item")


def upload(page: Page, name: str, content: bytes, kind: str) -> None:
    page.locator("#photo input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def expect_answer(page: Page) -> None:
    """Expect a prediction, a heatmap and its sentence."""
    expect(page.locator("#heatmap img")).to_be_visible(timeout=MINUTE)
    expect(page.locator("#caption")).to_contain_text("Grad-CAM at layer", timeout=MINUTE)
    expect(page.locator("#classes")).to_contain_text("%", timeout=MINUTE)


def expect_sentence(page: Page, sentence: str) -> None:
    """Expect a sentence on what is wrong with the photo, and nothing of an earlier answer."""
    expect(page.get_by_role("alert").filter(has_text=sentence).first).to_be_visible(timeout=MINUTE)
    expect(page.locator("#heatmap img")).to_have_count(0)
    expect(page.locator("#classes")).not_to_contain_text("%")

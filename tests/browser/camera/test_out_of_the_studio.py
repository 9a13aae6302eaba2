"""Out of the studio: bursts of a camera become a model, its live answers, and a page that runs and learns offline."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.data.pictures.decoding import decode
from core.data.snapshot import snapshot_of_project
from core.data.store.store import Project, Store
from core.export.web_page.head_file import read_head
from core.export.web_page.runtime import Runtime
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import BundleInfo, save_bundle
from core.models.resnet import build
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from core.workspace import open_workspace
from tests.browser.camera.cards import CAMERA, CARDS, show_card, until
from tests.browser.projects import unused_name
from tests.browser.server import Server
from tests.browser.test_newcomer import settled
from tests.inspection.conftest import SMALL, lively

PATIENCE = 180_000  # milliseconds, for what computes
CLASSES = ("red card", "blue card")
RUN = "20261129-120000-eyes"


@pytest.fixture
def store(server: Server) -> Iterator[Store]:
    opened = Store(open_workspace(server.home))
    yield opened
    opened.close()


@pytest.fixture
def offline(chromium: Browser) -> Iterator[Page]:
    """A browser window without any network, for the page on the disk; its camera sees the cards."""
    context = chromium.new_context(accept_downloads=True, offline=True)
    context.add_init_script(CAMERA)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.mark.weights
def test_three_bursts_become_a_page_that_answers_and_learns_offline(
    page: Page,
    offline: Page,
    server: Server,
    store: Store,
    default_weights: object,
    runtime: Runtime,
    tmp_path: Path,
    screenshots: Path,
) -> None:
    project = store.create_project(unused_name(store, "Cards"), classes=CLASSES)
    page.add_init_script(CAMERA)
    collect_three_bursts(page, server, store, project, screenshots)
    run = train(page)
    see_live_answers(page, server, project, run, screenshots)

    # The whole page in one file, as it comes out of the browser.
    page.goto(f"{server.url}/Export?project={project.id}&run={run}")
    settled(page)
    page.locator(".st-key-export-view").get_by_role("radio", name="Web page").click()
    page.get_by_role("button", name="Create the page").click()
    single = page.get_by_role("button", name=re.compile("^Download one file"))
    expect(single).to_be_visible(timeout=PATIENCE)
    settled(page)
    page.screenshot(path=screenshots / "out-export.png", full_page=True)
    with page.expect_download() as download:
        single.click()
    file = tmp_path / "cards.html"
    download.value.save_as(file)

    # From the disk and without a network it answers a photo as the studio does.
    wrong: list[str] = []
    offline.on("console", lambda one: wrong.append(one.text) if one.type in ("error", "warning") else None)
    offline.on("pageerror", lambda error: wrong.append(str(error)))
    offline.goto(file.as_uri())
    offline.evaluate("studio.page.ready")
    for name in CLASSES:
        photo = store.image_path(next(row.hash for row in store.images(project.id) if row.label == name))
        offline.set_input_files("#photo-file", photo)
        expect(offline.locator("#answer")).to_contain_text(name)
        shares = offline.evaluate("Array.from(studio.last.answer.probabilities)")
        studio = Predictor.load(server.home / "runs" / run / "best")
        exact = studio.probabilities([decode(photo, photo.name).image])[0]
        assert offline.evaluate("studio.last.name") == studio.classes[exact.argmax()] == name
        assert float(np.abs(np.array(shares) - exact).max()) < 0.05
        offline.evaluate("delete studio.last")

    # It learns two more cards from two bursts, and what it learned goes back into the studio.
    learn_two_cards(offline, screenshots)
    with offline.expect_download() as download:
        offline.get_by_role("button", name="Save what it learned").click()
    head = tmp_path / "learned-head.json"
    download.value.save_as(head)
    assert read_head(head).classes == (*studio.classes, "yellow card", "violet card")
    assert wrong == []
    page.locator(".st-key-page-head input[type=file]").set_input_files(head)
    expect(page.get_by_role("button", name="Download the new model")).to_be_visible()


def collect_three_bursts(page: Page, server: Server, store: Store, project: Project, screenshots: Path) -> None:
    """Take three bursts into two classes, one deleted and brought back, while a head learns from them."""
    page.goto(f"{server.url}/Annotate?project={project.id}&name=Ana")
    settled(page)
    page.get_by_role("combobox", name="Size").select_option("640 wide")
    page.get_by_role("combobox", name="Frames").select_option("2 a second")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_role("button", name="Stop the camera")).to_be_visible()
    show_card(page, "red card")
    box = page.get_by_role("button", name="red card, 0 photos").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    stored(page, "red card", 2)
    page.mouse.up()
    page.screenshot(path=screenshots / "out-burst.png", full_page=True)
    show_card(page, "blue card")
    hold_key(page, "2", "blue card", 2)
    count = sum(row.label == "blue card" for row in store.images(project.id))
    page.get_by_role("button", name=f"Delete all {count}").click()
    expect(page.get_by_role("button", name="blue card, 0 photos")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name=f"blue card, {count} photos")).to_be_visible()

    # A key is the class's also right after a click on the switch.
    page.get_by_text("Train while I collect", exact=True).click()
    answers = page.locator(".bursts .learned .bar")
    expect(answers).to_have_count(2, timeout=PATIENCE)
    show_card(page, "red card")
    hold_key(page, "1", "red card", 1 + sum(row.label == "red card" for row in store.images(project.id)))
    expect(answers.first).to_have_text(re.compile(r"^red card(9\d|100)%$"))
    page.screenshot(path=screenshots / "out-train-while-collecting.png", full_page=True)

    rows = store.images(project.id)
    assert sorted(label or "" for label in {row.group: row.label for row in rows}.values()) == [
        *("blue card", "red card", "red card")
    ]
    # At the camera's own resolution, and not at the size on screen.
    shown = page.locator(".bursts video")
    assert {(row.width, row.height) for row in rows} == {tuple(shown.evaluate("v => [v.videoWidth, v.videoHeight]"))}


def hold_key(page: Page, key: str, name: str, photos: int) -> None:
    page.keyboard.down(key)
    stored(page, name, photos)
    page.keyboard.up(key)
    expect(page.locator(".bursts .queue")).to_be_empty(timeout=PATIENCE)


def stored(page: Page, name: str, least: int) -> None:
    """Wait until the project has so many photos of a class: of equal frames, only one is stored."""
    number = page.locator("button.class").filter(has_text=name).locator(".number")
    page.wait_for_function(
        f"node => Number(node.textContent) >= {least}", arg=number.element_handle(), timeout=PATIENCE
    )


def train(page: Page) -> str:
    """From the photos to a model with the quickest settings; return the run's id."""
    page.get_by_role("button", name="Train a model").click()
    expect(page.get_by_role("heading", name="Train", exact=True, level=1)).to_be_visible()
    settled(page)
    page.get_by_role("radiogroup", name="Layers to train").get_by_text("Head only", exact=True).click()
    settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("button", name="Evaluate the model")).to_be_visible(timeout=PATIENCE)
    found = re.search("run=([^&]+)", page.url)
    assert found
    return found[1]


def see_live_answers(page: Page, server: Server, project: Project, run: str, screenshots: Path) -> None:
    """The Live page follows the card before the camera, and says how fast."""
    page.goto(f"{server.url}/Live?project={project.id}&name=Ana&model={run}")
    page.get_by_role("button", name="Start the camera").click(timeout=PATIENCE)
    answer, speed = page.locator(".live .answer"), page.locator(".live .speed")
    for name in CLASSES:
        show_card(page, name)
        expect(answer).to_have_text(name)
    expect(speed).to_contain_text("answers a second")
    page.screenshot(path=screenshots / "out-live.png", full_page=True)
    (screenshots / "live-latency.txt").write_text(speed.inner_text() + "\n", encoding="utf-8")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()


def learn_two_cards(page: Page, screenshots: Path) -> None:
    """In the exported page: a burst of each new card, then Learn, then the camera names them."""
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#speed")).to_contain_text("answers per second")
    new = [name for name in CARDS if name not in CLASSES]
    for place, name in enumerate(new):
        card = page.locator(".class").nth(place)
        card.get_by_label("Class name").fill(name)
        show_card(page, name)
        card.get_by_role("button", name="Hold to collect").focus()
        page.keyboard.down(" ")
        until(page, f"studio.learning.classes[{place}].shots.length >= 3")
        page.keyboard.up(" ")
        expect(card).to_contain_text("in 1 burst")
    page.get_by_role("button", name="Learn", exact=True).click()
    expect(page.locator("#learned")).to_contain_text("Learned 4 classes", timeout=PATIENCE)
    for name in new:
        show_card(page, name)
        expect(page.locator("#answer")).to_have_text(name, timeout=PATIENCE)
        # So sure only if no frame from before a press, with another card, was learned.
        expect(page.locator("#bars .share").first).to_have_text(re.compile(r"^([89]\d\.|100)"), timeout=PATIENCE)
    page.screenshot(path=screenshots / "out-page-learned.png", full_page=True)
    page.get_by_role("button", name="Stop the camera").click()


def test_a_recorded_video_becomes_a_table_with_its_own_times(
    page: Page, server: Server, store: Store, tmp_path: Path, screenshots: Path
) -> None:
    project = store.create_project(unused_name(store, "Eyes"), classes=("open", "closed"))
    an_untrained_model(server, project, store)
    page.goto(f"{server.url}/Live?project={project.id}&name=Ana&model={RUN}")
    settled(page)
    page.get_by_role("radiogroup", name="Source").get_by_text("Video file").click()
    settled(page)
    page.locator(".live input[type=file]").set_input_files(a_video(tmp_path / "eyes.webm"))
    expect(page.get_by_text("eyes.webm, 0:02")).to_be_visible()
    page.get_by_role("button", name="Read the video").click()
    expect(page.get_by_text("20 frames over 1.9 s")).to_be_visible(timeout=60_000)
    settled(page)
    page.screenshot(path=screenshots / "live-video.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download frames (CSV)").click()
    with Path(download.value.path()).open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [row["seconds"] for row in table] == [f"{number / 10:.3f}" for number in range(20)]
    assert float(table[2]["open"]) != pytest.approx(float(table[15]["open"]), abs=1e-3), "the colour has changed"


def an_untrained_model(server: Server, project: Project, store: Store) -> None:
    """A run of the project with a small network of random numbers."""
    classes = ("open", "closed")
    recipe = Recipe.checked(arch="resnet18", weights="none", train="all", epochs=1, size=64, device="cpu")
    snapshot = snapshot_of_project(store, project.id)
    folder = server.home / "runs" / RUN
    run = create_run(folder, snapshot, recipe, title="Small eyes", project_id=project.id, project=project.name)
    info = BundleInfo(
        arch="resnet18",
        classes=classes,
        preprocessing=SMALL.as_dict(),
        weights={"source": "random"},
        created="2026-11-29T12:00:00+00:00",
        recipe=recipe.model_dump(),
    )
    save_bundle(run.best, lively(build("resnet18", len(classes))), info)
    run.write_status(state="finished")


def a_video(path: Path) -> Path:
    """Two seconds at ten frames a second: first red, then blue, in a format that every Chromium reads."""
    import cv2

    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), 10, (320, 240))
    assert video.isOpened()
    for number in range(20):
        color = (30, 30, 200) if number < 10 else (200, 30, 30)
        video.write(np.full((240, 320, 3), color, np.uint8))
    video.release()
    return path

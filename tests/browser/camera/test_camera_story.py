"""With a camera that Chromium fakes: bursts into two classes, each one group; live answers; a video with its times."""

import csv
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.data.snapshot import snapshot_of_project
from core.data.store.store import Project, Store
from core.models.bundle import BundleInfo, save_bundle
from core.models.resnet import build
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from core.workspace import open_workspace
from tests.browser.server import Server
from tests.browser.test_newcomer import settled
from tests.inspection.conftest import SMALL, lively

CLASSES = ("open", "closed")
RUN = "20261129-120000-eyes"


@pytest.fixture
def story(server: Server) -> tuple[Store, Project]:
    store = Store(open_workspace(server.home))
    return store, store.create_project("Eyes", classes=CLASSES)


def test_bursts_become_photos_of_one_group_and_a_model_answers_live(
    page: Page, server: Server, story: tuple[Store, Project], tmp_path: Path, screenshots: Path
) -> None:
    store, project = story
    page.goto(f"{server.url}/Annotate?project={project.id}&name=Ana")
    settled(page)
    expect(page.get_by_role("heading", name="Or take photos with the camera")).to_be_visible()
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_role("button", name="Stop the camera")).to_be_visible()
    hold_button(page, "open", 4)
    expect(page.get_by_text("of open.")).to_be_visible()
    page.screenshot(path=screenshots / "camera-burst.png", full_page=True)
    count = page.locator(".bursts .count")
    page.keyboard.down("2")
    page.wait_for_function("node => Number(node.textContent) >= 3", arg=count.element_handle())
    page.keyboard.up("2")
    expect(page.get_by_text("of closed.")).to_be_visible()
    settled(page)
    expect(page.locator(".bursts .queue")).to_be_empty()
    rows = store.images(project.id)
    groups = {row.group: row.label for row in rows}
    assert sorted(groups.values(), key=str) == ["closed", "open"] and None not in groups
    assert sum(row.label == "open" for row in rows) >= 4 and sum(row.label == "closed" for row in rows) >= 3
    # At the camera's own resolution, and not at the size on screen.
    shown = page.locator(".bursts video")
    assert {(row.width, row.height) for row in rows} == {tuple(shown.evaluate("v => [v.videoWidth, v.videoHeight]"))}
    closed = sum(row.label == "closed" for row in rows)
    page.get_by_role("button", name=f"Delete all {closed}").click()
    expect(page.get_by_role("button", name="closed, 0 photos")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name=f"closed, {closed} photos")).to_be_visible()

    a_model(store, project, server)
    page.goto(f"{server.url}/Live?project={project.id}&name=Ana&model={RUN}")
    settled(page)
    page.get_by_role("button", name="Start the camera").click()
    speed = page.locator(".live .speed")
    expect(speed).to_contain_text("(p95)")
    expect(speed).to_contain_text("answers a second")
    assert page.locator(".live .answer").inner_text() in CLASSES
    page.screenshot(path=screenshots / "live-camera.png", full_page=True)
    (screenshots / "live-latency.txt").write_text(speed.inner_text() + "\n", encoding="utf-8")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    settled(page)

    # A recorded video: the browser reads it frame by frame, and its own times are in the table.
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
    store.close()


def hold_button(page: Page, label: str, frames: int) -> None:
    """Press a class's button, and let go after so many frames."""
    box = page.get_by_role("button", name=f"{label}, 0 photos").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    count = page.locator(".bursts .count")
    page.wait_for_function(f"node => Number(node.textContent) >= {frames}", arg=count.element_handle())
    page.mouse.up()


def a_model(store: Store, project: Project, server: Server) -> None:
    """A run of the project with a small network that was never trained."""
    store.assign_splits(project.id)
    recipe = Recipe.checked(arch="resnet18", weights="none", train="all", epochs=1, size=64, device="cpu")
    run = create_run(
        server.home / "runs" / RUN,
        snapshot_of_project(store, project.id),
        recipe,
        title="Small eyes",
        project_id=project.id,
        project=project.name,
    )
    info = BundleInfo(
        arch="resnet18",
        classes=CLASSES,
        preprocessing=SMALL.as_dict(),
        weights={"source": "random"},
        created="2026-11-29T12:00:00+00:00",
        recipe=recipe.model_dump(),
    )
    save_bundle(run.best, lively(build("resnet18", len(CLASSES))), info)
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

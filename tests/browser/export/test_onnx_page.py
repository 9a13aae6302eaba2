"""A model leaves the studio as an ONNX file: choose, create, read the figures, download, and run it elsewhere."""

import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import violations
from tests.browser.server import Server
from tests.browser.test_newcomer import MINUTE, settled
from tests.pages.trained import finished_run


def test_an_onnx_file_is_created_with_its_figures_and_downloaded(
    chromium: Browser,
    fresh_server: Server,
    screenshots: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(fresh_server.home))
    run = finished_run(tmp_path_factory)
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(MINUTE)
    page = context.new_page()
    page.goto(f"{fresh_server.url}/Export?project=1&run={run.id}")
    page.get_by_role("radio", name="ONNX", exact=True).click()
    page.get_by_text("Both", exact=True).click()
    page.get_by_text("Write int8 anyway").click()
    settled(page)
    page.screenshot(path=screenshots / "onnx-choices-light-1280.png", full_page=True)
    page.get_by_role("button", name="Create the ONNX files").click()
    download = page.get_by_role("button", name="Download the ONNX files")
    expect(download).to_be_visible(timeout=3 * MINUTE)
    expect(page.get_by_text("validation photos of this run")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("model-int8.onnx")
    settled(page)
    assert violations(page) == []
    with page.expect_download() as downloading:
        download.click()
    downloading.value.save_as(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        archive.extractall(tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / f"{run.id}-onnx" / "model-int8.onnx")
    [shares] = session.run(None, {"pixels": np.zeros((2, 64, 64, 3), np.uint8)})
    assert shares.shape == (2, 3) and shares.sum(axis=1) == pytest.approx(1)
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 400), ("dark", 400)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 1500})
        page.wait_for_timeout(700)
        page.screenshot(path=screenshots / f"onnx-{scheme}-{width}.png")
        main = page.get_by_test_id("stMain")
        assert not main.evaluate("node => node.scrollWidth > node.clientWidth + 1"), (scheme, width)
    context.close()

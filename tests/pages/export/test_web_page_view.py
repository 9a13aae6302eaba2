"""The Export page creates a web page, offers it while it is up to date, and takes back what it learned."""

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from core.features.trunk_digest import trunk_digest
from core.models.bundle import WEIGHTS_FILE, read_info
from core.runs.folder import RunFolder
from pages.components.export.web_page_view import FOLDER, new_model
from tests.export.web_page.test_head_file import content
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import finished_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def test_a_page_is_offered_until_the_model_changes(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Export", run=run.id)
    app.segmented_control(key="export-view").set_value("Web page").run()
    assert not messages(app)
    assert app.button(key="page-create").label == "Create the page"
    assert not app.checkbox(key="page-samples").value  # photos are shown only to those who asked for it

    place = run.path / FOLDER
    place.mkdir()
    (place / "page.zip").write_bytes(b"zip")
    (place / "page.html").write_bytes(b"html")
    made = {"zip": 3, "single": 4, "remarks": ["It agrees."], "choices": {"samples": 0, "features": True}}
    (place / "made.json").write_text(json.dumps(made), encoding="utf-8")
    app.run()
    labels = [button.label for button in app.get("download_button")]
    assert [label.split(" (")[0] for label in labels[1:]] == ["Download one file", "Download the folder"]
    assert "It agrees." in [one.value for one in app.caption]

    app.checkbox(key="page-samples").check().run()
    assert app.button(key="page-create").label == "Create the page"
    app.checkbox(key="page-samples").uncheck().run()
    os.utime(place / "page.zip", (1, 1))  # older than the model
    app.run()
    assert app.button(key="page-create").label == "Create the page"


def test_what_a_page_learned_becomes_a_model(open_page: OpenPage, run: RunFolder, tmp_path: Path) -> None:
    app = open_page("Export", run=run.id)
    app.segmented_control(key="export-view").set_value("Web page").run()
    other = ("other.json", content(trunk="a" * 64), "application/json")
    app.file_uploader(key="page-head").set_value([other]).run()
    assert "Choose the run whose page it was" in " ".join(messages(app))

    right = content(trunk=trunk_digest(run.best / WEIGHTS_FILE))
    app.file_uploader(key="page-head").set_value([("mine.json", right, "application/json")]).run()
    assert not messages(app)
    assert "counted 22 of 24 frames correct" in " ".join(one.value for one in app.markdown)
    assert app.get("download_button")[-1].label == "Download the new model"
    with zipfile.ZipFile(io.BytesIO(new_model(run, right, "mine.json"))) as archive:
        archive.extractall(tmp_path)
    assert read_info(tmp_path / f"learned-{run.id}").classes == ("cup", "pen & paper")

"""The ONNX view of the Export page: the choices, what was created, and the download."""

import os
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.export.onnx_file.choices import OnnxChoices
from core.export.onnx_file.onnx_task import FILE, chosen, kept_figures, task_arguments, write
from core.runs.folder import RunFolder
from core.workspace import open_workspace
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import finished_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def onnx_view(open_page: OpenPage, run: RunFolder) -> AppTest:
    app = open_page("Export", run=run.id)
    app.segmented_control(key="export-view").set_value("ONNX").run()
    assert not messages(app)
    return app


def labels(app: AppTest) -> list[str]:
    return [button.label for button in (*app.button, *app.get("download_button"))]


def test_the_choices_name_the_button(open_page: OpenPage, run: RunFolder) -> None:
    app = onnx_view(open_page, run)
    assert "Create the ONNX file" in labels(app)
    assert "Write int8 anyway" not in [one.label for one in app.checkbox]
    app.radio(key="onnx-precision").set_value("both").run()
    assert "Create the ONNX files" in labels(app)
    assert "Write int8 anyway" in [one.label for one in app.checkbox]


def test_what_was_created_is_shown_until_the_model_changes(open_page: OpenPage, run: RunFolder) -> None:
    choices = OnnxChoices(("fp32", "int8"), write_anyway=True)
    write(task_arguments(run, open_workspace().cache / "resized", choices), lambda _: None)
    assert not list(run.path.glob(".onnx-*")), "the workplace is tidied up"
    figures = kept_figures(run)
    assert figures is not None and chosen(figures) == choices
    with zipfile.ZipFile(run.path / FILE) as archive:
        assert archive.testzip() is None and f"{run.id}-onnx/model.onnx" in archive.namelist()

    app = onnx_view(open_page, run)
    n = figures["models"][0]["self_test"]["n"]
    assert any(f"Tested on {n} validation photos of this run" in one.value for one in app.markdown)
    shown = app.table[0].value
    assert list(shown.columns) == ["This model", "model.onnx", "model-int8.onnx"]
    assert shown.loc["Same class as this model", "model.onnx"] == f"{n} of {n}"
    assert any(label.startswith("Download the ONNX files (") for label in labels(app))
    assert "Create the ONNX file" in labels(app), "for other choices than those that were made"
    app.radio(key="onnx-precision").set_value("both").run()
    app.checkbox(key="onnx-anyway").check().run()
    assert not [label for label in labels(app) if label.startswith("Create")]

    later = (run.path / FILE).stat().st_mtime + 1000
    os.utime(run.best / "bundle.json", (later, later))
    assert kept_figures(run) is None
    (run.path / FILE).write_bytes(b"not a zip")
    assert kept_figures(run) is None

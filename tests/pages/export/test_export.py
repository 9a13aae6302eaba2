"""The Export page: a zip that loads, the program, the tables."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from core.data.store.store import Store
from core.export.space_kinds import KINDS
from core.models.bundle import load_bundle
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from core.serving.snippets import curl_client, python_client
from pages.components.export.export_view import contents, zip_of
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import color_project, finished_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def test_without_a_run_the_page_says_what_to_do(open_page: OpenPage, store: Store) -> None:
    color_project(store)
    app = open_page("Export")
    assert "Nothing to export yet" in [one.value for one in app.header]
    assert not messages(app)


def test_the_page_says_what_the_zip_holds(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Export", run=run.id)
    assert not messages(app)
    said = "\n".join(one.value for one in app.markdown)
    assert "ResNet-18 for 3 classes (red, blue, green)" in said
    assert all(f"`{name}`" in said for name in contents(1, 3))


def test_the_zip_holds_what_the_page_says_and_loads(run: RunFolder, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(zip_of(run))) as archive:
        names = {Path(name).name for name in archive.namelist()}
        archive.extractall(tmp_path)
    assert names == set(contents(1, 3))
    _, info = load_bundle(tmp_path / run.id)
    assert info.classes == ("red", "blue", "green")


def test_the_program_is_for_this_network(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Export", run=run.id)
    assert "torchvision.models.resnet18" in app.code[0].value


def test_it_says_how_others_can_try_it(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Export", run=run.id)
    app.segmented_control(key="export-view").set_value("Share a demo").run()
    assert not messages(app)
    assert app.code[0].value == f"python demo.py {run.best}"
    for kind, space in KINDS.items():
        app.radio(key="export-space").set_value(kind).run()
        assert app.code[1].value.startswith(f"python -m core export {run.best} --space {kind} --out ../demo-space\n")
        assert space.cost in app.radio(key="export-space").proto.captions
    assert app.code[2].value.endswith("python -m core push ../model USER/resnet-model")


def test_it_shows_programs_that_ask_the_service(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Export", run=run.id)
    app.segmented_control(key="export-view").set_value("Use in other programs").run()
    assert not messages(app)
    assert [one.value for one in app.code][:2] == [f"python -m core serve {run.best}", python_client()]
    app.segmented_control(key="export-language").set_value("curl").run()
    assert app.code[1].value == curl_client()
    app.segmented_control(key="export-language").set_value("Python, onnxruntime").run()
    assert "--onnx --out ../onnx" in app.code[1].value and 'InferenceSession("../onnx/model.onnx")' in app.code[1].value
    app.segmented_control(key="export-language").set_value("JavaScript, onnxruntime").run()
    assert "--onnx --input photo --out ../onnx" in app.code[1].value and "const classes = [" in app.code[1].value
    assert app.code[2].value == f"python -m core predict {run.best} FOLDER_OF_PHOTOS --out answers.parquet"


def test_the_tables_are_those_of_the_run(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Export", run=run.id)
    app.segmented_control(key="export-view").set_value("Tables").run()
    assert not messages(app)
    labels = [button.label for button in app.get("download_button")]
    assert labels[1:] == [
        "Download curves (one row per epoch)",
        "Download validation predictions",
    ]
    predictions = run.predictions("val")
    assert isinstance(predictions, pd.DataFrame)
    assert any(f"of {len(predictions)}" in one.value for one in app.markdown)


def test_a_test_figure_stands_with_its_look(open_page: OpenPage, run: RunFolder) -> None:
    evaluate_run(run, "test", device="cpu", who="Ada")
    app = open_page("Export", run=run.id)
    app.segmented_control(key="export-view").set_value("Tables").run()
    assert not messages(app)
    (line,) = [one.value for one in app.markdown if one.value.startswith("Test accuracy: ")]
    assert line.endswith(", look 1 at these photos")

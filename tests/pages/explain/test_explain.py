"""The Explain page: one photo with its heatmap, many photos as a table; with and without weights."""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import ImageFilter, Store
from core.inspection.explaining.methods import METHODS
from core.runs.computations.predictions import in_upload_order
from core.runs.exams.records import record_exam
from core.runs.folder import RunFolder
from pages.components.explain import batch_prediction, photo_source
from pages.components.explain.batch_prediction import summary
from pages.components.shared.photo_wall import WallPhoto
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import COLORS, color_project, finished_run, picture


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "no weights"))


def texts(app: AppTest) -> str:
    found = [*app.markdown, *app.caption, *app.header, *app.info, *app.warning, *app.success]
    return "\n".join(element.value for element in found).replace("\\", "")


def png(color: tuple[int, int, int], seed: int = 0) -> bytes:
    stream = io.BytesIO()
    picture(color, seed).save(stream, "PNG")
    return stream.getvalue()


def many(app: AppTest) -> AppTest:
    return app.segmented_control(key="explain-view").set_value("Predict many photos").run()


def source(app: AppTest, name: str) -> AppTest:
    return app.segmented_control(key="photo-source-run").set_value(name).run()


def test_without_weights_the_page_says_so_and_stays_open(open_page: OpenPage, no_weights: None) -> None:
    app = open_page("Explain")
    assert "The pretrained network is not downloaded yet" in texts(app)
    assert app.segmented_control(key="photo-source").value == "Samples"
    assert not messages(app)


def test_a_photo_of_the_project_is_explained_at_once(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Explain")
    assert not messages(app)
    assert app.selectbox(key="model").value == run.id
    assert "Is this heatmap faithful?" in texts(app)
    assert "Label: **" in texts(app)
    assert len(app.get("plotly_chart")) == 1


def test_every_method_answers(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Explain")
    for method in METHODS:
        app.selectbox(key="explain-method").set_value(method).run()
        assert not messages(app), method
        assert METHODS[method].sentence in texts(app)
        assert METHODS[method].label in texts(app)


def test_another_class_and_stage_can_be_asked_for(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Explain")
    app.selectbox(key=f"explain-target-{run.id}").set_value("green").run()
    app.selectbox(key="explain-stage").set_value("layer2").run()
    app.slider(key="explain-opacity").set_value(0).run()
    assert not messages(app)
    assert "at layer2" in texts(app)
    assert "green" in texts(app)


def test_an_uploaded_photo_is_explained(open_page: OpenPage, run: RunFolder) -> None:
    app = source(open_page("Explain"), "File")
    app.file_uploader(key="photo-upload").set_value([("my photo.png", png(COLORS["red"]), "image/png")]).run()
    assert not messages(app)
    assert "Is this heatmap faithful?" in texts(app)


def test_what_is_no_picture_is_refused_in_a_sentence(open_page: OpenPage, run: RunFolder) -> None:
    app = source(open_page("Explain"), "File")
    app.file_uploader(key="photo-upload").set_value([("holiday.png", b"not a picture", "image/png")]).run()
    assert len(messages(app)) == 1
    assert messages(app)[0].startswith("holiday.png: ")


def test_a_link_from_another_page_names_the_photo(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    project = store.projects()[0]
    row = next(row for row in store.images(project.id) if row.label == "green")
    app = open_page("Explain", model=run.id, image=str(row.id))
    assert not messages(app)
    assert app.segmented_control(key="photo-source-run").value == "Project"
    assert "Label: **green**" in texts(app)
    assert "image" not in app.query_params


def test_test_photos_are_not_offered(
    open_page: OpenPage, run: RunFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would show the model's answer beside the label, a look that nobody counts."""
    project = store.projects()[0]
    offered: set[str] = set()
    real = photo_source.wall

    def wall(photos: Sequence[WallPhoto], **options: Any) -> Any:
        offered.update(photo.id for photo in photos)
        return real(photos, **options)

    app = open_page("Explain")
    monkeypatch.setattr(photo_source, "wall", wall)
    app.segmented_control(key="photo-split").set_value(None).run()
    assert not messages(app)
    rows = store.images(project.id)
    assert offered == {str(row.id) for row in rows if row.split != "test"} and len(offered) < len(rows)
    assert any(row.split is None for row in rows), "those without a label have no split, and are offered"


def test_a_link_to_a_test_photo_needs_an_exam_of_that_model(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    row = store.images(store.projects()[0].id, ImageFilter(split="test"))[0]
    app = open_page("Explain", model=run.id, image=str(row.id))
    assert not messages(app)
    assert f"{row.filename} is a test photo. It is kept back for the final exam" in texts(app)
    assert app.segmented_control(key="photo-split").value == "val"
    record_exam(run, who="Ada", n=3)
    app = open_page("Explain", model=run.id, image=str(row.id))
    assert not messages(app)
    assert app.segmented_control(key="photo-split").value == "test"
    assert f"Label: **{row.label}**" in texts(app)
    app.selectbox(key="model").set_value("imagenet").run()
    app.selectbox(key="model").set_value(run.id).run()
    app.segmented_control(key="photo-source-run").set_value("Project").run()
    assert not messages(app)


def test_many_photos_and_a_zip_become_one_table(open_page: OpenPage, run: RunFolder) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inside/blue.png", png(COLORS["blue"], 1))
        archive.writestr("inside/broken.jpg", b"no picture")
    app = many(open_page("Explain"))
    files = [("red.png", png(COLORS["red"]), "image/png"), ("more.zip", packed.getvalue(), "application/zip")]
    app.file_uploader(key=f"batch-files-{run.id}").set_value(files).run()
    app.button(key="batch-go").click().run()
    assert not messages(app)
    table = app.dataframe[0].value
    assert len(table) == 2
    assert table.columns.tolist()[:5] == ["Photo", "File", "Predicted class", "Confidence", "Class 2"]
    assert table["File"].tolist() == ["red.png", "blue.png"]
    assert [picture[:11] for picture in table["Photo"]] == ["data:image/"] * 2
    assert "1 file could not be read" in app.warning[0].value
    assert "broken.jpg" in texts(app)
    assert "Download the CSV" in [button.label for button in app.get("download_button")]


def batch(open_page: OpenPage, run: RunFolder, name: str, packed: bytes) -> AppTest:
    """The Explain page after a click on "Predict" for one zip file."""
    app = many(open_page("Explain"))
    app.file_uploader(key=f"batch-files-{run.id}").set_value([(name, packed, "application/zip")]).run()
    return app.button(key="batch-go").click().run()


def zip_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_damaged_file_in_a_zip_does_not_stop_the_others(open_page: OpenPage, run: RunFolder) -> None:
    pictures = {f"{name}.png": png(color) for name, color in COLORS.items()}
    packed = bytearray(zip_of(pictures))
    packed[packed.index(pictures["blue.png"]) + 100] ^= 0xFF  # stored, not compressed
    app = batch(open_page, run, "photos.zip", bytes(packed))
    assert not messages(app)
    assert app.dataframe[0].value["File"].tolist() == ["green.png", "red.png"]
    assert "1 file could not be read: blue.png (it is damaged in the zip" in app.warning[0].value.replace("\\", "")
    assert "Download the CSV" in [button.label for button in app.get("download_button")]
    assert not app.get("progress")


def test_every_refused_file_of_a_batch_is_named(open_page: OpenPage, run: RunFolder) -> None:
    broken = {f"broken {number}.png": b"no picture" for number in range(13)}
    app = batch(open_page, run, "photos.zip", zip_of({"red.png": png(COLORS["red"]), **broken}))
    told = app.warning[0].value.replace("\\", "")
    assert told.startswith("13 files could not be read: broken 0.png (")
    assert told.endswith("; and 8 more.")
    assert app.expander[-1].label == "All 13 files that could not be read"
    listed = app.expander[-1].dataframe[0].value
    assert listed["File"].tolist() == list(broken)
    assert all(listed["Why"])


def test_predictions_stay_when_the_run_has_a_newer_model(open_page: OpenPage, run: RunFolder) -> None:
    """Another phase replaced the model, and results of minutes were gone without a word."""
    app = batch(open_page, run, "photos.zip", zip_of({"red.png": png(COLORS["red"])}))
    assert not messages(app)
    assert batch_prediction.EARLIER_MODEL not in [one.value for one in app.info]
    info = run.best / "bundle.json"
    content = json.loads(info.read_text())
    content["created"] = "2026-05-05T05:05:05+00:00"
    info.write_text(json.dumps(content))
    app.run()
    assert not messages(app)
    assert batch_prediction.EARLIER_MODEL in [one.value for one in app.info]
    assert app.dataframe[0].value["File"].tolist() == ["red.png"]
    app.button(key="batch-go").click().run()
    assert not messages(app)
    assert batch_prediction.EARLIER_MODEL not in [one.value for one in app.info]
    assert app.dataframe[0].value["File"].tolist() == ["red.png"]


def test_a_batch_without_any_photo_offers_no_empty_table(open_page: OpenPage, run: RunFolder) -> None:
    app = batch(open_page, run, "photos.zip", zip_of({"broken.png": b"no picture"}))
    assert "1 file could not be read" in app.warning[0].value
    assert not app.dataframe and not app.get("download_button")


def test_photos_keep_the_order_of_the_upload(open_page: OpenPage, run: RunFolder) -> None:
    app = many(open_page("Explain"))
    names = ["z.png", "a.png", "m.png"]
    files = [(name, png(color), "image/png") for name, color in zip(names, COLORS.values(), strict=True)]
    app.file_uploader(key=f"batch-files-{run.id}").set_value(files).run()
    app.button(key="batch-go").click().run()
    assert app.dataframe[0].value["File"].tolist() == names
    assert in_upload_order(["b", "in zip 1", "a", "in zip 2"], ["a", "x.zip", "b"]) == [2, 1, 3, 0]


def test_the_summary_counts_the_answers() -> None:
    import pandas as pd

    assert summary(pd.DataFrame({"prediction": ["owl", "duck", "owl"]})) == "2 owl, 1 duck"
    assert summary(pd.DataFrame({"prediction": [str(n) for n in range(10)]})).endswith("and 2 more classes")


@pytest.mark.weights
def test_the_imagenet_network_explains_a_sample_before_any_training(
    open_page: OpenPage, default_weights: object, store: Store
) -> None:
    color_project(store)
    app = open_page("Explain", model="imagenet")
    assert not messages(app)
    assert "Egyptian cat" in texts(app)

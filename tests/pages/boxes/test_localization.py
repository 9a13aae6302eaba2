"""The pages for a project of boxes: its defaults, its metrics, true and predicted boxes on photos and heatmaps."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.pictures.decoding import Decoded
from core.data.snapshot import snapshot_of_project
from core.data.store.store import BoxRow, Store
from core.inspection.measuring.report import BoxReport
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from core.runs.new_run import create_run
from core.runs.worker import work
from core.workspace import open_workspace
from pages.components.evaluate import box_report
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import tiny

RUN = "20260101-120000-spots"


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A project with a spot in each of fourteen photos, and a finished run on it."""
    template = tmp_path_factory.getbasetemp() / "boxes-run"
    if not template.exists():
        train(template)
    shutil.copytree(template, open_workspace().root, dirs_exist_ok=True)
    return RunFolder(open_workspace().root / "runs" / RUN)


def train(template: Path) -> None:
    building = open_workspace(template.with_name("boxes-run-building"))
    store, dice = Store(building), np.random.default_rng(0)
    project = store.create_project("Spots", "localization", ["spot"])
    for number in range(14):
        pixels = dice.integers(60, 120, (60, 90, 3), dtype=np.uint8)
        x, y = int(dice.integers(0, 55)), int(dice.integers(0, 30))
        pixels[y : y + 28, x : x + 32] = 230
        row, _ = store.add_image(project.id, Decoded(Image.fromarray(pixels), (), "PNG", False), b"", f"{number}.png")
        store.set_boxes(project.id, row.id, [BoxRow("spot", x, y, 32, 28)], "teacher")
    made = create_run(
        building.runs / RUN,
        snapshot_of_project(store, project.id),
        tiny(epochs=1, mode="letterbox"),
        title="First spots",
        project_id=project.id,
        project=project.name,
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    status = work(made, building)
    torch.set_num_threads(threads)
    store.close()
    assert status.state == "finished" and "mean IoU" in status.message, made.log()
    building.root.rename(template)


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption)).replace("\\", "")


def photo_of(run: RunFolder) -> Path:
    return Path(run.snapshot().part("val")["path"][0])


def test_evaluate_shows_the_figures_of_the_boxes_and_the_worst_first(open_page: OpenPage, run: RunFolder) -> None:
    report, predictions = run.report("val"), run.predictions("val")
    assert isinstance(report, BoxReport) and predictions is not None
    app = open_page("Evaluate", run=run.id)
    assert not messages(app)
    assert [metric.label for metric in app.metric] == [
        "Mean IoU",
        "IoU at least 0.5",
        "IoU at least 0.75",
        "Centre distance",
    ]
    assert app.metric[0].value == f"{report.mean_iou.value:.2f}"
    assert f"95% confidence intervals: mean IoU: {report.mean_iou.low:.2f} to" in texts(app)
    rows = box_report.worst_first(predictions)
    assert rows["iou"].is_monotonic_increasing and len(rows) == report.n
    with Image.open(io.BytesIO(box_report.drawn(str(photo_of(run)), rows.iloc[0], 45))) as small:
        assert small.size == (45, 30)
    app.session_state[f"boxes-{run.id}-val-wall-1"] = {"chosen": [rows["image"][0]]}
    app.run()
    assert not messages(app)
    assert f"IoU **{rows['iou'][0]:.2f}**" in texts(app)
    assert "Explain this prediction" in [button.label for button in app.button]


def test_each_figure_of_an_exam_stands_with_its_look(open_page: OpenPage, run: RunFolder) -> None:
    evaluate_run(run, "test", device="cpu", who="Ada")
    app = open_page("Evaluate", run=run.id)
    assert not any(metric.delta for metric in app.metric)
    app.segmented_control(key=f"split-{run.id}").set_value("test").run()
    assert not messages(app)
    assert len(app.metric) == 4 and {metric.delta for metric in app.metric} == {"look 1 at these photos"}
    assert app.segmented_control(key="evaluate-box-view").options == ["Boxes"], "an exam compares no runs"


@pytest.mark.parametrize("view", ["Confusion matrix", "Per class", "Compare runs"])
def test_the_other_views_open_too(view: str, open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Evaluate", run=run.id)
    app.segmented_control(key="evaluate-box-view").set_value(view).run()
    assert not messages(app)


def test_explain_says_how_the_boxes_and_the_heat_lie(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Explain", model=run.id)
    assert not messages(app)
    assert "The solid frame is the predicted box, the dashed one the true box; their IoU is" in texts(app)
    assert "of the heat lies inside the true box" in texts(app) or "finds no evidence" in texts(app)
    # Of one kind of thing there is no class to look for: the heat is about what makes the box.
    (what,) = [one for one in app.selectbox if one.label == "Evidence for"]
    assert what.options == ["the box position"]
    assert "contribute more to the position of the box" in texts(app)
    assert "the predicted box has an IoU of" in texts(app)


def test_train_begins_with_the_usual_choices_of_the_task(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Train")
    assert not messages(app)
    assert app.session_state["recipe-train"] == "automatic" and app.session_state["recipe-augmentation"] == "standard"
    app.segmented_control(key="recipe-train").set_value("head").run()
    assert not messages(app) and app.session_state["recipe-epochs"] == 24
    assert "mean IoU" in texts(app)
    app.toggle(key="recipe-more").set_value(True).run()
    assert not messages(app)
    assert app.session_state["recipe-mode"] == "letterbox" and app.session_state["recipe-box_loss"] == "giou"
    drawn = {one.key for one in app.number_input}
    assert "recipe-mixup" in drawn and not {"recipe-cutmix", "recipe-head_size", "recipe-test_time_views"} & drawn
    app = open_page("Train", run=run.id)
    assert not messages(app) and len(app.get("plotly_chart")) >= 2


def test_export_opens_with_the_program_for_boxes(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page("Export", run=run.id)
    assert not messages(app)


def test_home_counts_boxes_and_says_what_the_run_found(open_page: OpenPage, run: RunFolder) -> None:
    app = open_page(project="1")
    assert not messages(app)
    assert ("With a box", "14") in [(metric.label, metric.value) for metric in app.metric]
    assert f"validation mean IoU {run.epochs()['val_iou'].max():.2f}" in texts(app)
    assert "right in validation" not in texts(app)
    assert "Predicted boxes beside the true ones" in texts(app)


def test_the_grid_outlines_the_boxes_and_finds_photos_without_one(open_page: OpenPage, run: RunFolder) -> None:
    store = Store(open_workspace())
    plain = Image.fromarray(np.full((60, 90, 3), 90, np.uint8))
    without, _ = store.add_image(1, Decoded(plain, (), "PNG", False), b"", "no spot.png")
    boxes = {number: [(b.x, b.y, b.width, b.height) for b in found] for number, found in store.boxes(1).items()}
    store.close()
    app = open_page("Data", project="1")
    assert not messages(app)
    wall = cards(app)
    assert {int(card["id"]): [tuple(box) for box in card["boxes"]] for card in wall} == boxes | {without.id: []}
    assert wall[0]["size"] == [90, 60]
    app.selectbox(key="data-class").set_value("No box").run()
    assert [card["id"] for card in cards(app)] == [str(without.id)]


def cards(app: AppTest) -> list[dict[str, Any]]:
    """The photos of the wall as sent to the browser."""
    sent = [
        json.loads(one.proto.json) for one in app.get("bidi_component") if one.proto.component_name.endswith("wall")
    ]
    return list(sent[0]["photos"])

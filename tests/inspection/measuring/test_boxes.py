"""Localization: boxes are measured, predicted in the image's pixels, reported, written and drawn."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.data.pictures.box import Box
from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import BOX_COLUMNS, COLUMNS, SIZE_COLUMNS, Snapshot
from core.errors import BundleError, ModelError
from core.inspection.explaining.cam import BOX, explain
from core.inspection.explaining.explanation import overlay, side_by_side
from core.inspection.explaining.faithfulness import faithfulness
from core.inspection.measuring.overlap import center_errors, heat_inside, ious
from core.inspection.measuring.report import BoxReport, Mean, Report
from core.inspection.predicting.draw_boxes import PREDICTED, TRUE, draw_boxes
from core.inspection.predicting.predict_files import predict_files
from core.inspection.predicting.predictions import csv_of
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import read_info
from core.models.heads import Localizer, build_for
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from tests.export.test_box_snippet import write_localizer
from tests.inspection.conftest import CLASSES, lively, photo

A, B, FAR = Box(0, 0, 10, 10), Box(5, 0, 10, 10), Box(100, 100, 5, 5)


def test_overlap_and_distance_of_boxes() -> None:
    assert ious([A, A, A], [A, B, FAR]).tolist() == pytest.approx([1, 1 / 3, 0])
    assert center_errors([A, A], [B, FAR]).tolist() == pytest.approx([5, np.hypot(97.5, 97.5)])
    assert ious([], []).shape == center_errors([], []).shape == (0,)


def test_the_share_of_the_heat_in_a_box() -> None:
    heatmap = np.zeros((10, 10), np.float32)
    heatmap[2:4, 2:4] = 1
    assert heat_inside(heatmap, (0.2, 0.2, 0.4, 0.4)) == pytest.approx(1)
    assert heat_inside(heatmap, (0.3, 0.0, 1.0, 1.0)) == pytest.approx(0.5)
    assert heat_inside(heatmap, (0.25, -3.0, 7.0, 9.0)) == pytest.approx(0.75), "half a column counts half"
    assert heat_inside(np.zeros((4, 4)), (0, 0, 1, 1)) is None


def test_the_interval_of_a_mean_holds_it_and_narrows() -> None:
    values = np.random.default_rng(1).uniform(0, 1, 400)
    few, many = Mean.of(values[:20]), Mean.of(values)
    for mean in (few, many):
        assert mean.low is not None and mean.high is not None and mean.value is not None
        assert mean.low < mean.value < mean.high
        half = 1.96 * values[: mean.n].std(ddof=1) / np.sqrt(mean.n)
        assert (mean.high - mean.low) / 2 == pytest.approx(half, rel=0.15), "near the normal interval at this size"
    assert Mean.of(values) == many
    assert (Mean.of(values[:1]).low, Mean.of(values[:0]).value) == (None, None)


def test_the_predicted_box_is_in_pixels_of_the_image(tmp_path: Path) -> None:
    """The network's output on the view is converted back by hand, for letterbox mode."""
    predictor = Predictor.load(write_localizer(tmp_path / "bundle", "resnet18", "letterbox"), device="cpu")
    picture = photo(3, 128, 64)
    box = predictor.predict([picture])[0].box
    left, top, right, bottom = predictor.outputs_of_views([predictor.view(picture)])[0][-4:] * 64
    assert box is not None
    # 128 x 64 becomes 64 x 32 with 16 rows of bars above.
    by_hand = [left * 2, (top - 16) * 2, (right - left) * 2, (bottom - top) * 2]
    assert [box.x, box.y, box.width, box.height] == pytest.approx(by_hand, rel=1e-4)
    answers = list(predict_files(predictor, [("a.png", png(picture)), ("no.png", b"nothing")]))
    (row,) = csv.DictReader(io.StringIO(csv_of(answers)))
    assert list(row)[-4:] == list(BOX_COLUMNS)
    assert [float(row[side]) for side in BOX_COLUMNS] == pytest.approx(by_hand, abs=0.01, rel=1e-4)


def png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A finished run: six validation images with boxes."""
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "workspace"))
    rows = []
    for seed in range(6):
        path, (width, height) = tmp_path / f"{seed}.png", ((120, 60), (60, 120))[seed % 2]
        photo(seed, width, height).save(path)
        known = (f"hash{seed}", str(path), path.name, CLASSES[seed % 3], "val")
        rows.append((*known, 5, 6, 40 + seed, 30, width, height))
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *BOX_COLUMNS, *SIZE_COLUMNS])
    snapshot = Snapshot(frame, CLASSES, "localization")
    made = create_run(tmp_path / "run", snapshot, Recipe.for_task("localization", arch="resnet18"), title="boxes")
    write_localizer(made.best, "resnet18", "letterbox")
    return made


def test_a_report_on_boxes_holds_each_figure_with_n_and_interval(run: RunFolder) -> None:
    report = evaluate_run(run, "val", device="cpu")
    assert isinstance(report, BoxReport) and run.report("val") == report
    raw = report.model_dump(mode="json")
    for name in ("mean_iou", "iou_50", "iou_75", "center_error", "accuracy"):
        assert raw[name]["n"] == 6 and {"value", "low", "high"} <= set(raw[name])
    table = run.predictions("val")
    assert table is not None
    wanted = [*BOX_COLUMNS, *(f"true_{side}" for side in BOX_COLUMNS), *SIZE_COLUMNS, "iou", "center_error"]
    assert list(table.columns)[-len(wanted) :] == wanted
    found, true = (
        [Box(*map(float, row)) for row in table[[f"{prefix}{side}" for side in BOX_COLUMNS]].to_numpy()]
        for prefix in ("", "true_")
    )
    assert true[2] == Box(5, 6, 42, 30)
    assert report.mean_iou.value == pytest.approx(ious(found, true).mean(), abs=1e-3)
    assert report.iou_50.correct == int((ious(found, true) >= 0.5).sum())
    assert report.center_error.value == pytest.approx(center_errors(found, true).mean(), rel=1e-3)
    again = [Predictor.load(run.best, "cpu").predict([photo(s, 120, 60)])[0].box for s in (0, 2)]
    assert [found[0].x, found[2].x] == pytest.approx([box.x for box in again if box], abs=0.02)


def test_a_report_of_classes_is_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    empty = {"value": None, "correct": 0, "n": 0, "low": None, "high": None}
    Report.model_validate(
        {"split": "test", "n": 0, "accuracy": empty, "macro_f1": None, "loss": None, "classes": [], "per_class": [],
         "confusion": []}
    ).write(path)  # fmt: skip
    assert type(Report.read(path)) is Report and "iou" not in path.read_text(encoding="utf-8")


def test_an_explanation_has_both_boxes_and_says_where_the_heat_lies(tmp_path: Path) -> None:
    predictor = Predictor.load(write_localizer(tmp_path / "bundle", "resnet18", "squash"), device="cpu")
    picture = photo(5, 200, 100)
    bare = explain(predictor, picture)
    assert bare.true_corners is None and bare.corners is not None and "solid frame" in bare.box_sentence
    told = explain(predictor, picture, method="eigencam", true_box=Box(50, 25, 100, 50))
    assert told.true_corners == pytest.approx((0.25, 0.25, 0.75, 0.75))
    assert told.prediction.box is not None
    assert told.iou == pytest.approx(ious([told.prediction.box], [Box(50, 25, 100, 50)])[0])
    inside = told.heatmap[16:48, 16:48].sum() / told.heatmap.sum()
    assert told.heatmap.shape == (64, 64) and told.heat_inside == pytest.approx(inside, rel=1e-4)
    assert told.box_sentence.endswith(
        f"{inside:.0%} of the heat lies inside the true box, which covers 25% of the photo."
    )
    assert overlay(told, 0.0).tobytes() != told.sharp.tobytes()
    assert side_by_side(told).width > 2 * told.sharp.width


def test_the_heatmap_of_a_box_is_of_what_makes_the_box(tmp_path: Path) -> None:
    predictor = Predictor.load(write_localizer(tmp_path / "bundle", "resnet18", "squash"), device="cpu")
    picture = photo(5, 64, 64)
    found = explain(predictor, picture, method="hirescam", stage="layer3", target=BOX)
    assert (found.target, found.target_index, found.probability) == ("the box", None, None)
    assert found.sentence.endswith("contribute more to the position of the box.")
    of_class = explain(predictor, picture, method="hirescam", stage="layer3").heatmap
    assert not np.allclose(found.heatmap, of_class, atol=0.05)
    # By hand: HiResCAM is the features times the gradient of the score, summed over channels, where positive.
    network = predictor.network
    assert isinstance(network, Localizer)
    features = network.forward_to(predictor.batch_of_views([found.view]), "layer3").detach().requires_grad_()
    votes = network.box.votes(network.box.neck(network.layer4(features)))[:, 4].flatten(1)
    (gradient,) = torch.autograd.grad(votes.exp().sum().log(), features)
    coarse = (features * gradient).sum(1).clamp_min(0).detach()[0].numpy()
    hottest = np.unravel_index(coarse.argmax(), coarse.shape)
    scale = found.heatmap.shape[0] // coarse.shape[0]
    place = np.unravel_index(found.heatmap.argmax(), found.heatmap.shape)
    assert tuple(int(at) // scale for at in place) == tuple(int(at) for at in hottest)


def test_with_one_class_the_box_is_explained_and_believed_by_its_overlap(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = lively(build_for("localization", "resnet18", 1))
    assert isinstance(network, Localizer)
    torch.nn.init.normal_(network.box.votes.weight, std=0.3)
    seen = Preprocessing(mode="squash", size=64, resize=73)
    predictor = Predictor(network, seen, ("owl",), name="small", arch="resnet18")
    found = explain(predictor, photo(5, 90, 60), true_box=Box(20, 10, 40, 30))
    assert found.of_box and "means little" not in found.box_sentence
    faith = faithfulness(predictor, found)
    assert faith.of_box and faith.before == pytest.approx(1, abs=1e-4)
    assert 0 <= faith.after < 1 and 0 <= faith.elsewhere < 1
    assert "the predicted box has an IoU of" in faith.sentence
    named = explain(predictor, photo(5, 90, 60), target="owl", true_box=Box(20, 10, 40, 30))
    assert (named.probability, named.of_box) == (1, False)
    assert named.heat_inside is not None and named.box_sentence.endswith("this heatmap means little.")


def test_a_network_without_a_box_has_none_to_explain(predictor: Predictor) -> None:
    with pytest.raises(ModelError, match="predicts no box"):
        explain(predictor, photo(5), target=BOX)


def test_frames_are_drawn_where_the_boxes_are() -> None:
    black = Image.new("RGB", (320, 320))
    assert draw_boxes(black, None, None) is black
    pixels = np.asarray(draw_boxes(black, (0.25, 0.25, 0.75, 0.75), (0.1, 0.1, 0.9, 0.9)))
    solid = (pixels == PREDICTED).all(axis=2)
    assert solid[80, 90:230].all() and solid[90:230, 240].all() and not solid[:70].any()
    dashed = (pixels == TRUE).all(axis=2)[32]
    assert 0.2 < dashed[32:288].mean() < 0.8, "dashes, with gaps"
    assert np.asarray(black).max() == 0, "the picture given is left alone"
    draw_boxes(black, (-2.0, -2.0, 3.0, 3.0), (0.5, 0.5, 0.5, 0.5))


def test_the_task_of_a_bundle_decides_its_network(tmp_path: Path) -> None:
    folder = write_localizer(tmp_path / "bundle", "resnet18", "crop")
    assert read_info(folder).task == "localization"
    text = (folder / "bundle.json").read_text(encoding="utf-8").replace('"localization"', '"classification"')
    (folder / "bundle.json").write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match="does not fit"):
        Predictor.load(folder, device="cpu")


def test_a_crop_may_place_a_box_beyond_the_view() -> None:
    placement = Preprocessing(mode="crop", size=64, resize=64).view_placement(128, 64)
    assert placement.there(Box(0, 0, 128, 64)) == Box(-32, 0, 128, 64)

"""Explanations: their sentences, the images drawn from them, and their faithfulness."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.inspection.explaining.cam import explain
from core.inspection.explaining.explanation import Explanation, colored, overlay, side_by_side
from core.inspection.explaining.explanation_json import explanation_as_json, read_explanation
from core.inspection.explaining.faithfulness import Faithfulness, faithfulness, hottest
from core.inspection.predicting.predictions import Prediction
from core.inspection.predicting.predictor import Predictor
from tests.inspection.conftest import photo


def an_explanation(heatmap: np.ndarray, view: Image.Image | None = None) -> Explanation:
    view = view or photo(0, heatmap.shape[1], heatmap.shape[0])
    return Explanation(
        heatmap=heatmap.astype(np.float32),
        view=view,
        sharp=view,
        target="owl",
        target_index=2,
        probability=0.9,
        prediction=Prediction((("owl", 0.9), ("cat", 0.1))),
        method="gradcam",
        stage="layer4",
        seconds=0.1,
    )


def test_an_explanation_belongs_to_the_likeliest_class_or_the_one_asked_for(predictor: Predictor) -> None:
    picture = photo(2, 150, 200)
    found = explain(predictor, picture, stage="layer3")
    assert found.target == found.prediction.name == predictor.predict([picture])[0].name
    assert found.probability == pytest.approx(found.prediction.probability)
    assert found.view.size == (64, 64) and found.heatmap.shape == (64, 64) and found.seconds > 0
    assert list(found.view.get_flattened_data()) == list(predictor.view(picture).get_flattened_data())
    dog = explain(predictor, picture, stage="layer3", target="dog")
    assert (dog.target, dog.target_index) == ("dog", 1)
    assert dog.probability == pytest.approx(predictor.probabilities([picture])[0, 1], abs=1e-5)
    np.testing.assert_array_equal(dog.heatmap, explain(predictor, picture, stage="layer3", target=1).heatmap)


def test_the_opacity_goes_from_the_bare_picture_to_the_bare_heatmap() -> None:
    ramp = np.tile(np.linspace(0, 1, 32), (24, 1))
    found = an_explanation(ramp)
    assert overlay(found, 0).tobytes() == found.view.tobytes()
    assert overlay(found, 1).tobytes() == colored(found.heatmap).tobytes()
    half = np.asarray(overlay(found, 0.5), np.int16)
    middle = (np.asarray(found.view, np.int16) + np.asarray(colored(found.heatmap), np.int16)) / 2
    assert np.abs(half - middle).max() <= 1
    assert overlay(found, 7).tobytes() == overlay(found, 1).tobytes()


def test_the_colors_rise_in_brightness_all_the_way() -> None:
    ramp = np.asarray(colored(np.linspace(0, 1, 256)[None]).convert("L"), np.int16)[0]
    steps = np.diff(ramp)
    assert (steps >= 0).all() and steps.max() <= 4, "a jump in brightness is an edge that the map does not have"
    assert ramp[0] < 5 and ramp[-1] > 240


def test_the_file_shows_the_picture_and_beside_it_the_overlay(predictor: Predictor) -> None:
    found = explain(predictor, photo(2, 300, 400))
    sheet = side_by_side(found, 0.4)
    side = found.sharp.width
    assert side == 192 and sheet.height == side and sheet.width > 2 * side
    assert sheet.crop((0, 0, side, side)).tobytes() == found.sharp.tobytes()
    assert sheet.crop((sheet.width - side, 0, sheet.width, side)).tobytes() == overlay(found, 0.4).tobytes()


def test_the_sentence_names_method_stage_and_class() -> None:
    found = an_explanation(np.eye(8))
    assert found.sentence == "Grad-CAM at layer4: brighter areas are stronger evidence for owl (90.0%)."


def test_even_evidence_is_said_to_be_even() -> None:
    assert an_explanation(np.full((8, 8), 0.97)).sentence == (
        "Grad-CAM at layer4 finds evidence for owl (90.0%) about equally everywhere in this photo."
    )


def test_a_stage_that_is_too_coarse_is_named_with_the_one_that_replaces_it(predictor: Predictor) -> None:
    found = explain(predictor, photo(2, 150, 200), stage="layer4")  # the model input has 64 pixels
    assert found.stage == "layer3" and found.too_coarse == ("layer4", 2, 2)
    assert found.sentence.startswith(
        "At layer4 the feature maps of this model have only 2 × 2 positions, too few for a heatmap, so layer3 is used. "
    )


def test_an_explanation_of_one_view_says_that_predictions_average_several(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "views" not in explain(predictor, photo(1)).sentence
    monkeypatch.setattr(predictor, "test_time_views", 6)
    found = read_explanation(explanation_as_json(explain(predictor, photo(1))))
    assert "This is about one view of the photo. Predictions average 6 views, and a decision" in found.sentence


def test_an_empty_map_is_said_to_be_empty(predictor: Predictor) -> None:
    with torch.no_grad():
        predictor.network.fc.weight[1] = -1
    found = explain(predictor, photo(1), target="dog")
    assert found.empty and not found.heatmap.any()
    assert "finds no evidence for dog" in found.sentence
    faith = faithfulness(predictor, found)
    assert faith.empty and "no hottest part" in faith.sentence


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
def test_the_hottest_share_is_exact_also_among_equals(share: float) -> None:
    heatmap = np.random.default_rng(0).random((40, 50))
    mask = hottest(heatmap, share)
    assert mask.sum() == round(share * 2000)
    assert heatmap[mask].min() >= heatmap[~mask].max()
    assert hottest(np.ones((40, 50)), share).sum() == round(share * 2000)


class OneSpot:
    """A predictor whose prediction is the brightness of the view's upper left corner."""

    def probabilities_of_views(self, views: list[Image.Image]) -> np.ndarray:
        bright = np.array([np.asarray(view.convert("L"))[:24, :24].mean() / 255 for view in views])
        return np.stack([np.zeros_like(bright), 1 - bright, bright], axis=1)


def test_a_map_of_the_decisive_spot_is_faithful_and_one_of_another_is_not() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:24, :24] = 255
    view = Image.fromarray(picture)
    rows, columns = np.mgrid[:64, :64]
    there = np.exp(-((rows - 12) ** 2 + (columns - 12) ** 2) / 300)
    right = faithfulness(OneSpot(), an_explanation(there, view))  # type: ignore[arg-type]
    wrong = faithfulness(OneSpot(), an_explanation(there[::-1, ::-1], view))  # type: ignore[arg-type]
    assert right.before == pytest.approx(1) and right.after < right.elsewhere - 0.05
    assert "does depend on the hottest part" in right.sentence
    assert wrong.after == pytest.approx(1) and "hardly depends on the hottest part" in wrong.sentence


def test_faithfulness_is_the_network_s_own_answer_and_the_same_each_time(predictor: Predictor) -> None:
    found = explain(predictor, photo(5), stage="layer3")
    faith = faithfulness(predictor, found)
    assert faith == faithfulness(predictor, found)
    assert faith.before == pytest.approx(found.probability, abs=1e-5)
    assert 0 <= faith.after <= 1 and 0 <= faith.elsewhere <= 1 and faith.share == 0.2
    with pytest.raises(ValueError, match="share must lie between 0 and 1"):
        faithfulness(predictor, found, share=1.0)


@pytest.mark.parametrize(
    ("before", "after", "elsewhere", "verdict"),
    [
        (0.92, 0.31, 0.88, "does depend on the hottest part"),
        (0.92, 0.60, 0.70, "depends more on the hottest part than on others"),
        (0.81, 0.93, 0.88, "hardly depends on the hottest part"),
    ],
)
def test_the_verdict_follows_the_figures(before: float, after: float, elsewhere: float, verdict: str) -> None:
    faith = Faithfulness("owl", 0.2, before, after, elsewhere, 6)
    assert verdict in faith.sentence and f"{before:.0%} to {after:.0%}" in faith.sentence

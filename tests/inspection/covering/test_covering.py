"""Covering parts of a photo: the right pixels, a map of what an answer depends on, and the overlap of a guess."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import ModelError
from core.inspection.covering.answers import answers, kept_overlap
from core.inspection.covering.guess import agreement, shared_hottest
from core.inspection.covering.occlusion import occlusion, occlusion_as_json, patches, read_occlusion
from core.inspection.covering.patch import FILLS, GREY, Patch, covered, filling, mean_color
from core.inspection.explaining.explanation import THE_BOX
from core.inspection.predicting.predictor import Predictor
from core.models.heads import Localizer
from core.models.zoo import ResNetConfig
from tests.inspection.conftest import CLASSES, SMALL, lively, photo


class Corner(Predictor):
    """Predicts a cat if the top left quarter of the view is bright, and nothing else matters."""

    def outputs_of_views(self, views: Sequence[Image.Image]) -> np.ndarray:
        light = [np.asarray(view, np.float32)[:32, :32].mean() / 255 for view in views]
        return np.array([(20 * (one - 0.6), 0.0, -9.0) for one in light], np.float32)


@pytest.fixture
def corner(predictor: Predictor) -> Corner:
    return Corner(predictor.network, SMALL, CLASSES, name="corner", arch="resnet18")


@pytest.fixture
def bright() -> Image.Image:
    return Image.new("RGB", (64, 64), (250, 250, 250))


@pytest.mark.parametrize("fill", FILLS)
def test_a_patch_covers_its_pixels_and_no_others(fill: str) -> None:
    view = photo(1, 64, 64)
    patch = Patch(0.25, 0.5, 0.25, 0.125)
    after = np.asarray(covered(view, patch, filling(view, fill)))
    mask = patch.mask(view.size)
    assert mask.sum() == 16 * 8 and mask[32:40, 16:32].all()
    assert np.array_equal(after[~mask], np.asarray(view)[~mask])
    assert not np.array_equal(after[mask], np.asarray(view)[mask])


def test_the_fills_are_grey_the_mean_and_the_blurred_photo() -> None:
    view = photo(2, 64, 64)
    whole = Patch(0, 0, 1, 1)
    assert covered(view, whole, filling(view, "grey")).getpixel((5, 5)) == GREY
    assert covered(view, whole, filling(view, "mean")).getpixel((5, 5)) == mean_color(view)
    assert np.allclose(mean_color(view), np.asarray(view).mean((0, 1)), atol=0.5)
    blurred = np.asarray(covered(view, whole, filling(view, "blur")), float)
    assert blurred.std() < np.asarray(view, float).std()


@pytest.mark.parametrize(("left", "width"), [(-0.5, 0.2), (0.99, 0.5), (1.0, 1.0), (0.3, 0.0)])
def test_a_patch_at_the_edge_covers_at_least_a_pixel_inside(left: float, width: float) -> None:
    first, top, last, bottom = Patch(left, 0.0, width, 1.0).pixels((40, 30))
    assert 0 <= first < last <= 40 and (top, bottom) == (0, 30)


def test_answers_are_those_of_the_predictor(predictor: Predictor) -> None:
    views = [predictor.view(photo(seed)) for seed in range(3)]
    found = answers(predictor, views)
    np.testing.assert_allclose([one.probabilities for one in found], predictor.probabilities_of_views(views))
    assert [one.index for one in found] == predictor.probabilities_of_views(views).argmax(axis=1).tolist()
    assert {one.corners for one in found} == {None} and kept_overlap(*found[:2]) is None


def test_patches_reach_every_edge_in_even_steps() -> None:
    found = patches(0.25, 4)
    assert len(found) == 16
    assert [round(one.left, 6) for one in found[:4]] == [0.0, 0.25, 0.5, 0.75]
    assert np.sum([one.mask((64, 64)) for one in found], axis=0).min() == 1


def test_the_map_is_bright_where_the_answer_depends_on_the_photo(corner: Corner, bright: Image.Image) -> None:
    done: list[tuple[int, int]] = []
    found = occlusion(corner, bright, side=0.25, steps=4, progress=lambda *count: done.append(count))
    assert found.target == "cat" and found.target_index == 0 and found.places == 16
    assert done[-1] == (16, 16)
    inside = found.heatmap[:32, :32]
    assert inside.min() == pytest.approx(1) and not found.heatmap[32:, :].any() and not found.heatmap[:, 32:].any()
    # A patch takes a quarter of the corner from 250 to 128.
    [before], [after] = (answers(corner, [view]) for view in (bright, _with_patch(bright, Patch(0, 0, 0.25, 0.25))))
    assert found.largest_drop == pytest.approx(before.probabilities[0] - after.probabilities[0], abs=1e-6)
    assert found.before == pytest.approx(before.probabilities[0])
    assert found.strongest.corners == (0, 0, 0.25, 0.25)
    assert found.faint and found.sentence == (
        "No single patch lowers the probability of cat by more than 2%, so the map shows very small differences."
    )


def _with_patch(view: Image.Image, patch: Patch) -> Image.Image:
    return covered(view, patch, filling(view, "grey"))


def test_a_patch_that_changes_the_class_is_counted(corner: Corner, bright: Image.Image) -> None:
    found = occlusion(corner, bright, side=0.5, steps=2)
    assert "lowers the probability of cat from 100% to " in found.sentence
    assert found.changed == 1 and "At 1 of 4 places the model predicts another class." in found.sentence


def test_a_class_that_no_patch_touches_has_an_empty_map(corner: Corner, bright: Image.Image) -> None:
    found = occlusion(corner, bright, target=2, side=0.25, steps=4)
    assert found.faint and found.sentence.startswith("No single patch lowers the probability of owl")


def test_where_a_patch_helps_the_drop_is_negative_and_the_map_dark(corner: Corner) -> None:
    dark = Image.new("RGB", (64, 64), (0, 0, 0))
    found = occlusion(corner, dark, target=0, side=0.5, steps=2)
    assert found.drops.min() < -0.1 and not found.heatmap.any()
    assert found.empty and found.sentence.endswith("so the map is empty.")


def test_a_map_survives_the_way_to_the_page(corner: Corner, bright: Image.Image) -> None:
    found = occlusion(corner, bright, side=0.25, steps=4)
    read = read_occlusion(json.loads(json.dumps(occlusion_as_json(found))))
    assert np.array_equal(read.heatmap, found.heatmap) and np.array_equal(read.drops, found.drops)
    assert (read.target, read.target_index, read.before, read.sentence) == (
        found.target,
        found.target_index,
        found.before,
        found.sentence,
    )


@pytest.mark.parametrize("wrong", [{"fill": "gold"}, {"side": 0.0}, {"side": 1.0}, {"steps": 1}, {"steps": 99}])
def test_settings_that_make_no_map_are_refused(corner: Corner, bright: Image.Image, wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        occlusion(corner, bright, **wrong)  # type: ignore[arg-type]


def test_a_single_class_with_boxes_is_asked_for_its_box() -> None:
    torch.manual_seed(0)
    network = lively(Localizer(ResNetConfig("basic", (1, 1, 1, 1), width=8), 1))
    predictor = Predictor(network, SMALL, ("cat",), name="boxes", arch="resnet18")
    found = occlusion(predictor, photo(3), side=0.5, steps=3)
    assert (found.target, found.target_index, found.before) == (THE_BOX, None, 1.0)
    views = [
        predictor.view(photo(3)),
        covered(predictor.view(photo(3)), Patch(0, 0, 0.5, 0.5), filling(predictor.view(photo(3)), "grey")),
    ]
    before, after = answers(predictor, views)
    assert found.drops[0, 0] == pytest.approx(1 - (kept_overlap(before, after) or 0.0), abs=1e-5)


def heat() -> np.ndarray:
    """A map whose hottest fifth is the top fifth of the photo."""
    return np.linspace(1, 0, 50, dtype=np.float32)[:, None].repeat(40, axis=1)


def test_a_guess_that_is_the_hottest_part_agrees_fully() -> None:
    found = agreement(Patch(0, 0, 1, 0.2).mask((40, 50)), heat())
    assert (found.inside, found.iou, found.area) == (1.0, 1.0, 0.2)
    assert found.sentence == (
        "Your mark covers 20% of the photo and holds 100% of the map's strongest fifth (IoU 1.00). "
        "You and the model look at the same place."
    )


def test_half_a_guess_has_half_of_the_hottest_part() -> None:
    found = agreement(Patch(0, 0, 0.5, 0.4).mask((40, 50)), heat())
    assert (found.inside, found.area) == (0.5, 0.2)
    assert found.iou == pytest.approx(0.1 / 0.3)
    assert "more than by chance" in found.sentence


def test_a_guess_elsewhere_agrees_in_nothing() -> None:
    found = agreement(Patch(0, 0.6, 1, 0.4).mask((40, 50)), heat())
    assert (found.inside, found.iou) == (0.0, 0.0) and "the model looks elsewhere" in found.sentence


def test_two_maps_share_all_or_nothing_of_their_hottest_parts() -> None:
    assert shared_hottest(heat(), heat()) == 1.0
    assert shared_hottest(heat(), heat()[::-1]) == 0.0

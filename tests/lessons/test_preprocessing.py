"""Square views and mistakes: the network's inputs, and accuracies on photos that no head has seen."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.data.pictures.transforms import Preprocessing, to_tensor
from core.inspection.predicting.predictor import Predictor
from core.lessons.preprocessing import (
    MISTAKES,
    MODES,
    LabelledPhotos,
    compare_mistakes,
    compare_modes,
    crop_box,
    crop_to_ratio,
    input_as_picture,
    logits_of,
    network_input,
)
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from tests.lessons.experiment_steps import run_to_end

COLORS = {"red": (200, 40, 40), "blue": (40, 40, 200)}
SEEN = Preprocessing(size=64, resize=73)


@pytest.fixture
def predictor() -> Predictor:
    """A tiny network with random weights, which can still tell colours apart."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=8), 2)
    return Predictor(network, Preprocessing(), ("a", "b"), name="tiny", arch="tiny")


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """A smooth picture, so that two ways of resizing give nearly the same result."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def saved(folder: Path, pictures: list[tuple[str, Image.Image]]) -> LabelledPhotos:
    rows = []
    for number, (label, picture) in enumerate(pictures):
        path = folder / f"{number}.png"
        picture.save(path)
        rows.append((f"{number:04d}", str(path), label))
    return LabelledPhotos.of(pd.DataFrame(rows, columns=["image", "path", "label"]))


def striped(folder: Path, count: int = 20, width: int = 96) -> LabelledPhotos:
    """Grey noise with a stripe at the left end; its colour is the class."""
    dice = np.random.default_rng(0)
    pictures = []
    for number in range(count):
        label = list(COLORS)[number % 2]
        pixels = dice.integers(90, 160, (32, width, 3), dtype=np.uint8)
        pixels[:, :24] = COLORS[label]
        pictures.append((label, Image.fromarray(pixels)))
    return saved(folder, pictures)


@pytest.mark.parametrize(("size", "shape", "expected"), [
    ((120, 120), 3.0, (120, 40)), ((640, 427), 1.0, (427, 427)), ((300, 451), 2.0, (300, 150)),
    ((640, 427), None, (640, 427)), ((5, 1000), 3.0, (5, 2)),
])  # fmt: skip
def test_a_cut_is_the_largest_of_its_shape_in_the_middle(
    size: tuple[int, int], shape: float | None, expected: tuple[int, int]
) -> None:
    image = photo(*size)
    found = crop_to_ratio(image, shape)
    assert found.size == expected
    left, top = (size[0] - expected[0]) // 2, (size[1] - expected[1]) // 2
    assert found.tobytes() == image.crop((left, top, left + expected[0], top + expected[1])).tobytes()


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (256, 256), (640, 100)])
def test_what_is_not_dark_is_what_the_crop_shows(size: tuple[int, int]) -> None:
    image = photo(*size)
    usual = Preprocessing()
    shown = image.resize((224, 224), Image.Resampling.BILINEAR, box=crop_box(usual, size))
    difference = np.asarray(shown, dtype=int) - np.asarray(usual.view(image), dtype=int)
    assert abs(difference).mean() < 2


def test_each_mistake_is_the_one_that_it_is_called() -> None:
    image = photo(90, 70)
    x = {mistake: network_input(SEEN, image, mistake) for mistake in MISTAKES}
    assert torch.equal(x["right"], SEEN.tensor(image))
    blue_first = Image.merge("RGB", image.split()[::-1])
    assert torch.allclose(x["swapped"], SEEN.tensor(blue_first), atol=0.02)
    assert x["not normalized"].min() >= 0 and 0.5 < x["not normalized"].max() <= 1
    assert torch.equal(x["bytes"], to_tensor(SEEN.view(image)).float())
    std = torch.tensor(SEEN.std).view(3, 1, 1)
    assert torch.allclose(x["twice"] * std + torch.tensor(SEEN.mean).view(3, 1, 1), x["right"], atol=1e-4)


def test_a_right_input_is_drawn_back_as_the_view_and_a_swapped_one_with_blue_for_red() -> None:
    image = photo(90, 70)
    view = np.asarray(SEEN.view(image))
    assert np.array_equal(np.asarray(input_as_picture(SEEN, network_input(SEEN, image, "right"))), view)
    assert np.array_equal(np.asarray(input_as_picture(SEEN, network_input(SEEN, image, "swapped"))), view[:, :, ::-1])


def test_right_inputs_get_the_predictors_own_answers(predictor: Predictor) -> None:
    image = photo(300, 200)
    mine = logits_of(predictor, [network_input(predictor.preprocessing, image, "right")])
    assert np.allclose(mine, predictor.logits([image]), atol=1e-5)


def test_the_crop_alone_misses_what_stands_at_an_end(predictor: Predictor, tmp_path: Path) -> None:
    seen, table = run_to_end(compare_modes(striped(tmp_path), predictor, None))
    accuracy = table.set_index("mode")["accuracy"]
    assert list(accuracy.index) == list(MODES)
    assert accuracy["squash"] == accuracy["letterbox"] == 1
    assert accuracy["crop"] < 0.85
    squash = table.set_index("mode").loc["squash"]
    assert squash["gained"] == 20 - table["correct"][0] and squash["lost"] == 0
    assert squash["p_value"] == pytest.approx(2 * 0.5 ** squash["gained"])
    assert table["gained"][0] == table["lost"][0] == 0 and table["p_value"][0] == 1
    assert table["shape"].isna().all() and set(table["n"]) == {20}
    assert (table["low"] <= table["accuracy"]).all() and (table["accuracy"] <= table["high"]).all()
    shares = [event.done / (event.total or 1) for event in seen]
    assert shares == sorted(shares) and shares[-1] < 1


def test_a_strip_is_cut_before_anything_else(predictor: Predictor, tmp_path: Path) -> None:
    _, table = run_to_end(compare_modes(striped(tmp_path), predictor, 1.0))
    assert table["accuracy"].max() < 0.85, "the stripe is not within the middle square"
    assert set(table["shape"]) == {1.0}


def test_squares_are_put_through_the_network_once_for_squash_and_letterbox(
    predictor: Predictor, tmp_path: Path
) -> None:
    seen, table = run_to_end(compare_modes(striped(tmp_path, width=32), predictor, None))
    assert {event.phase.split(",")[0] for event in seen} == {"crop", "squash"}
    correct = table.set_index("mode")["correct"]
    assert correct["squash"] == correct["letterbox"]


def test_labels_that_mean_nothing_are_not_learned_by_heart(predictor: Predictor, tmp_path: Path) -> None:
    dice = np.random.default_rng(3)
    pictures = [("ab"[number % 2], photo(40, 40, int(dice.integers(10**6)))) for number in range(24)]
    _, table = run_to_end(compare_modes(saved(tmp_path, pictures), predictor, None))
    assert table["accuracy"].max() < 0.85


def test_heads_that_learned_from_right_inputs_are_asked_about_wrong_ones(predictor: Predictor, tmp_path: Path) -> None:
    photos = striped(tmp_path, width=32)
    _, modes = run_to_end(compare_modes(photos, predictor, None))
    _, table = run_to_end(compare_mistakes(photos, predictor))
    correct = table.set_index("mistake")["correct"]
    assert list(correct.index) == list(MISTAKES)
    assert correct["right"] == modes.set_index("mode")["correct"]["crop"] == 20
    assert correct["swapped"] == 0, "red and blue are all that tells the classes apart"


def test_the_same_pictures_in_another_folder_have_the_same_digest(tmp_path: Path) -> None:
    frame = pd.DataFrame({"image": ["a", "b"], "path": ["/one/a", "/one/b"], "label": ["x", "y"]})
    moved = frame.assign(path=["/two/a", "/two/b"])
    assert LabelledPhotos.of(frame).digest == LabelledPhotos.of(moved).digest
    assert LabelledPhotos.of(frame).digest != LabelledPhotos.of(frame.assign(label=["y", "y"])).digest

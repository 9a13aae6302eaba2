"""What the network sees: exact for evaluation, at random and repeatable for training."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms, tv_tensors

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import corners_of
from core.data.pictures.transforms import (
    AUGMENTATIONS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    Augmentation,
    Draw,
    Preprocessing,
    augment,
    draw,
    preview,
    to_tensor,
    variations,
)
from core.training.recipe import Recipe


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(500, 375), (375, 500), (333, 500), (256, 256), (100, 80), (31, 200), (225, 1001)])
@pytest.mark.parametrize(("side", "resize"), [(224, 256), (64, 73), (224, 232), (33, 38)])
def test_a_crop_is_torchvisions_to_the_bit(size: tuple[int, int], side: int, resize: int) -> None:
    preprocessing = Preprocessing(size=side, resize=resize)
    image = photo(*size)
    theirs = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(side)])(image)
    assert preprocessing.view(image).tobytes() == theirs.tobytes()
    number = transforms.Compose([transforms.ToTensor(), transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD)])(theirs)
    torch.testing.assert_close(preprocessing.tensor(image), number, rtol=0, atol=1e-6)


@pytest.mark.parametrize("mode", ["crop", "squash", "letterbox"])
@pytest.mark.parametrize("size", [(1, 1), (3, 900), (640, 480), (64, 64), (9000, 2)])
def test_every_picture_has_a_view_and_a_training_copy(mode: str, size: tuple[int, int]) -> None:
    preprocessing = Preprocessing(mode=mode, size=64, resize=73)  # type: ignore[arg-type]
    image = photo(*size)
    assert preprocessing.view(image).size == (64, 64)
    copy = preprocessing.training_copy(image)
    assert min(copy.size) <= 73 and max(copy.size) <= 2 * 73
    assert preprocessing.tensor(image).shape == (3, 64, 64)


def test_squash_keeps_all_and_letterbox_keeps_shapes() -> None:
    image = Image.new("RGB", (200, 100), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 20, 100))
    squashed = np.asarray(Preprocessing(mode="squash", size=40).view(image))
    assert squashed[:, 1].tolist() == [[0, 0, 255]] * 40
    boxed = np.asarray(Preprocessing(mode="letterbox", size=40).view(image))
    gray = list(Preprocessing().gray)
    assert boxed[:10].reshape(-1, 3).tolist() == boxed[30:].reshape(-1, 3).tolist() == [gray] * 400
    assert boxed[15, 1].tolist() == [0, 0, 255] and boxed[15, 39].tolist() == [255, 0, 0]
    bars = Preprocessing(mode="letterbox", size=40).tensor(image)[:, :10]
    assert bars.abs().max() < 0.01, "the network sees bars as nothing"


def test_the_dict_of_a_bundle_gives_the_same_preprocessing_back() -> None:
    values = Recipe(size=96).preprocessing(IMAGENET_MEAN, IMAGENET_STD)
    assert values["resize"] == 110
    assert Preprocessing(**values).as_dict() == values


def test_normalizing_a_batch_is_normalizing_each() -> None:
    preprocessing = Preprocessing(size=32, resize=37)
    images = [photo(50, 40, seed) for seed in range(3)]
    batch = torch.stack([to_tensor(preprocessing.view(image)) for image in images])
    lying = batch.contiguous(memory_format=torch.channels_last)
    one_by_one = torch.stack([preprocessing.tensor(image) for image in images])
    assert torch.equal(preprocessing.normalise(batch), one_by_one)
    assert torch.equal(preprocessing.normalise(lying), one_by_one)


@pytest.mark.parametrize("level", ["light", "standard"])
def test_a_variation_belongs_to_its_seed_and_to_nothing_else(level: str) -> None:
    copy = to_tensor(photo(80, 60))
    first = augment(copy, level, 48, (0, 1, 5))
    torch.manual_seed(123)
    torch.rand(7)
    assert torch.equal(augment(copy, level, 48, (0, 1, 5)), first)
    for other in ((1, 1, 5), (0, 2, 5), (0, 1, 6)):
        assert not torch.equal(augment(copy, level, 48, other), first)
    before = torch.random.get_rng_state()
    augment(copy, level, 48, (0, 1, 5))
    assert torch.equal(torch.random.get_rng_state(), before), "chance elsewhere is left alone"
    assert first.dtype == torch.uint8 and first.shape == (3, 48, 48)


@pytest.mark.parametrize("level", ["light", "standard"])
@pytest.mark.parametrize(("width", "height"), [(80, 60), (60, 80), (64, 64), (128, 64), (1, 1), (2, 5)])
def test_windows_stay_inside_the_picture_and_within_the_level(level: str, width: int, height: int) -> None:
    augmentation = AUGMENTATIONS[level]
    assert augmentation is not None
    mirrored = 0
    for index in range(300):
        drawn = draw(augmentation, height, width, (0, 1, index))
        assert 0 <= drawn.left <= drawn.left + drawn.width <= width
        assert 0 <= drawn.top <= drawn.top + drawn.height <= height
        assert abs(drawn.degrees) <= augmentation.degrees
        mirrored += drawn.mirrored
        if min(width, height) >= 60:
            share = drawn.width * drawn.height / min(width, height) ** 2
            assert augmentation.area[0] * 0.9 <= share <= augmentation.area[1] * 1.1
        if level == "light":
            assert drawn.width == drawn.height or min(width, height) < 60
            assert abs(drawn.left + drawn.width / 2 - width / 2) <= 0.08 * min(width, height) + 1
            assert (drawn.brightness, drawn.contrast, drawn.saturation) == (1.0, 1.0, 1.0)
    assert 100 < mirrored < 200


def test_standard_reaches_all_of_a_long_picture_and_changes_colors() -> None:
    augmentation = AUGMENTATIONS["standard"]
    assert augmentation is not None
    draws = [draw(augmentation, 60, 120, (0, 1, index)) for index in range(300)]
    assert min(d.left for d in draws) < 5 and max(d.left + d.width for d in draws) > 115
    assert min(d.brightness for d in draws) < 0.8 < 1.2 < max(d.saturation for d in draws)
    assert min(d.degrees for d in draws) < -9 and max(d.degrees for d in draws) > 9


def test_turned_corners_are_filled_with_gray() -> None:
    turned = augment(torch.full((3, 60, 60), 250, dtype=torch.uint8), "standard", 48, (0, 1, 3), (124, 116, 104))
    drawn = draw(AUGMENTATIONS["standard"] or Augmentation((1, 1), 1, 0), 60, 60, (0, 1, 3))
    assert abs(drawn.degrees) > 3, "choose another seed"
    assert turned[:, 0, 0].float().std() < 15 and turned[0, 0, 0] < 180


def test_boxes_follow_the_same_geometry() -> None:
    copy = torch.zeros(3, 60, 80, dtype=torch.uint8)
    copy[:, 20:40, 30:60] = 255
    box = tv_tensors.BoundingBoxes(torch.tensor([[30, 20, 60, 40]]), format="XYXY", canvas_size=(60, 80))
    augmentation = Augmentation(area=(0.8, 1.0), stretch=1.0, shift=0.05)
    for index in range(8):
        drawn = draw(augmentation, 60, 80, (0, 1, index))
        moved = drawn.geometry(copy, 48, (0, 0, 0))[0] > 127
        rows, columns = torch.where(moved)
        left, top, right, bottom = drawn.geometry(box, 48, (0, 0, 0))[0].tolist()
        assert abs(left - columns.min()) <= 1 and abs(right - 1 - columns.max()) <= 1
        assert abs(top - rows.min()) <= 1 and abs(bottom - 1 - rows.max()) <= 1


def test_the_preview_shows_what_training_sees() -> None:
    image = photo(90, 70)
    recipe = Recipe(size=64, augmentation="standard")
    shown = preview(image, recipe, draws=4, seed=9)
    preprocessing = Preprocessing(size=64, resize=73)
    copy = to_tensor(preprocessing.training_copy(image))
    for epoch, picture in enumerate(shown):
        expected = augment(copy, "standard", 64, (9, epoch, 0), preprocessing.gray)
        assert torch.equal(to_tensor(picture), expected)
    still = preview(image, Recipe(size=64, augmentation="none"), draws=2)
    assert [picture.tobytes() for picture in still] == [preprocessing.view(image).tobytes()] * 2


SIZES = [(640, 480), (480, 640), (333, 500), (256, 256), (100, 30), (30, 300), (1001, 97), (7, 9)]


@pytest.mark.parametrize("mode", ["crop", "squash", "letterbox"])
@pytest.mark.parametrize("size", SIZES)
def test_a_box_goes_to_the_view_and_back(mode: str, size: tuple[int, int]) -> None:
    preprocessing = Preprocessing(mode=mode, size=64, resize=73)  # type: ignore[arg-type]
    width, height = size
    for box in (Box(0, 0, width, height), Box(width * 0.3, height * 0.2, width * 0.5, height * 0.7), Box(-3, 2, 5, 1)):
        for placement in (preprocessing.view_placement(*size), preprocessing.copy_placement(*size)):
            back = placement.back(placement.there(box))
            assert corners_of(back) == pytest.approx(corners_of(box), abs=1e-9 * max(size))


@pytest.mark.parametrize("mode", ["crop", "squash", "letterbox"])
@pytest.mark.parametrize("size", SIZES[:6])
def test_the_box_lies_where_the_pixels_come_to_lie(mode: str, size: tuple[int, int]) -> None:
    """A white rectangle on black is found again in the view and in the copy, to a pixel."""
    preprocessing = Preprocessing(mode=mode, size=120, resize=137, mean=(0, 0, 0))  # type: ignore[arg-type]
    width, height = size
    box = Box(width * 4 // 10, height * 4 // 10, max(3, width * 2 // 10), max(3, height * 2 // 10))
    image = Image.new("RGB", size)
    left, top, right, bottom = (round(edge) for edge in corners_of(box))
    image.paste((255, 255, 255), (left, top, right, bottom))
    for picture, placement in (
        (preprocessing.view(image), preprocessing.view_placement(*size)),
        (preprocessing.training_copy(image), preprocessing.copy_placement(*size)),
    ):
        found = bright_box(np.asarray(picture)[..., 0])
        blurred = 1 + max(placement.scale_x, placement.scale_y) / 2
        # What a crop cuts off cannot be found.
        expected = np.clip(corners_of(placement.there(box)), 0, [*picture.size, *picture.size])
        assert found == pytest.approx(expected, abs=blurred)


def bright_box(gray: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is brighter than half."""
    rows, columns = np.flatnonzero((gray > 127).any(1)), np.flatnonzero((gray > 127).any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def test_any_augmentation_can_be_drawn_and_says_what_was_drawn() -> None:
    image, preprocessing = photo(90, 70), Preprocessing(size=64, resize=70)
    strong = Augmentation(area=(0.2, 0.3), stretch=1.5, shift=1.0, degrees=90.0, color=0.5, mirror=1.0)
    drawn = variations(image, strong, preprocessing, draws=20, seed=3)
    assert all(one.mirrored and picture.size == (64, 64) for one, picture in drawn)
    assert max(abs(one.degrees) for one, _ in drawn) > 45
    assert len({picture.tobytes() for _, picture in drawn}) == 20
    still = Augmentation(area=(1.0, 1.0), stretch=1.0, shift=0.0, mirror=0.0)
    assert {one for one, _ in variations(image, still, preprocessing, draws=9)} == {
        Draw(top=0, left=10, height=70, width=70, mirrored=False, degrees=0.0, brightness=1.0, contrast=1.0,
             saturation=1.0)
    }  # fmt: skip

"""Variations of a picture take the box of its object along, and never lose the object."""

import pytest
import torch

from core.data.pictures.box_augmentation import augment_boxed
from core.data.pictures.transforms import AUGMENTATIONS, augment, draw, to_tensor
from tests.data.pictures.test_transforms import bright_box, photo


@pytest.mark.parametrize("level", ["light", "standard"])
def test_augmentation_moves_the_box_with_the_picture(level: str) -> None:
    copy = torch.zeros(3, 90, 120, dtype=torch.uint8)
    # A disk: its box turns as the box of an ellipse does.
    y, x = torch.meshgrid(torch.arange(90) + 0.5, torch.arange(120) + 0.5, indexing="ij")
    copy[:, ((x - 50) / 20) ** 2 + ((y - 40) / 12) ** 2 <= 1] = 255
    moved = set()
    for epoch in range(40):
        image, corners = augment_boxed(copy, (30, 28, 70, 52), level, 112, (3, epoch, 0))
        found = bright_box(image[0].numpy())
        assert found == pytest.approx(corners.tolist(), abs=2.5)
        assert corners.min() >= 0 and corners.max() <= 112
        moved.add(tuple(corners.tolist()))
        again = augment_boxed(copy, (30, 28, 70, 52), level, 112, (3, epoch, 0))
        assert torch.equal(image, again[0]) and torch.equal(corners, again[1])
    assert len(moved) == 40


def test_a_window_that_loses_the_object_is_drawn_again() -> None:
    """The object is in a corner, where many windows miss it; it stays in every variation all the same."""
    copy = torch.zeros(3, 100, 100, dtype=torch.uint8)
    copy[:, :10, :10] = 255
    missed = 0
    for epoch in range(60):
        standard = AUGMENTATIONS["standard"]
        assert standard is not None
        first = draw(standard, 100, 100, (0, epoch, 0))
        missed += first.left > 3 or first.top > 3
        image, corners = augment_boxed(copy, (0, 0, 10, 10), "standard", 100, (0, epoch, 0))
        assert image.max() > 100
        assert (corners[2:] - corners[:2]).prod() > 60
    assert missed > 20


def test_a_picture_without_an_object_varies_as_before() -> None:
    """A box that no window loses changes nothing in what is drawn."""
    copy = to_tensor(photo(100, 100))
    image, _ = augment_boxed(copy, (49, 49, 51, 51), "light", 64, (1, 2, 3))
    assert torch.equal(image, augment(copy, "light", 64, (1, 2, 3)))

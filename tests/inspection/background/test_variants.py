"""The changed views: which pixels stay, and that nothing of the other part is left."""

import numpy as np
import pytest

from core.inspection.background.variants import (
    BACKGROUND,
    BLURRED,
    MASKED,
    ORIGINAL,
    OTHER,
    SAME,
    VARIANTS,
    changed_view,
    pasted,
    surroundings,
)

SIDE = 112
GRAY = (124, 116, 104)
INSIDE = (slice(40, 70), slice(30, 80))


@pytest.fixture
def view() -> np.ndarray:
    """Noise, the object red."""
    pixels = np.random.default_rng(0).integers(0, 80, (SIDE, SIDE, 3), dtype=np.uint8)
    pixels[INSIDE] = (250, 10, 10)
    return pixels


@pytest.fixture
def mask() -> np.ndarray:
    found = np.zeros((SIDE, SIDE), dtype=bool)
    found[INSIDE] = True
    return found


@pytest.fixture
def donor() -> tuple[np.ndarray, np.ndarray]:
    """Blue, with a green object elsewhere."""
    pixels = np.full((SIDE, SIDE, 3), (20, 30, 200), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    pixels[10:60, 10:60], mask[10:60, 10:60] = (10, 240, 10), True
    return pixels, mask


def test_only_the_background_keeps_every_pixel_outside_and_none_inside(view: np.ndarray, mask: np.ndarray) -> None:
    found = changed_view(BACKGROUND, view, mask, None, GRAY)
    assert np.array_equal(found[~mask], view[~mask])
    assert (found[mask] == GRAY).all()


def test_a_masked_background_keeps_the_object_up_to_a_soft_rim(view: np.ndarray, mask: np.ndarray) -> None:
    found = changed_view(MASKED, view, mask, None, GRAY)
    assert (found[~mask] == GRAY).all()
    assert np.array_equal(found[42:68, 32:78], view[42:68, 32:78])
    rim = found[40, 50].astype(int)
    assert GRAY[0] <= rim[0] < 250  # between the two


def test_a_blurred_background_has_no_trace_of_the_object(view: np.ndarray, mask: np.ndarray) -> None:
    found = changed_view(BLURRED, view, mask, None, GRAY)
    assert np.array_equal(found[42:68, 32:78], view[42:68, 32:78])
    assert found[~mask].max() < 80 and found[~mask].std() < view[~mask].std() / 3
    other = view.copy()
    other[INSIDE] = (0, 250, 0)
    assert np.array_equal(changed_view(BLURRED, other, mask, None, GRAY)[~mask], found[~mask])


@pytest.mark.parametrize("variant", [SAME, OTHER])
def test_a_pasted_object_is_on_the_other_background_without_its_object(
    view: np.ndarray, mask: np.ndarray, donor: tuple[np.ndarray, np.ndarray], variant: str
) -> None:
    found = changed_view(variant, view, mask, donor, GRAY)
    plain = ~mask & ~donor[1]
    assert np.array_equal(found[plain], donor[0][plain])
    filled = ~mask & donor[1]
    assert np.abs(found[filled].astype(int) - (20, 30, 200)).max() <= 1  # nothing green is left
    assert np.array_equal(found[42:68, 32:78], view[42:68, 32:78])


def test_an_object_at_the_photos_edge_has_no_rim_there(view: np.ndarray) -> None:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[:40] = True
    found = pasted(view, mask, np.zeros_like(view))
    assert np.array_equal(found[:38], view[:38]) and not found[40:].any()


def test_a_large_object_is_filled_with_the_colour_around_it() -> None:
    view = np.full((SIDE, SIDE, 3), 200, dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[4:-4, 4:-4] = True
    view[mask] = 0
    assert np.abs(surroundings(view, mask).astype(int) - 200).max() <= 1


def test_the_original_is_the_view_itself(view: np.ndarray, mask: np.ndarray) -> None:
    assert changed_view(ORIGINAL, view, mask, None, GRAY) is view
    assert next(iter(VARIANTS)) == ORIGINAL

"""The views with a changed background: blurred, masked, of another photo, and the background alone.

They follow "Noise or Signal" (Xiao et al. 2020, arXiv 2006.09994): MASKED is its Only-FG, SAME its Mixed-Same, OTHER
its Mixed-Rand without backgrounds of the same class, and BACKGROUND its Only-BG-B. Masked places have the colour that
the network sees as zero, where the paper has black. The place of the donor's object is filled with what surrounds it,
where the paper has tiles of background. BLURRED is ours.
"""

import numpy as np

from core.data.pictures.network_input.preprocessing import Preprocessing

ORIGINAL, BLURRED, MASKED, SAME, OTHER, BACKGROUND = "original", "blurred", "masked", "same", "other", "background"

VARIANTS = {
    ORIGINAL: "Original photo",
    BLURRED: "Background blurred",
    MASKED: "Background masked",
    SAME: "Background of the same class",
    OTHER: "Background of another class",
    BACKGROUND: "Only the background",
}
"""All views of a photo, with their names for people."""

Pixels = np.ndarray
"""uint8 [side, side, 3]."""

_BLUR = 1 / 12
"""The standard deviation of the blur, as a share of the side: as for heatmap checks, texture goes and colours stay."""
_RIM = 1 / 112
"""The width of the soft rim, as a share of the side."""
_LITTLE = 1e-3


def changed_view(
    variant: str, view: Pixels, mask: np.ndarray, donor: tuple[Pixels, np.ndarray] | None, gray: tuple[int, int, int]
) -> Pixels:
    """Return a variant of a view whose object is ``mask``, bool [side, side].

    ``donor`` is the view of another photo with its own mask, for SAME and OTHER; ``gray`` fills what is masked.
    """
    if variant == ORIGINAL:
        return view
    flat = np.broadcast_to(np.array(gray, dtype=np.uint8), view.shape)
    if variant == BACKGROUND:
        return np.where(mask[..., None], flat, view)
    if variant == MASKED:
        return pasted(view, mask, flat)
    if variant == BLURRED:
        return pasted(view, mask, surroundings(view, mask))
    assert donor is not None  # the caller leaves out what has none
    donor_view, donor_mask = donor
    return pasted(view, mask, np.where(donor_mask[..., None], surroundings(donor_view, donor_mask), donor_view))


def pasted(view: Pixels, mask: np.ndarray, onto: Pixels) -> Pixels:
    """Return the object of a view on another background.

    The rim is soft towards the inside, so that no pixel outside the object is left of the view. Where the object
    reaches the photo's edge, there is no rim.
    """
    from scipy.ndimage import uniform_filter  # here, because pages that only name the variants need no scipy

    radius = max(1, round(len(mask) * _RIM))
    near = uniform_filter(mask.astype(np.float32), 2 * radius + 1, mode="nearest")  # 0.5 at a straight rim
    alpha = np.where(mask, np.clip(2 * near - 1, 0, 1), 0)[..., None]
    mixed = alpha * view + (1 - alpha) * onto
    return np.rint(mixed).astype(np.uint8)


def surroundings(view: Pixels, mask: np.ndarray) -> Pixels:
    """Return the background blurred and spread over the object's place; the object itself leaves no trace."""
    outside = (~mask).astype(np.float32)[..., None]
    mean = (view * outside).sum((0, 1)) / max(1.0, float(outside.sum()))
    weights = _blurred(outside)
    colours = _blurred(view * outside)
    # Deep inside a large object, where the blur reaches no background, this becomes the background's mean colour.
    return np.rint((colours + _LITTLE * mean) / (weights + _LITTLE)).clip(0, 255).astype(np.uint8)


def masked_colour(preprocessing: Preprocessing) -> tuple[int, int, int]:
    """Return the colour of masked places: the mean of the pictures of the pretraining, which the network sees as 0."""
    return preprocessing.gray


def _blurred(values: np.ndarray) -> np.ndarray:
    """Return values [side, side, C] blurred about as a Gaussian does; three boxes take a tenth of its time."""
    from scipy.ndimage import uniform_filter

    sigma = len(values) * _BLUR
    width = max(1, 2 * round((np.sqrt(4 * sigma**2 + 1) - 1) / 2) + 1)  # three boxes of it have this variance
    for _ in range(3):
        values = uniform_filter(values, size=(width, width, 1), mode="nearest")
    return values

"""Keep what a network will see of a photo when an import has it decoded: the view of the usual preprocessing."""

from PIL import Image

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.resized_cache import ResizedCache
from core.workspace import Workspace

LEAST_PIXELS = 1_000_000
"""Smaller photos are decoded again instead: that takes less than 15 ms, about as long as hashing a large photo."""


def keep_usual_view(workspace: Workspace, content_hash: str, image: Image.Image) -> None:
    """Store the view of a large photo, so that it is decoded once for its hash, its thumbnail and the network.

    It has 150 kB, and is what `core.features` computes vectors from. Where nothing can be written, nothing happens.
    """
    if image.width * image.height >= LEAST_PIXELS:
        ResizedCache(workspace.cache / "resized", Preprocessing()).keep_view(content_hash, image)

"""Load the network of a bundle, or the pretrained one, with what is needed to predict."""

from datetime import UTC, datetime
from pathlib import Path

import torch

from core.errors import BundleError
from core.inspection.deciding.foreign_score import ForeignScore, checked_vectors, score_in
from core.models.bundle import BundleInfo, fill, load_bundle, read_info
from core.models.resnet import ResNet, build
from core.models.weights import fetch
from core.progress import PhaseCallback


def bundle_with_score(folder: Path) -> tuple[ResNet, BundleInfo, ForeignScore | None]:
    """Return the network, bundle.json, and the score for "none of these" if it has one; raises BundleError."""
    network, info, vectors = bundle_with_vectors(folder)
    return network, info, score_in(vectors, folder, info)


def bundle_with_vectors(folder: Path) -> tuple[ResNet, BundleInfo, bytes | None]:
    """Return the network, bundle.json, and the content of foreign.safetensors if it has one; raises BundleError."""
    while True:
        network, info = load_bundle(folder)
        try:
            return network, info, checked_vectors(folder, info)
        except BundleError:
            if read_info(folder) == info:
                raise
            # Another decision was saved between reading the two files.


def imagenet_network(progress: PhaseCallback | None = None) -> tuple[ResNet, BundleInfo]:
    """Return the pretrained network with the information of a bundle; raises WeightsUnavailable."""
    found = fetch(progress=progress)
    with torch.device("meta"):
        network = build(found.arch, len(found.classes))
    fill(network, found.state)
    info = BundleInfo(
        arch=found.arch,
        classes=found.classes,
        preprocessing=found.preprocessing,
        weights=found.origin,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return network, info

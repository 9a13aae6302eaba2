"""The last stage's maps of a class's photos: kept ones where a training has left them, otherwise computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.data.pictures.decoding import decode
from core.data.pictures.source import Source
from core.errors import DataError, ImageRefused, ModelError
from core.features.frozen_network import FrozenNetwork
from core.features.maps import Maps, read
from core.features.vectors import vectors_name
from core.features.views import ORIGINAL
from core.inspection.concepts.concepts import MOST_PHOTOS
from core.inspection.predicting.predictor import BATCH, batched
from core.models.zoo import STAGES, with_plain_head
from core.progress import CountCallback
from core.training.kept.frozen_part import frozen_digest

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.workspace import Workspace

MOST_NUMBERS = MOST_PHOTOS * 7 * 7 * 2048
"""In all maps together: those of 200 photos of ResNet-50, 80 MB."""
_HEX = 16


@dataclass(frozen=True)
class LastMaps:
    """Maps of some photos, with all that a linear head makes of them."""

    sources: tuple[Source, ...]
    maps: np.ndarray
    """float32 [n, h, w, C], none negative."""
    logits: np.ndarray
    """float32 [n, classes]"""
    refused: tuple[str, ...]
    """Photos that could not be read: name and reason."""
    kept: bool
    """Whether the maps were there already, in half precision."""


def last_maps(
    predictor: "Predictor", sources: Sequence[Source], workspace: "Workspace", progress: CountCallback | None = None
) -> LastMaps:
    """Return the maps of at most MOST_PHOTOS photos, evenly chosen. Raises ModelError if no photo can be read.

    ``progress`` counts the photos.
    """
    chosen = _chosen(predictor, sources)
    kept = _kept(predictor, chosen, workspace)
    if kept is not None:
        return kept
    found: list[Source] = []
    refused: list[str] = []
    maps: list[np.ndarray] = []
    logits: list[np.ndarray] = []
    done = 0
    for some in batched(chosen, BATCH):
        views, read_sources = [], []
        for source in some:
            try:
                views.append(predictor.view(decode(source.path, source.name).image))
                read_sources.append(source)
            except ImageRefused as error:
                refused.append(f"{source.name}: {error.reason}")
        if views:
            stage, scores = _forward(predictor, predictor.batch_of_views(views))
            maps.append(stage)
            logits.append(scores)
            found += read_sources
        done += len(some)
        if progress is not None:
            progress(done, len(chosen))
    if not found:
        raise ModelError("None of this class's photos can be read. Check the photos on the Data page.")
    return LastMaps(tuple(found), np.concatenate(maps), np.concatenate(logits), tuple(refused), kept=False)


def _chosen(predictor: "Predictor", sources: Sequence[Source]) -> list[Source]:
    """Return evenly spaced photos, as many as the limits allow."""
    side = -(-predictor.preprocessing.size // 32)
    most = max(1, min(MOST_PHOTOS, MOST_NUMBERS // (side * side * predictor.network.feature_width)))
    if len(sources) <= most:
        return list(sources)
    return [sources[place] for place in np.linspace(0, len(sources) - 1, most).round().astype(int)]


def _forward(predictor: "Predictor", batch: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    network, stage = predictor.network, STAGES[-1]
    with predictor.lock, torch.inference_mode():
        maps, below = network.forward_split(batch, stage)
        logits = network.forward_from(maps, stage, below)
    found = maps.clamp(min=0).permute(0, 2, 3, 1).float().cpu().contiguous().numpy()
    return found, logits.float().cpu().numpy()


def _kept(predictor: "Predictor", sources: Sequence[Source], workspace: "Workspace") -> LastMaps | None:
    """Return the maps that a training has kept of exactly these layers; None unless all photos have them."""
    if not (workspace.cache / "maps").is_dir() or predictor.network.config.head != "last":
        return None
    stage, hashes = STAGES[-1], [one.hash for one in sources]
    arch = with_plain_head(predictor.arch)
    weights = f"{arch}-to-{stage}-{frozen_digest(predictor.network, stage)[:_HEX]}"
    network = FrozenNetwork.of_weights(arch, weights, predictor.preprocessing.as_dict())
    for folder in sorted((workspace.cache / "maps" / network.name).glob("*")):
        places = Maps(workspace, f"{vectors_name(network, folder.name, ORIGINAL)}/{stage}").places(hashes)
        if len(places) < len(set(hashes)):
            continue
        try:
            maps = read([places[one] for one in hashes]).astype(np.float32)
        except DataError:  # deleted in this moment: they are computed
            return None
        return LastMaps(tuple(sources), maps.clip(min=0), _logits(predictor, maps), (), kept=True)
    return None


def _logits(predictor: "Predictor", maps: np.ndarray) -> np.ndarray:
    features = torch.from_numpy(maps).permute(0, 3, 1, 2).to(predictor.device)
    with predictor.lock, torch.inference_mode():
        found = [predictor.network.forward_from(some, STAGES[-1]) for some in features.split(BATCH)]
    return torch.cat(found).float().cpu().numpy()

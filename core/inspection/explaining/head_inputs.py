"""The vectors that a model's classifier gets from photos, as far as they are kept: to find photos that it finds alike.

Where a model's frozen layers are those that it began with, the features kept for trainings serve. Other models have
vectors of their own, under a digest of their layers without the head. Imports torch only to compute.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.source import Source
from core.errors import BundleError, ImageRefused, WeightsUnavailable
from core.features.frozen_network import FrozenNetwork
from core.features.frozen_pass import Refused, map_ahead
from core.features.preferred_engine import EXACT, preferred_engine
from core.features.stage_vectors import StageVectors
from core.features.trunk_digest import trunk_digest
from core.features.vectors import SAVE_EVERY, Vectors, vectors_name
from core.features.views import ORIGINAL
from core.models.bundle import WEIGHTS_FILE, BundleInfo, complete_folder, read_info
from core.models.file_hash import known_sha256_of
from core.models.zoo import config_of, with_plain_head
from core.progress import CountCallback
from core.training.linear.frozen_start import FrozenStart, frozen_start
from core.training.linear.several_stages import side_by_side
from core.workspace import Workspace

if TYPE_CHECKING:
    from PIL import Image

    from core.data.pictures.resized_cache import Pixels, ResizedCache
    from core.inspection.predicting.predictor import Predictor
    from core.training.recipe import Recipe

SEVERAL = "original-stages"
"""The name of the view with the vectors of several stages side by side, computed for a model of its own."""
_BATCH = 16


@dataclass(frozen=True)
class HeadInputs:
    """Kept vectors, float32 [n, C], by content hash."""

    store: Vectors | StageVectors

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Return the hashes that have no vector yet, each once, in the given order."""
        return self.store.missing(hashes)

    def known(self, hashes: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """Return the hashes that have a vector, in the given order, and their vectors."""
        if isinstance(self.store, Vectors):
            return self.store.known(hashes)
        lacking = set(self.store.missing(hashes))
        found = [one for one in hashes if one not in lacking]
        parts = [store.known(found)[1] for store in self.store.stores.values()]
        return found, side_by_side(parts) if found else np.empty((0, 0), np.float32)


def head_inputs(bundle: Path, recipe: "Recipe", workspace: Workspace, hashes: Sequence[str]) -> HeadInputs:
    """Return where the vectors of a model are, or will be.

    ``recipe`` says what the model began with. The features kept for trainings are taken only if all of these photos
    have them. Raises BundleError.
    """
    folder = complete_folder(bundle)
    info = read_info(folder)
    several = config_of(info.arch).head == "stages"
    digest = _digest_of_bundle(folder)
    start = shared_start(folder, info, recipe)
    if start is not None:
        engine = preferred_engine(workspace, start.network, lambda: hashes) or EXACT
        name = vectors_name(start.network, engine)
        kept = HeadInputs(StageVectors(workspace, name) if several else Vectors(workspace, name))
        if not kept.missing(hashes):
            return kept
    arch = with_plain_head(info.arch)
    weights = f"{arch}-layers-{(digest or known_sha256_of(folder / WEIGHTS_FILE))[:16]}"
    own = FrozenNetwork.of_weights(arch, weights, info.preprocessing)
    return HeadInputs(Vectors(workspace, vectors_name(own, EXACT, SEVERAL if several else ORIGINAL)))


def shared_start(folder: Path, info: BundleInfo, recipe: "Recipe") -> FrozenStart | None:
    """Return the network that a bundle's frozen layers still are; None if they were trained, or it was deleted.

    ``recipe`` says what the model began with. Raises BundleError.
    """
    digest, start = _digest_of_bundle(folder), _start(recipe)
    same = start is not None and digest is not None and digest == _digest_of(start) and _same_pass(start, info)
    return start if same else None


def _digest_of_bundle(folder: Path) -> str | None:
    try:
        return trunk_digest(folder / WEIGHTS_FILE)
    except OSError as error:
        raise BundleError(f"{folder / WEIGHTS_FILE} cannot be read ({error.strerror}). Export it again.") from error


def compute_missing(
    inputs: HeadInputs,
    predictor: "Predictor",
    sources: Sequence[Source],
    cache: "ResizedCache",
    progress: CountCallback | None = None,
    refused: Callable[[Refused], None] | None = None,
) -> None:
    """Compute and keep the vectors of the photos that lack one; those computed before an interruption are kept.

    ``progress`` is called with the number of photos that have one. An unreadable photo is reported to ``refused`` and
    skipped; without it, raises ImageRefused.
    """
    store = inputs.store
    if not isinstance(store, Vectors):
        raise ValueError("these are the features kept for trainings, which are complete")
    lacking = set(inputs.missing([one.hash for one in sources]))
    wanted = [one for one in {one.hash: one for one in sources}.values() if one.hash in lacking]
    done = len(sources) - len(wanted)

    def view(source: Source) -> "tuple[Source, Pixels | ImageRefused]":
        try:
            return source, cache.view(source)
        except ImageRefused as error:
            return source, error

    hashes: list[str] = []
    vectors: list[np.ndarray] = []
    batch: list[tuple[str, Pixels]] = []

    def compute() -> None:
        if batch:
            hashes.extend(name for name, _ in batch)
            vectors.extend(vectors_of_pixels(predictor, np.stack([pixels for _, pixels in batch])))
            batch.clear()

    def save() -> None:
        if hashes:
            store.add(hashes, np.stack(vectors))
            hashes.clear()
            vectors.clear()

    try:
        with closing(map_ahead(view, wanted)) as views:
            for source, pixels in views:
                done += 1
                if isinstance(pixels, ImageRefused):
                    if refused is None:
                        raise pixels
                    refused(Refused(source.name, pixels.reason))
                    continue
                batch.append((source.hash, pixels))
                if len(batch) == _BATCH:
                    compute()
                if len(hashes) >= SAVE_EVERY:
                    save()
                if progress:
                    progress(done, len(sources))
        compute()
    finally:
        save()


def vector_of(predictor: "Predictor", image: "Image.Image") -> np.ndarray:
    """Return what the classifier gets from one image, float32 [C]."""
    return vectors_of_pixels(predictor, np.asarray(predictor.view(image))[None])[0]


def vectors_of_pixels(predictor: "Predictor", pixels: np.ndarray) -> np.ndarray:
    """Views, uint8 [N, size, size, 3] -> what the classifier gets from them, float32 [N, C]."""
    import torch

    network = predictor.network
    views = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).to(predictor.device)
    batch = predictor.preprocessing.normalise(views).contiguous(memory_format=torch.channels_last)
    with predictor.lock, torch.inference_mode():
        features = network.forward_features(batch)
        pooled = features if network.config.head == "stages" else network.avgpool(features)
        return pooled.flatten(1).float().cpu().numpy()


def _start(recipe: "Recipe") -> FrozenStart | None:
    try:
        return frozen_start(recipe)
    except (BundleError, WeightsUnavailable):  # it was deleted since: the model's own vectors serve
        return None


def _digest_of(start: FrozenStart) -> str | None:
    try:
        return trunk_digest(start.file)
    except OSError:  # as above
        return None


def _same_pass(start: FrozenStart, info: BundleInfo) -> bool:
    """Return whether both put equal weights to the same use: one architecture, one view of each photo."""
    mine, kept = (Preprocessing.model_validate(one) for one in (info.preprocessing, start.network.settings))
    return mine == kept and with_plain_head(info.arch) == start.network.arch

"""The frozen network that a recipe starts from, as far as it is on the disk. Does not import torch."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import RunError
from core.features.frozen_network import FrozenNetwork
from core.models.bundle import WEIGHTS_FILE, complete_folder, read_info
from core.models.weight_files import KERAS_SUFFIXES, notes_on
from core.models.weights import checked_file
from core.models.weights_table import available, keras_preprocessing, on_disk, preprocessing_of
from core.models.zoo import same_layers, with_plain_head
from core.progress import Progress
from core.training.choices import NAMED_WEIGHTS
from core.training.recipe import Recipe


@dataclass(frozen=True)
class FrozenStart:
    """A network whose weights are on the disk."""

    network: FrozenNetwork
    origin: Mapping[str, str]
    """Where the weights came from, and their licence, for the bundle."""
    file: Path
    """The file with the weights."""
    named: bool
    """Whether they are published weights, not a user's own."""

    def check(self) -> Path:
        """Return the file with the weights; raises WeightsUnavailable if it is damaged."""
        if self.named:
            entry = available(*self.network.source)
            if entry is not None:
                return checked_file(entry)
        return self.file


def frozen_start(recipe: Recipe) -> FrozenStart | None:
    """Return the network that a recipe's head is trained on; None while its weights are not on the disk.

    Raises BundleError for a user's bundle that cannot be read, WeightsUnavailable if there are no such weights.
    """
    if recipe.weights == "none":
        return None
    if recipe.weights not in NAMED_WEIGHTS:
        return _own(recipe, Path(recipe.weights))
    entry = available(recipe.arch, recipe.weights, recipe.source)
    sidecar = on_disk(entry) if entry else None
    if entry is None or sidecar is None:
        return None
    values = sidecar["preprocessing"]
    network = FrozenNetwork.of_imagenet(
        recipe.arch, recipe.weights, recipe.source, **recipe.preprocessing(values["mean"], values["std"])
    )
    if network is None:
        return None
    return FrozenStart(network, sidecar["origin"], entry.path, named=True)


def fetched_start(recipe: Recipe) -> Generator[Progress, None, FrozenStart]:
    """Yield progress and return ``frozen_start``; the weights are downloaded first if necessary.

    Raises RunError if they cannot be read, and the errors of a download.
    """
    start = frozen_start(recipe)
    if start is None:
        from core.training.initial_model import fetch_pretrained, with_progress

        yield from with_progress(lambda report: fetch_pretrained(recipe, report))
        start = frozen_start(recipe)
    if start is None:
        raise RunError(f"The weights {recipe.weights!r} cannot be read from the disk. Try again, or choose others.")
    return start


def _own(recipe: Recipe, path: Path) -> FrozenStart | None:
    """Return the network of a user's file or bundle; None for one that only loading it can judge."""
    if not path.exists():
        return None
    arch, file, values = recipe.arch, path, _usual_preprocessing(recipe, path)
    if path.is_dir():
        info = read_info(path)
        if not same_layers(info.arch, recipe.arch):
            return None  # loading it raises the error that says so
        arch, file, values = with_plain_head(info.arch), complete_folder(path) / WEIGHTS_FILE, info.preprocessing
    try:
        network = FrozenNetwork.of_file(arch, file, recipe.preprocessing(values["mean"], values["std"]))
    except OSError:
        return None
    # Loaded as the recipe names it: a bundle by its folder.
    return FrozenStart(
        FrozenNetwork(network.arch, network.weights, network.preprocessing, (recipe.arch, "imagenet", str(path))),
        {"source": str(path)},
        file,
        named=False,
    )


def _usual_preprocessing(recipe: Recipe, path: Path) -> dict[str, Any]:
    return keras_preprocessing(recipe.arch) if path.suffix.lower() in KERAS_SUFFIXES else preprocessing_of()


def start_sentences(recipe: Recipe, arch: str, origin: Mapping[str, str]) -> list[str]:
    """Return the lines for the log about a pretrained network; raises BundleError for a file that was changed."""
    named = recipe.weights in NAMED_WEIGHTS
    where = f"{recipe.weights} ({origin.get('source', 'unknown')})" if named else recipe.weights
    sentences = [f"Network: {arch} with pretrained weights from {where}."]
    if arch != recipe.arch:
        sentences.append(
            f"These weights need {arch} instead of {recipe.arch}: it has the same layers, but the stride is in a "
            "different convolution."
        )
    path = Path(recipe.weights)
    if not named and path.is_file() and path.suffix.lower() not in KERAS_SUFFIXES:
        sentences += notes_on(path, recipe.arch)
    return sentences

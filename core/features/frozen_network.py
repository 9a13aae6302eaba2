"""A network with its weights and preprocessing, as the origin of features. Does not import torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.models.bundle import WEIGHTS_FILE
from core.models.file_hash import known_sha256_of
from core.models.weights_table import TABLE, available

if TYPE_CHECKING:
    import numpy as np

    from core.models.weights import Pretrained

_HEX = 8


@dataclass(frozen=True)
class FrozenNetwork:
    """Which network computed features: its weights, and the view of a photo that it was given.

    Features of different networks, or of different preprocessing, are never mixed: ``name`` is their folder.
    """

    arch: str
    """The architecture that the weights are for."""
    weights: str
    """The name of the weights with the start of their hash."""
    preprocessing: str
    """As JSON, in a fixed order; `settings` reads it."""
    source: tuple[str, str, str]
    """The arguments of ``core.models.weights.fetch``: architecture, name and source."""

    @classmethod
    def of_imagenet(
        cls, arch: str = "resnet50", name: str = "imagenet", source: str = "auto", **changes: Any
    ) -> "FrozenNetwork | None":
        """Return a network of the table of weights; None if its weights are not on the disk yet.

        ``changes`` replace values of its preprocessing, such as ``size``. Raises WeightsUnavailable if there are no
        such weights.
        """
        entry = available(arch, name, source)
        if entry is None:
            return None
        digest = (entry.sha256 or entry.md5)[:_HEX]
        values = {**entry.preprocessing, **changes}
        return cls(entry.needs, f"{entry.key}-{digest}", _in_order(values), (arch, name, source))

    @classmethod
    def of_file(cls, arch: str, path: Path, preprocessing: Mapping[str, Any]) -> "FrozenNetwork":
        """Return a network with the weights of a file or a bundle folder. Raises OSError if it cannot be read."""
        file = path / WEIGHTS_FILE if path.is_dir() else path
        digest = known_sha256_of(file)[: 2 * _HEX]
        return cls(arch, f"{arch}-file-{digest}", _in_order(preprocessing), (arch, "imagenet", str(path)))

    @classmethod
    def of_weights(cls, arch: str, weights: str, preprocessing: Mapping[str, Any]) -> "FrozenNetwork":
        """Return a network whose weights are in memory, under a name of their own; it cannot be loaded."""
        return cls(arch, weights, _in_order(preprocessing), (arch, "none", ""))

    @property
    def settings(self) -> dict[str, Any]:
        """The values of ``core.data.pictures.transforms.Preprocessing``."""
        values: dict[str, Any] = json.loads(self.preprocessing)
        return values

    @property
    def name(self) -> str:
        """A name for folders: weights, mode, size, and a digest of all the preprocessing."""
        seen = self.settings
        digest = hashlib.sha256(self.preprocessing.encode()).hexdigest()[:6]
        return f"{self.weights}-{seen['mode']}-{seen['size']}-{digest}"

    def load(self) -> "Pretrained":
        """Return the weights, from the disk; raises the errors of ``core.models.weights.fetch``."""
        from core.models.weights import fetch

        return fetch(*self.source)

    def load_arrays(self) -> "tuple[str, dict[str, np.ndarray]]":
        """Return the architecture and the state dict as arrays; raises the errors of ``core.models.weights.fetch``.

        Imports torch for a user's own file only.
        """
        source = self.source[2]
        stored = available(*self.source) if source in {"auto", *(entry.source for entry in TABLE)} else None
        if stored is None:
            found = self.load()
            return found.arch, {name: tensor.numpy() for name, tensor in found.state.items()}
        from safetensors import safe_open

        from core.models.weights import checked_file

        with safe_open(checked_file(stored), framework="np") as file:
            return stored.needs, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _in_order(preprocessing: Mapping[str, Any]) -> str:
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in preprocessing.items()}
    return json.dumps(plain, sort_keys=True)

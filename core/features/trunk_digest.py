"""A digest of a network's weights without its head: models with the same one compute the same features.

So a model whose frozen layers kept their weights is known by them, whichever way it was trained. Does not import torch.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from core.models.untrusted.safetensors_header import read_header
from core.models.untrusted.stored_tensor import StoredTensor

_HEAD = ("fc.", "box.")
_COUNTER = "num_batches_tracked"
_PIECE = 4 << 20


def trunk_digest(weights: Path) -> str | None:
    """Return the digest of a .safetensors file as 64 hexadecimal digits; None for a file in another format.

    Names and order in the file do not matter, nor do counters of batches. Computed again only if the file's size or
    time of change differs; 100 MB take 0.1 s. Raises OSError if the file cannot be read.
    """
    found = weights.stat()
    return _remembered(weights.resolve(), found.st_size, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=64)
def _remembered(path: Path, size: int, changed: int, inode: int) -> str | None:
    if path.suffix.lower() != ".safetensors":
        return None
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_PIECE))
    with path.open("rb") as file:
        try:
            tensors = {str(name): tensor for name, tensor in read_header(file, size).items()}
        except (EOFError, ValueError):
            return None
        for name in sorted(tensors):
            if name.startswith(_HEAD) or name.endswith(_COUNTER):
                continue
            tensor = tensors[name]
            if not isinstance(tensor, StoredTensor) or tensor.storage.dtype != "float32":
                return None
            digest.update(f"{name} {tensor.shape}".encode())
            file.seek(tensor.storage.at)
            left = 4 * tensor.count
            while left:
                count = file.readinto(buffer[: min(left, _PIECE)])
                if not count:
                    return None
                digest.update(buffer[:count])
                left -= count
    return digest.hexdigest()

"""Read a state dict from a plain Python pickle, which torch.load(weights_only=True) cannot read.

Only three names may occur in such a file: an ordered dict, a tensor and its storage; the storage's bytes go to
torch.load(weights_only=True). Any other name stops the reading before an object is created ("Restricting globals" in
the documentation of Python's pickle module). Used only for files whose SHA-256 is in the weights table.
"""

import io
import pickle
from collections import OrderedDict
from typing import IO, Any

import torch
from torch import Tensor

from core.models.downloads import SourceFailed


def _storage(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch.storage", "_load_from_bytes"): _storage,
}


class _TensorsOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise SourceFailed(f"the file names {module}.{name}, which does not belong in a state dict")
        return _ALLOWED[module, name]


def read_state_pickle(file: IO[bytes]) -> dict[str, Tensor]:
    """Return the tensors by name; raises SourceFailed if the file contains anything else."""
    try:
        state = _TensorsOnly(file).load()
    except (pickle.UnpicklingError, EOFError, RuntimeError, TypeError, AttributeError, IndexError) as error:
        raise SourceFailed(f"the file is not a state dict ({error})") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise SourceFailed("the file is not a state dict")
    return dict(state)

"""Cache of loaded models, shared by all tabs and limited in total size."""

import ctypes
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

LIMIT_BYTES = 600_000_000
"""Room for about five ResNet-50 models. A limit on their number would not do: one takes 45 to 355 MB."""


class ModelCache:
    """Keeps the most recently used models that fit, and always the newest one. Callers must not modify a model."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, tuple[str, Predictor]] = OrderedDict()
        self._lock = Lock()
        self._loading: dict[Hashable, Lock] = {}

    def get(self, name: Hashable, version: str, load: "Callable[[], Predictor]") -> "Predictor":
        """Return the model of this name, loading it if this version is not cached; an older version is dropped."""
        found = self._find(name, version)
        if found is not None:
            return found
        with self._lock:
            loading = self._loading.setdefault(name, Lock())
        with loading:  # two tabs that request the same model load it once
            found = self._find(name, version)
            if found is None:
                found = load()
                self._keep(name, version, found)
        return found

    @property
    def size_bytes(self) -> int:
        """Total size of the cached models."""
        with self._lock:
            return self._size()

    def _find(self, name: Hashable, version: str) -> "Predictor | None":
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept[0] != version:
                return None
            self._kept.move_to_end(name)
            return kept[1]

    def _keep(self, name: Hashable, version: str, predictor: "Predictor") -> None:
        with self._lock:
            self._kept[name] = (version, predictor)
            self._kept.move_to_end(name)
            while len(self._kept) > 1 and self._size() > self.limit_bytes:
                self._kept.popitem(last=False)
        _release_memory()

    def _size(self) -> int:
        return sum(_bytes_of(predictor) for _, predictor in self._kept.values())


def cached_model(name: Hashable, version: str, load: "Callable[[], Predictor]") -> "Predictor":
    """Return a model, loaded once per server for all tabs; a spinner shows while it loads."""

    def loaded() -> "Predictor":
        with st.spinner("Loading the model…"):
            return load()

    return model_cache().get(name, version, loaded)


@st.cache_resource(show_spinner=False)
def model_cache() -> ModelCache:
    """Return this server's model cache."""
    return ModelCache()


def _bytes_of(predictor: "Predictor") -> int:
    network = predictor.network
    return sum(one.numel() * one.element_size() for one in (*network.parameters(), *network.buffers()))


def _release_memory() -> None:
    """Return freed memory to the system.

    Loading a model takes twice its memory, and glibc keeps the freed half: half a gigabyte after a few models.
    """
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)

"""The networks that pages have loaded: shared by all tabs, and together no larger than the server can bear."""

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
"""Five ResNet-50. A number of networks would be no bound: they have 45 to 355 MB each."""


class Networks:
    """The networks that were asked for last, as many as fit; the newest one always. Nobody may change one."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, tuple[str, Predictor]] = OrderedDict()
        self._lock = Lock()
        self._loading: dict[Hashable, Lock] = {}

    def get(self, name: Hashable, version: str, load: "Callable[[], Predictor]") -> "Predictor":
        """The network of this name, loaded where it is not here in this version; an older version is let go."""
        found = self._find(name, version)
        if found is not None:
            return found
        with self._lock:
            loading = self._loading.setdefault(name, Lock())
        with loading:  # two tabs that want the same one load it once
            found = self._find(name, version)
            if found is None:
                found = load()
                self._keep(name, version, found)
        return found

    @property
    def size_bytes(self) -> int:
        """Of all networks that are kept."""
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
        _give_back()

    def _size(self) -> int:
        return sum(_bytes_of(predictor) for _, predictor in self._kept.values())


def shared(name: Hashable, version: str, load: "Callable[[], Predictor]") -> "Predictor":
    """A network of this server, loaded once for all tabs, with a spinner while it is loaded."""

    def loaded() -> "Predictor":
        with st.spinner("Loading the network …"):
            return load()

    return networks().get(name, version, loaded)


@st.cache_resource(show_spinner=False)
def networks() -> Networks:
    """The networks of this server."""
    return Networks()


def _bytes_of(predictor: "Predictor") -> int:
    network = predictor.network
    return sum(one.numel() * one.element_size() for one in (*network.parameters(), *network.buffers()))


def _give_back() -> None:
    """Loading a network takes twice its memory, and glibc keeps what is freed of it: half a gigabyte after some."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)

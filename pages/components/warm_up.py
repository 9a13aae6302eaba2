"""The libraries that the other pages need, loaded while the first one is looked at."""

import gc
import sys
import threading
from importlib import import_module

import streamlit as st

# In the order in which they will be missed.
LIBRARIES = ("pandas", "plotly.graph_objects", "torch", "torchvision.transforms.v2", "scipy.stats", "pytorch_grad_cam")
_thread = threading.Thread(target=lambda: _load(), name="warm up", daemon=True)
_begun = threading.Lock()
_frozen = threading.Lock()


def begin() -> None:
    """Once for a server, in a thread: the first visit of Train or Explain then does not wait seconds for imports."""
    if _begun.acquire(blocking=False):
        _thread.start()


def wait() -> None:
    """Until the thread is done, if it is at work.

    Two threads that import the same library at once can see it half made (Python breaks their deadlock that way).
    """
    if _thread.is_alive():
        with st.spinner("Loading PyTorch, once after the start …"):
            _thread.join()


def settle() -> None:
    """Once torch is loaded, let the garbage collector no longer look through all that the libraries have made.

    Streamlit collects after every run of a page, in everything that there is: with torch a third of a second, each
    time. What libraries make at their import stays until the end anyway.
    """
    if "torch" in sys.modules and not _thread.is_alive() and _frozen.acquire(blocking=False):
        gc.collect()
        gc.freeze()


def _load() -> None:
    for name in LIBRARIES:
        import_module(name)

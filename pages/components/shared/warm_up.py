"""The libraries that the other pages need, loaded while the first one that anybody opens is looked at."""

import gc
import threading
from importlib import import_module

import streamlit as st

# In the order in which they will be missed.
LIBRARIES = ("pandas", "plotly.graph_objects", "torch", "torchvision.transforms.v2", "scipy.stats", "pytorch_grad_cam")
_thread = threading.Thread(target=lambda: _load(), name="warm up", daemon=True)
_begun = threading.Lock()


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


def _load() -> None:
    for name in LIBRARIES:
        import_module(name)
    # Streamlit collects garbage after every run of a page, in everything that there is: with torch a third of a second,
    # each time. What libraries make at their import stays until the end anyway, so nobody needs to look through it.
    gc.collect()
    gc.freeze()

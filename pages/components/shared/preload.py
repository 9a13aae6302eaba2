"""Loads the slow libraries in the background while a visitor looks at the first page."""

import gc
import threading
from importlib import import_module

import streamlit as st

from pages.components.many_tabs.turns import turns

# In the order in which pages need them.
LIBRARIES = ("pandas", "plotly.graph_objects", "torch", "torchvision.transforms.v2", "scipy.stats", "pytorch_grad_cam")
_thread = threading.Thread(target=lambda: _load(), name="preload", daemon=True)
_started = threading.Lock()


def start() -> None:
    """Start loading in a thread, once per server, so that Train or Explain opens without waiting for imports."""
    if _started.acquire(blocking=False):
        _thread.start()


def wait() -> None:
    """Wait until the thread is done, if it is running.

    Two threads that import the same library at the same time can see it half loaded: Python breaks their deadlock
    that way.
    """
    if _thread.is_alive():
        with st.spinner("Loading PyTorch (once per server start)…"), turns.left():
            _thread.join()


def _load() -> None:
    for name in LIBRARIES:
        import_module(name)
    # A collection looks at all objects: with torch, a quarter of a second with the interpreter's lock held. Objects
    # created by imports live until the end anyway, so they are excluded from collection.
    gc.collect()
    gc.freeze()

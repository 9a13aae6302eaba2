"""The libraries that the other pages need, loaded while the first one is looked at."""

import gc
import threading
import time
from importlib import import_module

import streamlit as st

# In the order in which they will be missed; whole packages, so that a page which is faster waits for them.
LIBRARIES = ("pandas", "plotly.graph_objects", "torch", "torchvision.transforms.v2", "scipy.stats", "pytorch_grad_cam")
_PAUSE_SECONDS = 0.7  # the first page comes first


@st.cache_resource(show_spinner=False)
def begin() -> None:
    """Once for a server, in a thread: the first visit of Train or Explain then does not wait seconds for imports."""
    threading.Thread(target=_load, name="warm up", daemon=True).start()


def _load() -> None:
    time.sleep(_PAUSE_SECONDS)
    for name in LIBRARIES:
        import_module(name)
    # Streamlit collects garbage after every run of a page, in all that there is: with torch loaded a third of a second,
    # each time. What the libraries have made stays until the end anyway, so it need not be looked through.
    gc.collect()
    gc.freeze()

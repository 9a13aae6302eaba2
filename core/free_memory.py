"""Gives memory that this process has freed back to the system."""

import ctypes
import gc
import sys


def return_free_memory() -> None:
    """Give back what was freed, after work with large temporary objects; does nothing where the system cannot.

    glibc keeps freed memory for later, up to hundreds of megabytes
    (https://man7.org/linux/man-pages/man3/malloc_trim.3.html).
    """
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)

"""Keeps Streamlit from asking a server of Amazon for the address of this one.

Streamlit 1.67 does so (``net_util.get_external_ip``) to find out whether a page of another origin may connect: anybody
can cause it with a single request. No setting prevents it, except one that allows every origin. Here no other origin
is known, so such requests are refused at once. ``tests/browser/class_server`` fails without this file.
"""

from streamlit import net_util

from core.hosting.addresses import own_address


def ask_nobody() -> None:
    """Let Streamlit know the address that the system names, and none beyond it."""
    net_util.get_external_ip = lambda: None
    net_util.get_internal_ip = own_address

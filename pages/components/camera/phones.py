"""Phones join by a QR code of this page's address, where the server can be reached from other devices."""

from urllib.parse import urlencode, urlsplit, urlunsplit

import segno
import streamlit as st

from core.data.store.store import Project
from core.hosting.addresses import own_address

LOCAL = ("localhost", "127.0.0.1", "::1")
NEEDS_TLS = (
    "Browsers allow a camera only over https, except on the computer that runs the app. So a phone can open this page, "
    "but not its camera, until the server has a certificate: start it with `make class`."
)


def join_with_a_phone(project: Project) -> None:
    """Draw the QR code in a popover; nothing where only this computer reaches the server."""
    listening = str(st.get_option("server.address") or "")
    url = st.context.url
    if not url or (listening in LOCAL and urlsplit(url).hostname in LOCAL):
        return
    address = address_for_phones(url, project.id, own_address())
    with st.popover("Join with a phone", icon=":material/qr_code_2:"):
        code = segno.make(address, error="m").svg_inline(scale=6, border=4, dark="#000000", light="#ffffff")
        with st.container(horizontal=True):  # side by side where there is room, so that all is in sight
            st.image(code, width=240)
            with st.container(width=290):
                st.markdown("Scan the code with a phone in the same network, or type the address.")
                st.code(address, language=None)
                if urlsplit(address).scheme != "https":
                    st.caption(NEEDS_TLS)


def address_for_phones(url: str, project_id: int, own: str) -> str:
    """Return the page's address as other devices reach it: ``own`` takes the place of localhost."""
    parts = urlsplit(url)
    host = parts.hostname or own
    if host in LOCAL:
        host = own
    if ":" in host:
        host = f"[{host}]"
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, urlencode({"project": project_id}), ""))

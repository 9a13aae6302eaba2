"""How pupils come in: the code in large letters and the address as a QR code, for the projector."""

from urllib.parse import urlencode, urlsplit, urlunsplit

import segno
import streamlit as st

from core.people.records import ClassRoom
from pages.components.camera.phones import LOCAL, own_address
from pages.components.shared.wording import plain


def show(classroom: ClassRoom) -> None:
    """Draw the code, the address and the QR code."""
    address = join_address(st.context.url or "", own_address())
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="class-way-in"):
        with st.container(width="stretch"):
            st.markdown(f"Join **{plain(classroom.name)}** at")
            st.code(address, language=None)
            st.markdown("with the code")
            st.html(f'<div class="class-code">{classroom.code}</div>')
        code = segno.make(f"{address}?{urlencode({'code': classroom.code})}", error="m")
        st.image(code.svg_inline(scale=6, border=4, dark="#000000", light="#ffffff"), width=220)


def join_address(url: str, own: str) -> str:
    """Return the address at which pupils join: ``own`` takes the place of localhost."""
    parts = urlsplit(url)
    host = parts.hostname or own
    host = own if host in LOCAL else host
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme or "http", f"[{host}]{port}" if ":" in host else f"{host}{port}", "/join", "", ""))

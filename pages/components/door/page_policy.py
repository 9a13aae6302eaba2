"""The content security policy of a class's server: what a page may load, and from where.

Streamlit and its components are scripts and styles within the page, and modules made there (``blob:``). The same policy
stands in deploy/class/Caddyfile, for what the app does not answer itself.
"""

import re

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_POLICY = (
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'{sockets} data: blob:",
    "worker-src 'self' blob:",
    "frame-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
CLASS_HEADERS = {
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}


def page_policy(host: str) -> str:
    """Return the policy of a page that was asked for under this host, such as ``192.168.1.7:8501``."""
    # Older browsers do not count a websocket of the same host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(_POLICY).format(sockets=sockets)

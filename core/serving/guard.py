"""Keep web pages of other origins out: a browser on this machine reaches a service that the internet cannot."""

import ipaddress
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class OriginGuard:
    """Refuse requests from pages of other origins and, on loopback, requests to another host name.

    The first keeps foreign pages from using the model, the second those that point a name of theirs at 127.0.0.1 (DNS
    rebinding). Programs send no Origin and are not affected. ``origins`` are allowed, or all with "*".
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str] = (), only_loopback: bool = True) -> None:
        self.app = app
        self.origins = origins
        self.only_loopback = only_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem(Headers(scope=scope)) if scope["type"] == "http" else ""
        if problem:
            await JSONResponse({"error": problem}, 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _problem(self, headers: Headers) -> str:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self.only_loopback and not is_loopback(_parts(f"//{host}").hostname or ""):
            return "This service answers only on this machine. Use its address, such as http://127.0.0.1:8000."
        if origin is None or origin in self.origins or "*" in self.origins or _parts(origin).netloc == host:
            return ""
        return f"Pages of {origin[:200]} may not use this service. Start it with --allow-origin {origin[:200]}."


def _parts(address: str) -> SplitResult:
    """Return the parts of an address; none for one that is no address, such as ``http://[``."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"

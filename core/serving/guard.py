"""Keep web pages of other origins out: a browser on this machine reaches a service that the internet cannot."""

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class OriginGuard:
    """Refuse requests from pages of other origins, and requests to a host name that is not this machine's.

    The first keeps foreign pages from using the model, the second those that point a name of theirs at this machine
    (DNS rebinding): that needs a name, so addresses are let in, on loopback those of loopback. Programs send no Origin
    and are not affected. ``origins`` and ``hosts`` are allowed too, or all with "*".
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        origins: Collection[str] = (),
        hosts: Collection[str] = (),
        only_loopback: bool = True,
    ) -> None:
        self.app = app
        self.origins = origins
        self.hosts = {one.lower().rstrip(".") for one in hosts} | (set() if only_loopback else own_names())
        self.only_loopback = only_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem(Headers(scope=scope)) if scope["type"] == "http" else ""
        if problem:
            await JSONResponse({"error": problem}, 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _problem(self, headers: Headers) -> str:
        host, origin = headers.get("host", ""), headers.get("origin")
        name = _parts(f"//{host}").hostname or ""
        if not self._is_ours(name):
            if self.only_loopback:
                return "This service answers only on this machine. Use its address, such as http://127.0.0.1:8000."
            return f"This service does not answer to the name {name[:200]}. Start it with --allow-host {name[:200]}."
        if origin is None or origin in self.origins or "*" in self.origins or _parts(origin).netloc == host:
            return ""
        return f"Pages of {origin[:200]} may not use this service. Start it with --allow-origin {origin[:200]}."

    def _is_ours(self, name: str) -> bool:
        if is_loopback(name) or name.rstrip(".") in self.hosts or "*" in self.hosts:
            return True
        return not self.only_loopback and _is_address(name)


def own_names() -> set[str]:
    """Return the names of this machine: its host name, also as local networks announce it (mDNS)."""
    name = socket.gethostname().lower().rstrip(".")
    short = name.partition(".")[0]
    return {name, short, f"{short}.local"} - {"", ".local"}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


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

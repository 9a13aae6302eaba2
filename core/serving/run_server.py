"""Run the service until SIGTERM or Ctrl+C; requests that are being answered then get their answers."""

import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from core.errors import StudioError

_ENDING_SECONDS = 60
"""How long running requests may take after the signal."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket on an address; port 0 takes a free one. Raises StudioError if the address is not free."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise StudioError(f"There is no address {host!r} ({error.strerror}). Use --host 127.0.0.1.") from error
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # on Windows, this would share the port with another program
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise StudioError(
            f"Port {port} of {host} cannot be used ({error.strerror}). Choose another one with --port."
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """Return the URL of a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(app: FastAPI, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Answer requests until SIGTERM or SIGINT; ``ready`` is called once they are accepted."""
    # Without the access log: it would hold what visitors of other machines ask, for nobody.
    settings = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=_ENDING_SECONDS, server_header=False
    )
    server = _Server(settings, ready)

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # When it has ended, uvicorn sends itself the signal again, to whoever handled it before: the end is no failure.
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        listening.close()


class _Server(uvicorn.Server):
    """A server that says when it accepts requests."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

"""Runs at the start of every Python process that has this folder in PYTHONPATH: notes each look beyond the machine.

The names of this machine and of loopback are no looks beyond it. Libraries in C that open sockets themselves are not
seen here.
"""

import os
import sys
from pathlib import Path
from typing import Any

_LOG = Path(os.environ["WATCH_LOG"])
_HERE = ("", "localhost", "localhost.localdomain", "127.0.0.1", "::1", "0.0.0.0", "::", os.uname().nodename)
_PLACE = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0}
_NAMED = ("socket.gethostbyname", "socket.gethostbyaddr")


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _NAMED:
        found = arguments[0]
    elif event in _PLACE:
        found = arguments[_PLACE[event]]
    else:
        return
    host = found[0] if isinstance(found, tuple) and found else found
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    # A path is the address of a socket between processes of one machine.
    if host is None or host in _HERE or host.startswith(("127.", "/", "\0")):
        return
    with _LOG.open("a", encoding="utf-8") as log:
        log.write(f"{' '.join(sys.orig_argv)[:200]}: {event} {found!r}\n")


sys.addaudithook(_watch)

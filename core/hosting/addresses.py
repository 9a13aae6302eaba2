"""The addresses under which other devices reach this computer; asks the system alone and sends nothing."""

import ipaddress
import socket
from pathlib import Path

import psutil

_VIRTUAL = ("docker", "br-", "veth", "virbr", "vbox", "vmnet", "tun", "tap", "wg", "utun", "cni", "flannel", "podman")
_ROUTES = Path("/proc/net/route")


def own_addresses() -> list[str]:
    """Return this computer's IPv4 addresses, that of the network which leads outside first; without loopback."""
    first = _outward_interface()
    found: list[tuple[int, str]] = []
    up = {name for name, about in psutil.net_if_stats().items() if about.isup}
    for name, some in psutil.net_if_addrs().items():
        for one in some:
            if one.family is not socket.AF_INET or name not in up:
                continue
            address = ipaddress.ip_address(one.address)
            if not (address.is_loopback or address.is_link_local):
                found.append((0 if name == first else 2 if name.startswith(_VIRTUAL) else 1, one.address))
    return list(dict.fromkeys(address for _, address in sorted(found)))


def own_address() -> str:
    """Return this computer's address in its network, else its name."""
    return next(iter(own_addresses()), socket.gethostname())


def own_names() -> list[str]:
    """Return the names of this computer: in its network, by multicast DNS, and for itself."""
    name = socket.gethostname()
    return list(dict.fromkeys([name, *([] if "." in name else [f"{name}.local"]), "localhost"]))


def _outward_interface() -> str | None:
    """Return the interface of the default route; None where the system keeps its routes elsewhere."""
    try:
        rows = [line.split() for line in _ROUTES.read_text(encoding="ascii").splitlines()[1:]]
    except (OSError, UnicodeDecodeError):
        return None
    return next((row[0] for row in rows if len(row) > 2 and row[1] == "00000000"), None)

"""Whether trainings go to a Ray cluster, and what is wrong with the setting if they cannot."""

import importlib.util
import os
import socket
from urllib.parse import urlsplit

from core.errors import RunError

SETTING = "RESNET_STUDIO_RAY_ADDRESS"
GPU_LINE, CPU_LINE = "ray", "ray_cpu"
"""The queues of runs on the cluster: those that may get a GPU, and those that ask for processors alone."""

_CONNECT_SECONDS = 3.0


def ray_address() -> str | None:
    """Return the address of the cluster's head in RESNET_STUDIO_RAY_ADDRESS, or None where nothing is set."""
    return os.environ.get(SETTING, "").strip() or None


def cluster_line(device: str) -> str | None:
    """Return the cluster's queue for a recipe's device; None if trainings stay on this machine."""
    if ray_address() is None:
        return None
    return CPU_LINE if device == "cpu" else GPU_LINE


def check_cluster() -> None:
    """Raise RunError if trainings go to a cluster that cannot be used: no Ray here, or nobody at the address."""
    address = ray_address()
    if address is None:
        return
    if importlib.util.find_spec("ray") is None:
        raise RunError(
            f"{SETTING} is set, but Ray is not installed. Install it with pip install -r requirements-cluster.txt, or "
            f"unset {SETTING} to train on this machine."
        )
    host, port = _host_and_port(address)
    try:
        socket.create_connection((host, port), _CONNECT_SECONDS).close()
    except OSError as error:
        raise RunError(
            f"The Ray cluster at {address} does not answer ({error.strerror or error}). Start it, correct {SETTING}, "
            "or unset it to train on this machine."
        ) from error


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.scheme not in ("", "ray"):
        raise RunError(
            f"{SETTING} is {address[:100]!r}. Write the address of the cluster's head like 10.0.0.5:6379, or unset it "
            "to train on this machine."
        )
    return host, port

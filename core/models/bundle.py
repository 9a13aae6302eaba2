"""The bundle: a folder with a model's weights, its classes, its preprocessing and its origin.

``model.safetensors`` holds the weights under torchvision's names, ``bundle.json`` everything else. Nothing is pickled.
torch is imported only when weights are read or written.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import BundleError
from core.file_replacement import replace_patiently
from core.models.decision import FOREIGN_FILE, Decision, new_foreign_file
from core.models.file_hash import known_sha256_of
from core.models.untrusted.bundle_info import (
    DECISION_VERSION,
    MAX_BYTES,
    SCHEMA_VERSION,
    STAGES_VERSION,
    BundleInfo,
    InvalidInfo,
    OtherVersion,
    parse_info,
)
from core.models.untrusted.stored_tensor import StoredTensor, Unusable, checked_state, read_tensor
from core.models.untrusted.tensor_shapes import difference
from core.models.zoo import config_of

if TYPE_CHECKING:
    from torch import Tensor

    from core.models.resnet import ResNet

__all__ = ["BundleInfo", "load_bundle", "read_info", "save_bundle", "save_decision", "write_bundle"]

WEIGHTS_FILE = "model.safetensors"
INFO_FILE = "bundle.json"


def save_bundle(folder: Path, model: "ResNet", info: BundleInfo, also: Callable[[Path], None] | None = None) -> None:
    """Write the bundle completely or not at all; an existing bundle is replaced with all its files.

    `also` may write further files into the folder that it gets; they appear together with the bundle.
    Raises BundleError if `folder` contains anything else or cannot be written.
    """
    from safetensors.torch import save

    from core.models.heads import task_of

    fits = model.config == config_of(info.arch) and model.fc.out_features == len(info.classes)
    if not fits or task_of(model) != info.task:
        raise ValueError(f"the network is not a {info.arch} with {len(info.classes)} classes for {info.task}")

    def write(path: Path) -> str:
        # safetensors stores row-major memory; a channels_last network has another order.
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
        # Not save_file, which makes its file unreadable for other users of the machine.
        content = save(state, metadata={"format": "pt"})
        path.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    write_bundle(folder, info, write, also)


def write_bundle(
    folder: Path, info: BundleInfo, write_weights: Callable[[Path], str], also: Callable[[Path], None] | None = None
) -> None:
    """Write a bundle as ``save_bundle`` does, with the weights that a function writes to the path that it gets.

    The function returns the SHA-256 of what it wrote. Does not import torch.
    """
    folder = folder.resolve()
    if folder.exists() and not (folder / INFO_FILE).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BundleError(f"{folder} contains files that are not a bundle. Choose a new or empty folder.")
    new, old = folder.with_name(f".{folder.name}.new"), _set_aside(folder)
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        info = info.model_copy(update={"model_sha256": write_weights(new / WEIGHTS_FILE)})
        _write_info(new / INFO_FILE, info)
        if also is not None:
            also(new)
        # A folder cannot be replaced in one step. If the process dies between these two renames, the old bundle is
        # still complete under its temporary name, where complete_folder finds it.
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            replace_patiently(folder, old)
        replace_patiently(new, folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise BundleError(
            f"The bundle {folder} cannot be written ({error.strerror}). Free some disk space or choose another folder."
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def save_decision(folder: Path, decision: Decision | None, vectors: bytes | None = None) -> None:
    """Give a bundle another decision, or none; ``bundle.json`` is replaced whole, and the weights are not touched.

    ``vectors`` is the new content of ``foreign.safetensors``, whose SHA-256 is in ``decision.foreign``. Only while
    nobody writes this bundle: for the model of a run, after its training. Raises BundleError if the bundle cannot be
    read or written, and ValueError if the decision is for other classes.
    """
    info = read_info(folder)
    if decision is not None and decision.threshold and decision.threshold.class_name not in info.classes:
        raise ValueError(f"the model has no class {decision.threshold.class_name!r}")
    folder = complete_folder(folder)
    path, foreign = folder / INFO_FILE, folder / FOREIGN_FILE
    part, vectors_part = path.with_name(f"{INFO_FILE}.part"), path.with_name(f"{FOREIGN_FILE}.part")
    try:
        if vectors is not None:
            # Under a name of their own: until bundle.json is replaced, it needs the old ones. See foreign_contents.
            vectors_part.write_bytes(vectors)
            replace_patiently(vectors_part, folder / new_foreign_file(hashlib.sha256(vectors).hexdigest()))
        _write_info(part, info.model_copy(update={"decision": decision}))
        replace_patiently(part, path)
        with contextlib.suppress(OSError):  # what remains harms nobody
            _tidy_vectors(folder, foreign, decision)
    except OSError as error:
        raise BundleError(
            f"The decision cannot be saved in {folder} ({error.strerror}). Free some disk space, then try again."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
            vectors_part.unlink(missing_ok=True)


def _tidy_vectors(folder: Path, foreign: Path, decision: Decision | None) -> None:
    """Give the vectors that bundle.json names their usual name, and delete all others."""
    if decision is None or decision.foreign is None:
        foreign.unlink(missing_ok=True)
    elif (new := folder / new_foreign_file(decision.foreign.sha256)).is_file():
        replace_patiently(new, foreign)
    for left in folder.glob(new_foreign_file("*")):
        left.unlink(missing_ok=True)


def foreign_contents(bundle: Path, sha256: str, most_bytes: int) -> Iterator[bytes]:
    """Yield what may be the vectors of the score for "none of these", at most one byte more than a limit of each file.

    The right ones have this SHA-256. Where a process was killed while it saved new ones, the usual file holds the old
    ones. Raises OSError for a file that is there but cannot be read.
    """
    # The usual name again at the end: a writer may have renamed the file between the two.
    for name in (FOREIGN_FILE, new_foreign_file(sha256), FOREIGN_FILE):
        with contextlib.suppress(FileNotFoundError), (complete_folder(bundle) / name).open("rb") as file:
            yield file.read(most_bytes + 1)


def _write_info(path: Path, info: BundleInfo) -> None:
    """Write bundle.json with the oldest version that can read it."""
    version = STAGES_VERSION if config_of(info.arch).head == "stages" else SCHEMA_VERSION
    version = version if info.decision is None else DECISION_VERSION
    info = info.model_copy(update={"schema_version": version})
    # Earlier versions of this program refuse fields that they do not know.
    text = info.model_dump_json(indent=2, exclude={"decision"} if info.decision is None else None)
    path.write_text(text + "\n", encoding="utf-8")


def read_info(folder: Path) -> BundleInfo:
    """Read a bundle's ``bundle.json`` without its weights; raises BundleError."""
    path = complete_folder(folder) / INFO_FILE
    try:
        with path.open("rb") as file:
            info = parse_info(file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        raise BundleError(
            f"{folder} is not a bundle: it has no {INFO_FILE}. "
            f"Choose a folder that contains {INFO_FILE} and {WEIGHTS_FILE}."
        ) from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}). Check the path and its permissions.") from error
    except OtherVersion as version:
        raise BundleError(
            f"{path} has schema version {version}; this program reads versions {SCHEMA_VERSION} to "
            f"{DECISION_VERSION}. Update the program, or export the bundle again."
        ) from version
    except InvalidInfo as error:
        raise BundleError(f"{path} is not valid ({error}). Export the bundle again.") from error
    if config_of(info.arch).head != "last" and info.task != "classification":
        raise BundleError(f"{path} has a head on several stages, but such heads predict no boxes. Export it again.")
    return info


def load_bundle(folder: Path) -> tuple["ResNet", BundleInfo]:
    """Return the network on the CPU in evaluation mode, and its bundle's description.

    Raises BundleError if a file is missing or damaged, or if the weights do not fit bundle.json or its SHA-256.
    """
    for _ in range(5):
        info = read_info(folder)
        try:
            model = _load_network(folder, info)
        except BundleError:
            if read_info(folder) == info:
                raise
            continue
        # A run may have replaced the bundle between reading the two files.
        if read_info(folder) == info:
            return model.eval(), info
    raise BundleError(f"The bundle {folder} keeps changing while it is read. Try again when its run has ended.")


def mismatch(model: "ResNet", state: "Mapping[str, Tensor | StoredTensor]", *, classifier: bool = True) -> str | None:
    """Describe in half a sentence how a state dict differs from what the network needs; None if it fits.

    With ``classifier=False`` the last layer (``fc``) is not compared.
    """
    wanted = {k: tuple(v.shape) for k, v in model.state_dict().items() if classifier or not k.startswith("fc.")}
    found = {k: tuple(v.shape) for k, v in state.items() if classifier or not k.startswith("fc.")}
    return difference(wanted, found)


def _load_network(folder: Path, info: BundleInfo) -> "ResNet":
    import torch

    from core.models.heads import build_for
    from core.models.untrusted.safetensors_header import read_header

    path = complete_folder(folder) / WEIGHTS_FILE
    # On the meta device first: no time and no random numbers are spent on weights that are replaced anyway.
    with torch.device("meta"):
        model = build_for(info.task, info.arch, len(info.classes))
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            tensors = checked_state(read_header(file, size), size)
            if problem := mismatch(model, tensors):
                raise BundleError(
                    f"{path} does not fit {INFO_FILE} ({info.arch} with {len(info.classes)} classes): {problem}. "
                    "Put the two files of the same bundle together."
                )
            if info.model_sha256 is not None and known_sha256_of(path) != info.model_sha256:
                raise BundleError(
                    f"{path} is damaged: its SHA-256 is not the one in {INFO_FILE}. "
                    "Copy the bundle again, or export it again."
                )
            state = {name: read_tensor(file, tensor) for name, tensor in tensors.items()}
    except FileNotFoundError:
        raise BundleError(
            f"{folder} has no {WEIGHTS_FILE}. Copy the whole bundle folder, or export it again."
        ) from None
    except Unusable as error:
        raise BundleError(f"{path} cannot be used: {error}") from error
    except (OSError, EOFError, ValueError) as error:
        raise BundleError(f"{path} is damaged ({error}). Copy the bundle again, or export it again.") from error
    fill(model, state)
    return model


def fill(model: "ResNet", state: "Mapping[str, Tensor]") -> None:
    """Give a network without numbers (on the meta device) copies of these tensors, in its own types.

    torch's ``to_empty`` would load sympy for it, half a second in each process that opens a model. Copies, because
    torch aligns its own memory: where a tensor begins can change the last digit of an answer.
    """
    import torch

    types = {name: empty.dtype for name, empty in model.state_dict().items()}
    copies = {name: torch.empty(one.shape, dtype=types[name]).copy_(one) for name, one in state.items()}
    model.load_state_dict(copies, assign=True)


def _set_aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def complete_folder(folder: Path) -> Path:
    """Return the folder, or the old bundle's temporary one if a writer is (or died) between its two renames."""
    folder = folder.resolve()
    old = _set_aside(folder)
    return old if not _has_both_files(folder) and _has_both_files(old) else folder


def has_bundle(folder: Path) -> bool:
    """Return whether there is a bundle, also while it is being replaced: the one answer to "is there a model?"."""
    return _has_both_files(complete_folder(folder))


def replacement_is_unfinished(folder: Path) -> bool:
    """Return whether a writer is replacing this bundle, or died while it did."""
    return _set_aside(folder.resolve()).is_dir()


def finish_replacement(folder: Path) -> None:
    """Restore the old bundle if its writer died between the two renames, and delete what it left.

    Only while nobody writes this bundle. Where the disk cannot be written, nothing changes.
    """
    folder = folder.resolve()
    old = _set_aside(folder)
    shutil.rmtree(folder.with_name(f".{folder.name}.new"), ignore_errors=True)
    with contextlib.suppress(OSError):
        if old.is_dir() and not _has_both_files(folder) and _has_both_files(old):
            if folder.exists():
                folder.rmdir()  # only if it is empty
            replace_patiently(old, folder)
        if old.is_dir() and _has_both_files(folder):
            shutil.rmtree(old)


def _has_both_files(folder: Path) -> bool:
    try:
        return (folder / INFO_FILE).is_file() and (folder / WEIGHTS_FILE).is_file()
    except OSError:  # a folder that may not be looked into
        return False

"""The kept epochs of an automatic training: those of each phase whose model was kept, in folders of the run."""

import os
import shutil
from pathlib import Path

from core.errors import StudioError
from core.file_replacement import replace_patiently
from core.models.bundle import WEIGHTS_FILE, complete_folder
from core.runs.folder import RunFolder
from core.training.saving.kept_epochs import (
    FOLDER,
    LIMIT_BYTES,
    epoch_files,
    phase_folders,
    tensor_names,
    write_start,
)


def settle_epochs(run: RunFolder, phase: Path, before: Path | None, *, kept: bool) -> None:
    """Give the run the epochs of a phase that is kept, and take away those of one that is not.

    ``phase`` is the phase's folder, ``before`` that of the phase whose model it began with. Done again, it comes to the
    same result. They are only for looking at, so a failure is logged and stops nothing.
    """
    target = run.path / FOLDER / phase.name
    try:
        shutil.rmtree(target, ignore_errors=True)
        if kept and epoch_files(phase / FOLDER):
            _take(phase / FOLDER, target, before)
            _fit_limit(run.path / FOLDER)
    except (OSError, StudioError) as error:
        run.append_log(f"The epochs of this phase are not kept for the Explain page: {error}")


def _take(source: Path, target: Path, before: Path | None) -> None:
    new = target.with_name(f".{target.name}.new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        for path in epoch_files(source):
            _link(path, new / path.name)
        if before is not None:
            _keep_start(new, target.parent, before)
        replace_patiently(new, target)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _keep_start(new: Path, folder: Path, before: Path) -> None:
    """Keep the values that tensors had before this phase, where no file of an earlier phase has them."""
    trained = {name for path in epoch_files(new) for name in tensor_names(path)}
    earlier = [path for _, place in phase_folders(folder) if place.name != new.name for path in place.glob("*.safet*")]
    missing = trained - {name for path in earlier for name in tensor_names(path)}
    if not earlier or not missing:
        return
    from core.models.weight_files import load_file

    state = load_file(complete_folder(before / "best") / WEIGHTS_FILE)
    write_start(new, {name: state[name].numpy() for name in missing if name in state})


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without links
        shutil.copyfile(source, target)


def _fit_limit(folder: Path) -> None:
    """Delete epochs between the first and the last of a phase, large ones first, until all fit the limit."""
    files = {place: epoch_files(place) for _, place in phase_folders(folder)}

    def total() -> int:
        return sum(path.stat().st_size for _, place in phase_folders(folder) for path in place.iterdir())

    while total() > LIMIT_BYTES:
        between = {place: some[1:-1] for place, some in files.items() if len(some) > 2}
        if not between:
            return
        place = max(between, key=lambda one: sum(path.stat().st_size for path in between[one]))
        # The one whose neighbours are closest to each other leaves the smallest gap.
        some = files[place]
        gaps = {some[at]: int(some[at + 1].stem) - int(some[at - 1].stem) for at in range(1, len(some) - 1)}
        dropped = min(gaps, key=lambda path: (gaps[path], -int(path.stem)))
        dropped.unlink()
        files[place] = [path for path in some if path != dropped]

"""Make the snapshot that a command trains on from a table of labels or from packed images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from core.cli.console import ProgressDisplay, first_process, print_problems

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.workspace import Workspace


def snapshot_to_train(
    labels: list[Path],
    images: Path | None,
    task: str,
    seed: int,
    workspace: "Workspace",
    group_column: str | None = None,
    answers: Sequence[str] | None = None,
    *,
    check: bool = True,
) -> "Snapshot":
    """Return the snapshot to train on and print its problems; raises TooLittleData, unless ``check`` is False."""
    from core.data.snapshot import check_trainable, snapshot_of_packed, snapshot_of_table
    from core.data.tables.questions import parse_answers

    packed = is_packed(labels)
    if not packed and len(labels) > 1:
        raise typer.BadParameter("give one labels.csv, or several files of packed images only.")
    if packed and images is not None:
        raise typer.BadParameter("files of packed images contain their images; leave --images out.")
    if packed and group_column is not None:
        raise typer.BadParameter("packed images have no table, so --group-column cannot be used.")
    chosen = None if task == "auto" else task
    with ProgressDisplay(quiet=not first_process()) as display:
        progress = display.counter("reading the photos")
        if packed:
            snapshot, problems = snapshot_of_packed(
                labels, workspace.unpacked, seed, progress, parse_answers(answers or ()), chosen
            )
        else:
            folder = images or labels[0].parent
            snapshot, problems = snapshot_of_table(
                labels[0], folder, seed, progress, chosen, group_column, parse_answers(answers or ())
            )
    if first_process():
        print_problems(problems)
    if check:
        check_trainable(snapshot)
    return snapshot


def is_packed(labels: list[Path]) -> bool:
    """Return whether all these are files of packed images."""
    from core.data.importing.folder_layout import PACKED_SUFFIXES

    return all(path.suffix.lower() in PACKED_SUFFIXES for path in labels)

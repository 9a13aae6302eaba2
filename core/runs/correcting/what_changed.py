"""What changed from a run to the one that was trained again on corrected labels: data, labels and answers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.snapshot_changes import SnapshotChanges, label_changes, snapshot_changes
from core.errors import RunError
from core.inspection.measuring.changed_answers import ChangedAnswers, changed_answers
from core.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class WhatChanged:
    """The differences between an earlier run and the one that corrects it."""

    earlier: RunFolder
    later: RunFolder
    data: SnapshotChanges
    labels: "pd.DataFrame" = field(repr=False)
    """The photos with another label, as of ``label_changes``."""
    answers: ChangedAnswers | None = field(repr=False)
    """On the validation photos of both; None as long as one of the runs has not been evaluated on them."""


def what_changed(run: RunFolder) -> WhatChanged | None:
    """Compare a run with the one that it corrects; None if it corrects none.

    Raises RunError if the earlier run was deleted or a table is damaged, DataError if a snapshot is.
    """
    earlier = earlier_run(run)
    if earlier is None:
        return None
    before, after = earlier.snapshot(), run.snapshot()
    old, new = earlier.predictions("val"), run.predictions("val")
    return WhatChanged(
        earlier=earlier,
        later=run,
        data=snapshot_changes(before, after),
        labels=label_changes(before, after),
        answers=None if old is None or new is None else changed_answers("val", old, new),
    )


def earlier_run(run: RunFolder) -> RunFolder | None:
    """Return the run that this one corrects, which lies beside it; None if it corrects none.

    Raises RunError if it was deleted.
    """
    name = run.status().corrected_from
    if name is None:
        return None
    path = run.path.parent / name
    # The name comes from a file: nothing outside the folder of runs is opened.
    inside = Path(name).name == name and not name.startswith(".") and path.parent == run.path.parent
    if not inside or not (path / "status.json").is_file():
        raise RunError("The run that this one corrects has been deleted, so the two cannot be compared.")
    return RunFolder(path)

"""Everything that a run's folder says, gathered once for the page."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import DataError, RunError
from core.inspection.measuring.report import Report
from core.inspection.measuring.verdict import Verdict
from core.models.bundle import read_info
from core.models.untrusted.bundle_info import BundleInfo
from core.runs.automatic.phases import Phases, read_phases
from core.runs.correcting.what_changed import WhatChanged, what_changed
from core.runs.exams.looks import Looks, looks_at_test_photos
from core.runs.folder import RunFolder
from core.runs.status import Status
from core.runs.verdict import verdict_of
from core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from core.data.snapshot import Snapshot
    from core.training.recipe import Recipe


@dataclass(frozen=True)
class RunRecord:
    """A finished run with its report on the validation photos."""

    run: RunFolder
    status: Status
    recipe: "Recipe"
    snapshot: "Snapshot"
    info: BundleInfo
    report: Report
    """On the validation photos."""
    predictions: "pd.DataFrame" = field(repr=False)
    """For the validation photos."""
    test: Report | None
    """On the test photos, if anybody has looked at them."""
    looks: Looks
    """At the test photos: also those of a report that a resumed training has deleted, and those of other runs."""
    verdict: Verdict | None
    phases: Phases | None
    changed: WhatChanged | None
    remarks: tuple[str, ...]
    """What could not be read, and why."""

    @property
    def title(self) -> str:
        return self.status.title or self.run.id


def read_record(run: RunFolder, workspace: Workspace) -> RunRecord:
    """Read a run. Raises RunError if it has no model or no report yet, DataError if its snapshot is damaged."""
    if not run.finished:
        raise RunError(f"The run {run.id} has no model yet. Wait for its first epoch, or resume it.")
    report, predictions = run.report("val"), run.predictions("val")
    if report is None or predictions is None:
        raise RunError(
            f"The run {run.id} has not been evaluated on its validation photos. "
            f"Evaluate it first: python -m core evaluate {run.id}"
        )
    remarks: list[str] = []
    snapshot, test = run.snapshot(), run.report("test")
    changed: WhatChanged | None = None
    try:
        changed = what_changed(run)
    except (RunError, DataError) as error:
        remarks.append(str(error))
    return RunRecord(
        run=run,
        status=run.status(),
        recipe=run.recipe(),
        snapshot=snapshot,
        info=read_info(run.best),
        report=report,
        predictions=_with_present_paths(predictions, snapshot),
        test=test,
        looks=looks_at_test_photos(workspace, run),
        verdict=verdict_of(run, report),
        phases=read_phases(run.path),
        changed=changed,
        remarks=tuple(remarks),
    )


def _with_present_paths(predictions: "pd.DataFrame", snapshot: "Snapshot") -> "pd.DataFrame":
    """Return predictions with the snapshot's paths, which are right even if the workspace was moved since."""
    paths = dict(zip(snapshot.frame["image"], snapshot.frame["path"], strict=True))
    found = [paths.get(image, path) for image, path in zip(predictions["image"], predictions["path"], strict=True)]
    return predictions.assign(path=found)

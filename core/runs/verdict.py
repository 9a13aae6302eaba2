"""The verdict on a run: its report on a split, judged against guessing with the run's own training photos."""

from core.data.snapshot import SIZE_COLUMNS, Snapshot
from core.inspection.measuring.group_interval import with_groups
from core.inspection.measuring.report import Report
from core.inspection.measuring.verdict import Verdict, mean_box_iou, verdict
from core.runs.automatic.phases import read_phases
from core.runs.folder import RunFolder


def verdict_of(run: RunFolder, report: Report, looks: int = 1) -> Verdict | None:
    """Return the verdict on a run's report; None if there is nothing to judge.

    ``looks`` is how often the test photos have been looked at, for a report on them. Raises DataError if the run's
    snapshot is missing or damaged, RunError if its recipe or its phases.json is.
    """
    snapshot = run.snapshot()
    recipe = run.recipe()
    solved = recipe.solves_head(snapshot.task)
    if recipe.train == "automatic":  # with several phases, the validation photos chose one of them
        found = read_phases(run.path)
        solved = report.task != "localization" and found is not None and len(found.phases) == 1
    return verdict(
        with_groups(report, snapshot),
        {str(name): int(number) for name, number in snapshot.counts()["train"].items()},
        layers=recipe.train,
        chose_epoch=not solved,
        mean_box_iou=_fixed_box(snapshot, report.split),
        looks=looks,
    )


def _fixed_box(snapshot: Snapshot, split: str) -> float | None:
    """Return the mean IoU of always predicting the average training box; None for a classification."""
    if not set(SIZE_COLUMNS) <= set(snapshot.frame):
        return None
    return mean_box_iou(snapshot.part("train"), snapshot.part(split))

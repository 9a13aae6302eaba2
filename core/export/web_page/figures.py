"""What a page says about its model: what it is, how good it is and on how many photos."""

from core.inspection.measuring.report import BoxReport, Report
from core.models.bundle import BundleInfo
from core.models.zoo import network_name, with_plain_head
from core.runs.exams.looks import Looks, looks_at_test_photos
from core.runs.exams.records import TEST
from core.runs.folder import RunFolder
from core.workspace import Workspace

_NAMES = {"val": "Validation", TEST: "Exam on the test photos"}
_SHOWN_CLASSES = 12


def what_it_is(info: BundleInfo) -> str:
    """Return a sentence about the model and its classes."""
    names = [" ".join(name.split()) for name in info.classes[:_SHOWN_CLASSES]]
    more = len(info.classes) - len(names)
    listed = ", ".join(names) + (f" and {more:,} more" if more else "")
    box = ", and marks where the object is" if info.task == "localization" else ""
    return (
        f"A {network_name(with_plain_head(info.arch))} that tells {len(info.classes):,} classes apart{box}: {listed}."
    )


def how_good(run: RunFolder | None, workspace: Workspace) -> list[str]:
    """Return a line for the validation photos and one for each exam; says so where there are none."""
    if run is None:
        return ["How good this model is was not measured in this studio: it is not a run of it."]
    looks = looks_at_test_photos(workspace, run)
    lines = [_line(report, looks) for split in ("val", TEST) if (report := run.report(split)) is not None]
    if not lines:
        return ["How good this model is has not been measured yet."]
    if run.report(TEST) is None:
        lines.append("There was no exam on test photos yet." if not looks.own else "No figures of its exam are shown.")
    return lines


def _line(report: Report, looks: Looks) -> str:
    figure = f"{report.accuracy} correct"
    if isinstance(report, BoxReport):
        figure += f"; mean overlap of the boxes (IoU) {report.mean_iou}"
    look = f"; {looks.words}" if report.split == TEST else ""
    return f"{_NAMES[report.split]}: {figure}{look}."

"""Writes a run's report as one HTML page, which shows everything that it holds without loading anything."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import StudioError
from core.export.report_page.change_section import change_section
from core.export.report_page.data_section import data_section
from core.export.report_page.doubt_section import doubt_section
from core.export.report_page.heatmaps import Heatmap, heatmaps
from core.export.report_page.html_parts import counted, esc, name, paragraph
from core.export.report_page.page_frame import page
from core.export.report_page.photo_section import doubtful_section, mistakes_section
from core.export.report_page.result_section import (
    classes_section,
    confusion_section,
    curves_section,
    result_section,
)
from core.export.report_page.run_record import RunRecord, read_record
from core.export.report_page.thumbnails import Thumbnails
from core.export.report_page.training_section import training_section
from core.export.report_page.version_section import version_section
from core.progress import Progress
from core.runs.folder import RunFolder
from core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

ReportProgress = Callable[[Progress], None]


def report_page(
    run: RunFolder, workspace: Workspace, *, with_heatmaps: bool = True, progress: ReportProgress | None = None
) -> str:
    """Return the page of a finished run that was evaluated on its validation photos.

    With heatmaps, the model is loaded, which takes some seconds. What cannot be shown is named on the page. Raises
    RunError if there is no model or no report yet, DataError if the run's snapshot is damaged.
    """
    report = progress or (lambda _: None)
    report(Progress("reading the run", 0, None))
    record = read_record(run, workspace)
    thumbnails, missing = Thumbnails(workspace), list[str]()

    def heat(rows: "pd.DataFrame") -> Iterator[Heatmap]:
        report(Progress("drawing heatmaps", 0, len(rows)))
        try:
            yield from heatmaps(
                run.path, workspace, rows, lambda done, total: report(Progress("drawing heatmaps", done, total))
            )
        except StudioError as error:
            missing.append(f"There are no heatmaps: {error}")

    results, result_charts = result_section(record)
    confusion, confusion_charts = confusion_section(record)
    classes, class_charts = classes_section(record)
    curves, curve_charts = curves_section(record)
    doubt, doubt_charts = doubt_section(record)
    report(Progress("adding photos", 0, None))
    mistakes = mistakes_section(record, thumbnails, heat if with_heatmaps else None)
    changes = change_section(record, thumbnails)
    doubtful = doubtful_section(record, thumbnails)
    if thumbnails.lost:
        missing.append(f"{counted(thumbnails.lost, 'photo file')} could not be read.")
    sections = [
        results,
        changes,
        training_section(record),
        data_section(record),
        confusion,
        classes,
        mistakes,
        doubtful,
        doubt,
        curves,
        version_section(record),
        "".join(paragraph(esc(text), "small") for text in missing),
    ]
    charts = [*result_charts, *confusion_charts, *class_charts, *doubt_charts, *curve_charts]
    return page(record.title, _subtitle(record), sections, charts)


def write_report(
    run: RunFolder,
    workspace: Workspace,
    out: Path,
    *,
    with_heatmaps: bool = True,
    progress: ReportProgress | None = None,
) -> int:
    """Write ``report_page`` to a file and return its size in bytes. Raises what ``report_page`` raises, and OSError."""
    data = report_page(run, workspace, with_heatmaps=with_heatmaps, progress=progress).encode("utf-8", "replace")
    out.write_bytes(data)
    return len(data)


def _subtitle(record: RunRecord) -> str:
    status = record.status
    project = f"Project {name(status.project)} · " if status.project else ""
    state = "" if status.state == "finished" else f" · {esc(status.state)}"
    note = paragraph(f"Note: {esc(status.note)}") if status.note else ""
    return paragraph(f"{project}trained {status.created:%Y-%m-%d %H:%M} UTC · {esc(record.info.arch)}{state}") + note

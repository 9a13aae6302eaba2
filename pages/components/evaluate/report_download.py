"""The report of a run as one HTML page: created in a worker process, then downloaded."""

import streamlit as st

from core.errors import StudioError
from core.runs.exams.locked import FILE as LOCK
from core.runs.exams.looks import looks_at_test_photos
from core.runs.folder import RunFolder
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.shared import frame
from pages.components.shared.wording import format_size

FILE = "report.html"
"""In the run folder, so that it is deleted with the run."""

HELP = (
    "One HTML page to print or to send: figures with intervals, charts, mistakes with their photos and heatmaps. "
    "It needs no internet. It holds small copies of some photos and their file names."
)
# What the page is made of; when one of these is newer, it is made again. The status of a live run changes all the time.
_SOURCES = ("report-val.json", "report-test.json", "exams.jsonl", "best/bundle.json")
_STATUS = "status.json"


def show(run: RunFolder) -> None:
    """Draw the button that creates the report, its progress, and then the download."""
    path = run.path / FILE
    if _fresh(run):
        st.download_button(
            f"Download the report ({format_size(path.stat().st_size)})",
            path.read_bytes,
            file_name=f"report-{run.id}.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key=f"report-download-{run.id}",
            help=HELP,
        )
        return
    computation = Computation("report", f"report {run.path}")
    if not computation.started:
        st.button(
            "Create the report",
            icon=":material/description:",
            key=f"report-create-{run.id}",
            help=HELP,
            on_click=computation.start,
        )
        return
    arguments = {"run": str(run.path), "workspace": str(frame.workspace().root), "out": str(path)}
    with frame.plain_errors():
        computation.result(lambda: Request("report", arguments), unit="photo")
        st.rerun()


def _fresh(run: RunFolder) -> bool:
    """Return whether there is a page, and nothing that it shows has changed since."""
    try:
        made = (run.path / FILE).stat().st_mtime
        names = _SOURCES if run.status().live else (*_SOURCES, _STATUS)
        changed = [found.stat().st_mtime for name in names if (found := run.path / name).is_file()]
        looks = looks_at_test_photos(frame.workspace(), run).looks  # other runs may have looked at the same photos
        lock = run.path.parent.parent / LOCK
        changed += [lock.stat().st_mtime] if lock.is_file() else []
        changed += [look.exam.when.timestamp() for look in looks if look.exam.when is not None]
    except (OSError, StudioError):
        return False
    return made >= max(changed, default=0.0)

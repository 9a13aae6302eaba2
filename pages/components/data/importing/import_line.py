"""The line that says, on any page, that an import into the project is running, and how far it is."""

import streamlit as st

from core.data.importing.import_progress import ImportProgress, import_progress
from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain, time_left

REFRESH_SECONDS = 1.0


def import_line(project: Project, *, until_photos: bool = False) -> ImportProgress | None:
    """Draw the line if an import into the project is running, in any process; return how far it is.

    The line keeps itself up to date, and redraws the page when the import has ended; ``until_photos`` also as soon as
    the project has photos.
    """
    progress = import_progress(frame.workspace(), project.id)
    if progress is not None:
        _line(project, until_photos)
    return progress


@frame.fragment(run_every=REFRESH_SECONDS)
def _line(project: Project, until_photos: bool) -> None:
    progress = import_progress(frame.workspace(), project.id)
    if progress is None or (until_photos and frame.store().count(project.id)):
        st.rerun()
    with st.container(border=True, key="import-line"):
        st.progress(*progress_of(progress))


def progress_of(progress: ImportProgress) -> tuple[float, str]:
    """Return the fraction done, and the sentence for it: "Importing 'flowers': 812 of 3,119 photos"."""
    if progress.total and progress.done >= progress.total:
        return 1.0, f"Importing '{plain(progress.source)}': saving the labels"
    how_far = f"{progress.done:,} of {counted(progress.total, 'photo')}"
    left = time_left(progress.seconds_left)
    sentence = f"Importing '{plain(progress.source)}': {how_far}" + (f", {left}" if left else "")
    return progress.done / max(1, progress.total), sentence

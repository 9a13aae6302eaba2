"""A model that is used while its run still trains: says so, and redraws the page when a better phase replaces it."""

import streamlit as st

from core.models.bundle import INFO_FILE, complete_folder
from core.runs.folder import RunFolder
from pages.components.shared import frame
from pages.components.train.automatic.phase_words import phases_or_none

SECONDS = 3.0


def watch(run: RunFolder) -> None:
    """Draw one sentence and a link for a run in training; nothing for any other. Call it before reading the model."""
    shown = _version(run)
    if not run.status().live:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="still-training"):
        st.markdown(":blue[:material/hourglass_top:] This run is still training. You see its best model so far.")
        frame.link("Train", "Watch the run", width="content", run=run.id)
    _redraw_when_replaced(run, shown)


@frame.fragment(run_every=SECONDS)
def _redraw_when_replaced(run: RunFolder, shown: tuple[int, ...]) -> None:
    if _version(run) != shown or not run.status().live:
        st.rerun()


def _version(run: RunFolder) -> tuple[int, ...]:
    """Return the times of an automatic run's model and of its report, which is written last.

    Other runs may have a better model after every epoch, and a page that is redrawn so often cannot be used: empty.
    """
    if phases_or_none(run) is None:
        return ()
    found = []
    for path in (complete_folder(run.best) / INFO_FILE, run.report_path("val")):
        try:
            found.append(path.stat().st_mtime_ns)
        except OSError:  # not there yet, or being replaced
            found.append(0)
    return tuple(found)

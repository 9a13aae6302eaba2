"""A model that is used while its run still trains: says so, and offers a better one when a phase replaces it."""

import streamlit as st

from core.runs.folder import RunFolder
from core.runs.status import Status
from core.training.early.seen_photos import seen_photos
from pages.components.shared import frame
from pages.components.shared.pickers import SPLIT_NAMES
from pages.components.train.automatic.phase_words import phases_or_none

SECONDS = 3.0
BETTER = "A better model is ready."


def watch(run: RunFolder, split: str | None = None) -> None:
    """Draw one sentence and a link for a run in training; nothing for any other. Call it before reading the model.

    ``split`` is the split whose report the page shows. The page is never redrawn without a press: that would take what
    somebody is choosing there.
    """
    shown = _version(run)
    status = run.status()
    if not status.live:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="still-training"):
        st.markdown(f":blue[:material/hourglass_top:] {sentence(run, status, split)}")
        frame.link("Train", "Watch the run", width="content", run=run.id)
    _offer_newer(run, shown)


def sentence(run: RunFolder, status: Status, split: str | None) -> str:
    """Return what a live run is doing, and which model the page shows or when the report on ``split`` comes."""
    state = "This run is waiting in the queue." if status.state == "queued" else "This run is still training."
    if split is None or run.report_path(split).exists():
        seen = seen_photos(run.best)
        return f"{state} You see its {'best model so far' if seen is None else seen.model}."
    when = {
        "val": "The report on these photos is created when it ends.",
        "train": "It can be evaluated on these photos when it ends.",
        "test": "The final exam can be taken when it ends.",
    }[split]
    said = f"{state} {when}"
    if split != "val" and phases_or_none(run) is not None and run.report_path("val").exists():
        said += f" Choose {SPLIT_NAMES['val']} to see the model so far."
    return said


@frame.fragment(run_every=SECONDS)
def _offer_newer(run: RunFolder, shown: int) -> None:
    status = run.status()
    if not status.live:
        text, label = f"Training has {'finished' if status.state == 'finished' else 'ended'}.", "Refresh"
    elif _version(run) not in (shown, 0):  # 0 while it is being replaced
        text, label = BETTER, "Show it"
    else:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="newer-model"):
        st.markdown(f":green[:material/check_circle:] {text}")
        if st.button(label, icon=":material/refresh:", key="show-newer"):
            st.rerun()  # the whole page: a click in a fragment reruns only the fragment


def _version(run: RunFolder) -> int:
    """Return the time of the report on an automatic run's model, which is written with the model; 0 without one.

    Other runs may have a better model after every epoch, and to say that so often helps nobody: always 0.
    """
    if phases_or_none(run) is None:
        return 0
    try:
        return run.report_path("val").stat().st_mtime_ns
    except OSError:  # not there yet, or being replaced
        return 0

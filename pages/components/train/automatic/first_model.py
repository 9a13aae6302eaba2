"""The model of a run that still trains: what it is, how good it is, and links to the pages that use it."""

import streamlit as st

from core.errors import RunError
from core.inspection.measuring.report import Report
from core.runs.folder import RunFolder
from core.training.early.seen_photos import SeenPhotos, seen_photos
from pages.components.shared import frame
from pages.components.shared.wording import counted


def show(run: RunFolder, sentence: str) -> None:
    """Say that there is a model, with links to the pages that use it."""
    with st.container(border=True, gap="xsmall", key="first-model"):
        st.markdown(f":green[:material/check_circle:] {sentence}")
        with st.container(horizontal=True, gap="medium"):
            frame.link("Evaluate", "Evaluate the model", width="content", run=run.id)
            frame.link("Explain", "Explain predictions", width="content", model=run.id)
            frame.link("Export", "Export the model", width="content", run=run.id)


def early_sentence(run: RunFolder, *, live: bool) -> str:
    """Return a sentence about a run's early model while the run goes on; empty if it has none."""
    seen = seen_photos(run.best) if live else None
    if seen is None:
        return ""
    return ready_sentence(seen, _report(run))


def ready_sentence(seen: SeenPhotos, report: Report | None) -> str:
    """Return what an early model has seen, its figure with the interval, and what comes next."""
    figure = ""
    if report is not None and report.accuracy.value is not None:
        rate = report.accuracy
        figure = f": {rate.value:.1%} ({rate.low:.0%} to {rate.high:.0%}) on {counted(report.n, 'validation photo')}"
    return (
        f"**A first model, from {seen.photos:,} of {counted(seen.of, 'photo')}, is ready to try**{figure}. "
        "The final model learns from all training photos and replaces it."
    )


def evaluated_sentence(seen: SeenPhotos, report: Report) -> str:
    """Return which photos an early model was trained and evaluated on, for its report."""
    on = f"{report.n:,} of {counted(seen.val_of, 'validation photo')}" if report.split == "val" else ""
    trained = f"This is a first model, trained on {seen.photos:,} of {counted(seen.of, 'training photo')}"
    return f"{trained} and evaluated on {on}." if on else f"{trained}."


def _report(run: RunFolder) -> Report | None:
    """Return the report on the validation photos; None for a damaged one, which the Evaluate page reports."""
    try:
        return run.report("val")
    except RunError:
        return None

"""Load the validation logits of a run; where they are missing, offer to compute them."""

from pathlib import Path

import streamlit as st

from core.data.snapshot import BY_USER, GROUP
from core.errors import LogitsMissing
from core.inspection.doubt.run_logits import RunLogits, logits_of
from core.inspection.measuring.logits_file import logits_path
from core.models.bundle import read_info
from core.models.decision import Decision
from core.runs.folder import RunFolder
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.evaluate.doubt.validation_answers import ValidationAnswers
from pages.components.shared import frame
from pages.components.shared.wording import counted
from pages.components.train.split_counts import counts_of


def validation_answers(run: RunFolder, split: str) -> ValidationAnswers | None:
    """Return the validation photos' logits with what is saved with the model; else say what is missing, and None.

    ``split`` is the one that the page shows. These views use the validation photos whatever it is.
    """
    if split != "val":
        why = "are kept for the final exam" if split == "test" else "have trained the model"
        st.caption(f"This view always uses the validation photos: the {_NAMES[split]} photos {why}.")
    if not int(counts_of(run)["val"].sum()):
        st.info("This run has no validation photos. Add photos, then train again.", icon=":material/info:")
        return None
    try:
        version = _version(run)
        found = _logits(str(run.path), version)
    except LogitsMissing:
        if not _computed(run):
            return None
        version = _version(run)
        found = _logits(str(run.path), version)
    if groups := _named_groups(str(run.path), run.status().created.isoformat()):
        st.caption(
            f"These photos are of {counted(groups, 'group')}, but the figures here treat each photo as independent. "
            "Photos of one group look alike: for new groups, the intervals are too narrow and the checks too good."
        )
    info = read_info(run.best)
    decision = info.decision or Decision()
    return ValidationAnswers(run, info.classes, found.frame, found.logits, found.labels, decision, version)


_NAMES = {"test": "test", "train": "training"}


@st.cache_data(max_entries=64, show_spinner=False)
def _named_groups(path: str, created: str) -> int:
    """Return of how many groups the validation photos are, where a person named groups; else 0."""
    snapshot = RunFolder(Path(path)).snapshot()
    return int(snapshot.part("val")[GROUP].nunique()) if snapshot.grouped_by == BY_USER else 0


# Shared by all tabs and never changed: the logits of many photos are large.
@st.cache_resource(max_entries=4, show_spinner=False)
def _logits(path: str, version: str) -> RunLogits:
    return logits_of(Path(path), "val")


def _version(run: RunFolder) -> str:
    """Return what changes with the logits, and with the model that they are of (its decision may change alone)."""
    parts = [str(run.path)]
    for path in (run.report_path("val"), logits_path(run.path, "val")):
        parts.append(_changed(path))
    return " ".join([*parts, str(read_info(run.best).created)])


def _changed(path: Path) -> str:
    try:
        found = path.stat()
    except FileNotFoundError:
        return "missing"
    return f"{found.st_mtime_ns} {found.st_size}"


def _computed(run: RunFolder) -> bool:
    """Offer to evaluate the run on its validation photos; return whether that has just been done."""
    if run.status().live:
        st.info("This run is still training. Its validation photos are evaluated when it ends.", icon=":material/info:")
        return False
    computation = Computation("doubt-evaluate", f"evaluate {run.path} val")
    if not computation.started:
        with st.container(border=True):
            st.markdown(
                "This view needs the model's output for every validation photo and class, which earlier versions did "
                "not keep."
            )
            st.button(
                "Evaluate the validation photos",
                type="primary",
                icon=":material/fact_check:",
                key="doubt-evaluate-now",
                on_click=computation.start,
            )
        return False
    cache = frame.workspace().cache / "resized"
    arguments = {"run": str(run.path), "split": "val", "cache": str(cache)}
    computation.result(lambda: Request("evaluate", arguments), unit="photo")
    return True

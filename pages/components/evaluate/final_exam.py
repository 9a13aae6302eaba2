"""The final exam: why test photos are kept back, how often they were looked at, and the deliberate step."""

from typing import Any

import pandas as pd
import streamlit as st

from core.inspection.measuring.report import Report
from core.runs.exams.locked import SENTENCE, locked_for
from core.runs.exams.looks import OPTIMISTIC, Look, Looks, looks_at_test_photos
from core.runs.exams.records import TEST
from core.runs.folder import RunFolder
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.shared import frame
from pages.components.shared.wording import counted, format_time, plain
from pages.components.train.split_counts import counts_of

WHY = (
    "The test photos are kept back until you have chosen a model. Only photos that took part in no choice show "
    "honestly how good the model is on new photos."
)
AGAIN = "I want to look at these photos again anyway"


def report_of(run: RunFolder) -> Report | None:
    """Return the run's report on its test photos with the count of looks above it; before the exam, draw its card."""
    if locked_for(run.path):
        _locked()
        return None
    looks = looks_of(run)
    report = run.report(TEST)
    if report is None and not run.status().live:
        computation = Computation("exam", f"exam {run.path} {len(looks.own)}")
        if not computation.started:
            _card(run, looks, computation)
            return None
        cache = frame.workspace().cache / "resized"
        arguments = {"run": str(run.path), "split": TEST, "cache": str(cache), "who": frame.who()}
        computation.result(lambda: Request("evaluate", arguments), unit="photo")
        looks, report = looks_of(run), run.report(TEST)
    if report is not None:
        _taken(looks)
    return report


def looks_of(run: RunFolder) -> Looks:
    """Return all looks at the test photos of a run, by the runs of its project."""
    return looks_at_test_photos(frame.workspace(), run)


def beside(run: RunFolder, report: Report) -> dict[str, Any]:
    """Return the arguments of ``st.metric`` that put "look 2 at these photos" beside each figure on test photos."""
    if report.split != TEST:
        return {}
    return {"delta": looks_of(run).words, "delta_color": "off", "delta_arrow": "off"}


def looks_table(looks: Looks) -> pd.DataFrame:
    """Return a row for each look: its number, the run, who took it, and when."""
    return pd.DataFrame([_row(number, look) for number, look in enumerate(looks.looks, 1)])


def _locked() -> None:
    with st.container(border=True, key="exam-locked"):
        st.header("Final exam", anchor=False)
        st.markdown(WHY)
        st.info(f"{SENTENCE} It opens here when your teacher unlocks it.", icon=":material/lock:")


def _card(run: RunFolder, looks: Looks, computation: Computation) -> None:
    photos = int(counts_of(run)[TEST].sum())
    with st.container(border=True, key="exam-card"):
        st.header("Final exam", anchor=False)
        st.markdown(WHY)
        again = looks.count > 0
        st.markdown(f"**{counted(photos, 'test photo')}.** {looks.sentence}")
        agreed = True
        if again:
            _show_looks(looks)
            st.warning(OPTIMISTIC, icon=":material/visibility:")
            agreed = st.checkbox(AGAIN, key=f"exam-again-{run.id}-{looks.count}")
        st.button(
            "Take the final exam",
            type="primary",
            icon=":material/school:",
            key="take-exam",
            disabled=not agreed,
            on_click=computation.start,
        )
        st.caption("The look is recorded with your name and counted. Use the validation photos for all decisions.")


def _taken(looks: Looks) -> None:
    """Say which look the figures below are, whose, and what repeated looks do to them."""
    latest = looks.own[-1] if looks.own else None
    by = f" by {plain(latest.who)}" if latest and latest.who else ""
    when = f", {format_time(latest.when)}" if latest and latest.when else ""
    more = looks.count > 1 or (latest is not None and latest.automatic)
    said = f" {looks.sentence} {looks.warning}".rstrip() if more else ""
    with st.container(gap="xsmall", key="exam-taken"):
        st.markdown(f":material/school: **Final exam: {looks.words}**{by}{when}.{said}")
        if looks.count > 1:
            _show_looks(looks)


def _show_looks(looks: Looks) -> None:
    with st.popover(f"Show {'the look' if looks.count == 1 else 'all looks'}", type="tertiary", key="exam-looks"):
        st.dataframe(looks_table(looks), hide_index=True, height="content")


def _row(number: int, look: Look) -> dict[str, object]:
    exam = look.exam
    return {
        "Look": number,
        "Run": f"{look.title} (deleted)" if look.deleted else look.title,
        "Who": "automatic (earlier version)" if exam.automatic else exam.who or "unknown",
        "When": format_time(exam.when) if exam.when else "unknown",
    }

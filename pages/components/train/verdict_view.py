"""The verdict on a run, in colour, with what to do next."""

import streamlit as st

from core.errors import StudioError
from core.inspection.measuring.report import Report
from core.inspection.measuring.verdict import Level, Place, Verdict
from core.runs.folder import RunFolder
from core.runs.verdict import verdict_of
from pages.components.shared import frame
from pages.components.shared.wording import plain

_LINKS: dict[Place, tuple[str, str]] = {
    "data": ("Data", "Add photos"),
    "train": ("Train", "Train again"),
    "mistakes": ("Evaluate", "See the mistakes"),
    "explain": ("Explain", "Try new photos"),
}

ICONS: dict[Level, str] = {
    "better": ":material/check_circle:",
    "unclear": ":material/help:",
    "worse": ":material/error:",
}


def show(run: RunFolder, report: Report, before: str = "", links: bool = True) -> None:
    """Draw the verdict in a coloured box and the next steps below it; ``before`` is a sentence to begin with."""
    found = judge(run, report)
    if found is None:
        if before:
            st.info(before)
        return
    draw = st.success if found.level == "better" else st.warning
    draw(f"{before} {plain(found.sentence)}".strip(), icon=ICONS[found.level])
    _steps(run, found, links)


def judge(run: RunFolder, report: Report) -> Verdict | None:
    """Return the verdict on a run's report; None if there is none or the run is damaged."""
    return _judged(run, report, f"{run.path} {report.split} {report.created} {report.digest}")


@st.cache_data(max_entries=64, show_spinner=False)
def _judged(_run: RunFolder, _report: Report, version: str) -> Verdict | None:
    try:
        return verdict_of(_run, _report)
    except StudioError:  # the page already says that the run's own files are damaged
        return None


def _steps(run: RunFolder, found: Verdict, links: bool) -> None:
    for place, step in enumerate(found.steps):
        page, label = _LINKS[step.place]
        parameters = {"model": run.id} if page == "Explain" else {"run": run.id} if page == "Evaluate" else {}
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"verdict-step-{place}"):
            st.markdown(f"{'**Next:** ' if place == 0 else ''}{plain(step.sentence)}", width="stretch")
            # On Evaluate, the mistakes are already below.
            if links or page != "Evaluate":
                frame.link(page, label, **parameters)

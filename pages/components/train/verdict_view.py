"""The verdict on a run, in colour, with what to do next."""

import streamlit as st

from core.errors import StudioError
from core.inspection.measuring.report import Report
from core.inspection.measuring.verdict import Level, Place, Verdict
from core.runs.exams.looks import looks_at_test_photos
from core.runs.exams.records import TEST
from core.runs.folder import RunFolder
from core.runs.verdict import verdict_of
from core.training.early.seen_photos import seen_photos
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain
from pages.components.train.automatic.first_model import evaluated_sentence

_LINKS: dict[Place, tuple[str, str]] = {
    "data": ("Data", "Add photos"),
    "mistakes": ("Evaluate", "See the mistakes"),
    "explain": ("Explain", "Try new photos"),
}

ICONS: dict[Level, str] = {
    "better": ":material/check_circle:",
    "unclear": ":material/help:",
    "worse": ":material/error:",
}


def show(run: RunFolder, report: Report, before: str = "", brief: bool = False) -> None:
    """Draw the verdict in a coloured box and the next steps below it; ``before`` is a sentence to begin with.

    ``brief`` is for Evaluate, where the mistakes are below: the first step, and the others behind a button.
    """
    found = judge(run, report)
    if found is None:
        if before:
            st.info(before)
        return
    draw = st.success if found.level == "better" else st.warning
    draw(f"{before} {plain(found.sentence)}".strip(), icon=ICONS[found.level])
    if (seen := seen_photos(run.best)) is not None:  # the steps are for a model from all photos
        st.caption(evaluated_sentence(seen, report))
        return
    if not found.steps:
        return
    if not brief:
        with st.container(gap="xsmall"):
            for place in range(len(found.steps)):
                _step(run, found, place, brief)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _step(run, found, 0, brief)
        if more := len(found.steps) - 1:
            with st.popover(f"Show {counted(more, 'more suggestion')}", type="tertiary", key="verdict-more"):
                for place in range(1, len(found.steps)):
                    _step(run, found, place, brief)


def judge(run: RunFolder, report: Report) -> Verdict | None:
    """Return the verdict on a run's report; None if there is none or the run is damaged."""
    looks = looks_at_test_photos(frame.workspace(), run).count if report.split == TEST else 1
    return _judged(run, report, looks, f"{run.path} {report.split} {report.created} {report.digest}")


@st.cache_data(max_entries=64, show_spinner=False)
def _judged(_run: RunFolder, _report: Report, looks: int, version: str) -> Verdict | None:
    try:
        return verdict_of(_run, _report, looks)
    except StudioError:  # the page already says that the run's own files are damaged
        return None


def words_of(run: RunFolder) -> str:
    """Return the verdict on a run's validation photos in a few words, for lists; empty if there is none."""
    try:
        written = run.report_path("val").stat()
    except OSError:  # not evaluated yet, or deleted meanwhile
        return ""
    return _words(run, f"{run.path} {written.st_mtime_ns} {written.st_size}")


# Lists of hundreds of runs are drawn again at every click: only new reports are read.
@st.cache_data(max_entries=2000, show_spinner=False)
def _words(_run: RunFolder, version: str) -> str:
    try:
        report = _run.report("val")
        found = verdict_of(_run, report) if report is not None else None
    except StudioError:  # the run's own page reports it
        return ""
    return found.words if found else ""


def _step(run: RunFolder, found: Verdict, place: int, brief: bool) -> None:
    """Draw one sentence with its link right behind it."""
    step = found.steps[place]
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content", key=f"verdict-step-{place}"
    ):
        st.markdown(f"{'**Next:** ' if place == 0 else ''}{plain(step.sentence)}", width="content")
        if step.place == "train":
            if st.button("Train the last stage too", type="tertiary", icon=frame.PAGES["Train"].icon, key="train-more"):
                _train_more(run)
            return
        page, label = _LINKS[step.place]
        parameters = {"model": run.id} if page == "Explain" else {"run": run.id} if page == "Evaluate" else {}
        if not (brief and page == "Evaluate"):
            frame.link(page, label, width="content", **parameters)


def _train_more(run: RunFolder) -> None:
    """Open the form with the settings of the run, and the last stage trained as well."""
    from pages.components.train import recipe_form  # its drawings load plotly, which Home and the lists do without

    recipe_form.fill(run.recipe().model_copy(update={"train": "layer4"}))
    st.query_params.pop("run", None)
    frame.go("Train")

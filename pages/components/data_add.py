"""Adding photos: choose files or a folder, see what is in them, import with progress, read the report."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pandas as pd
import streamlit as st

from core.data.importers import ImportPlan, Upload, Verdict, carry_out, plan_folder, plan_uploads
from core.data.images import IMAGE_SUFFIXES
from core.data.store import Project
from pages.components import frame
from pages.components.wording import counted, plain

KINDS = {"taken": "taken", "remark": "taken with a remark", "duplicate": "already there", "refused": "refused"}
SECONDS_BETWEEN_UPDATES = 0.15


@dataclass
class Import:
    """One import of this tab: it can be interrupted by a rerun of the page, and goes on where it was."""

    project_id: int
    total: int
    verdicts: Iterator[Verdict]
    done: list[Verdict] = field(default_factory=list)
    finished: bool = False
    problems: int = 0


def add_photos(project: Project) -> None:
    """The whole section: sources, then the plan, then progress, then the report."""
    running: Import | None = st.session_state.get("import")
    if running and running.project_id == project.id:
        if not running.finished:
            _go_on(running)
        _report(running)
        return
    plan = _choose()
    if plan is not None:
        _show_plan(plan, project)
    else:
        _explain_formats()


def _choose() -> ImportPlan | None:
    """The plan for what the user has named, or None so far. Looking into the files changes nothing."""
    ways = ["Upload", "A folder on this computer"]
    way = ways[0]
    # The server's disk is the user's own only where nobody else can reach the server.
    if frame.listens_on_localhost():
        way = st.segmented_control("Where the photos are", ways, default=ways[0], required=True, key="add-way")
    if way == ways[0]:
        files = st.file_uploader(
            "Photos, a zip, and a labels.csv if you have one",
            type=[*sorted(suffix.lstrip(".") for suffix in IMAGE_SUFFIXES), "zip", "csv", "tsv", "txt"],
            accept_multiple_files=True,
            key=f"add-files-{st.session_state.get('imports', 0)}",
        )
        if not files:
            return None
        token: object = tuple(file.file_id for file in files)
        if st.session_state.get("plan-token") != token:
            with st.spinner("Looking into the files"):
                st.session_state["plan"] = plan_uploads([Upload(file.name, file) for file in files])
            st.session_state["plan-token"] = token
        return st.session_state["plan"]
    text = st.text_input("Folder", placeholder="/home/me/photos", key="add-folder").strip()
    looked = st.button("Look into it", icon=":material/folder_open:")
    if looked and text:
        st.session_state.pop("plan", None)
        with st.spinner("Looking into the folder"):
            st.session_state["plan"] = plan_folder(Path(text).expanduser())
        st.session_state["plan-token"] = text
    return st.session_state.get("plan") if text and st.session_state.get("plan-token") == text else None


def _explain_formats() -> None:
    st.markdown(
        """
Three ways to say which class a photo belongs to, all of them optional:

- **a `labels.csv`** beside the photos, with the columns `filename` and `label` (and `split`, if you have one);
- **a folder for each class**, zipped: `owl/1.jpg`, `duck/2.jpg`;
- **nothing**: label them afterwards, one key a photo, on the Annotate page.

Nothing is imported before you have seen what was found.
"""
    )


def _show_plan(plan: ImportPlan, project: Project) -> None:
    labelled = sum(one.label is not None for one in plan.candidates)
    with st.container(border=True):
        st.markdown(f"**Found in {plain(plan.source)}**")
        with st.container(horizontal=True):
            st.metric("Photos", f"{len(plan.candidates):,}", width=120)
            st.metric("Labelled", f"{labelled:,}", width=120)
            st.metric("Classes", len(plan.classes), width=120)
            st.metric("Problems", len(plan.problems), width=120)
            st.metric("Refused", len(plan.refused), width=120)
        if plan.classes:
            counts = Counter(one.label for one in plan.candidates)
            st.markdown(" ".join(f":gray-badge[{plain(name)} {counts[name]:,}]" for name in plan.classes))
        _problems(plan)
        if not plan.candidates:
            st.info("There is no photo here that can be imported. Choose other files.", icon=":material/info:")
            return
        more = " without the bad rows" if plan.problems else ""
        st.button(
            f"Import {counted(len(plan.candidates), 'photo')}{more}",
            type="primary",
            icon=":material/download_done:",
            key="import-now",
            on_click=_start,
            args=(plan, project),
        )


def _problems(plan: ImportPlan) -> None:
    rows = [("labels.csv" if one.line is not None else "", one.line, one.text) for one in plan.problems]
    rows += [(one.name, None, one.text) for one in plan.refused]
    if rows:
        st.dataframe(
            pd.DataFrame(rows, columns=["Where", "Line", "What is wrong"]).astype({"Line": "Int64"}),
            hide_index=True,
            height="auto" if len(rows) < 8 else 280,
            column_config={"What is wrong": st.column_config.TextColumn(width="large")},
        )


def _start(plan: ImportPlan, project: Project) -> None:
    """Begin an import; a second click on the button finds the first one at work and does nothing."""
    running: Import | None = st.session_state.get("import")
    if running and not running.finished:
        return
    st.session_state["import"] = Import(
        project.id, len(plan.candidates), carry_out(plan, frame.store(), project.id, frame.who()), list(plan.refused)
    )
    st.session_state["import"].problems = len(plan.problems)
    st.session_state.pop("plan", None)
    st.session_state.pop("plan-token", None)


def _go_on(running: Import) -> None:
    """Take the rest of the photos. A rerun of the page may cut this off between two of them; the next one goes on."""
    refused_before = sum(one.kind == "refused" for one in running.done)
    bar = st.progress(0.0, "Importing")
    shown = 0.0
    for verdict in running.verdicts:
        running.done.append(verdict)
        if monotonic() - shown > SECONDS_BETWEEN_UPDATES:
            shown = monotonic()
            taken = max(0, len(running.done) - refused_before)
            share = min(1.0, taken / max(1, running.total))
            bar.progress(share, f"{taken:,} of {running.total:,} photos. You may leave: what is taken stays.")
    running.finished = True
    # A fresh uploader, so that the same files are not offered again.
    st.session_state["imports"] = st.session_state.get("imports", 0) + 1
    bar.empty()


def _report(done: Import) -> None:
    counts = Counter(verdict.kind for verdict in done.done)
    taken = counts["taken"] + counts["remark"]
    st.success(f"{counted(taken, 'photo')} imported.", icon=":material/check_circle:")
    with st.container(horizontal=True):
        for kind, words in KINDS.items():
            st.metric(words.capitalize(), f"{counts[kind]:,}", width=150)
    table = pd.DataFrame(
        [(verdict.name, KINDS[verdict.kind], verdict.text) for verdict in done.done], columns=["File", "Verdict", "Why"]
    )
    present = [words for kind, words in KINDS.items() if counts[kind]]
    kept = st.pills("Show", present, selection_mode="multi", default=present, key="report-kinds")
    st.dataframe(table[table["Verdict"].isin(kept)], hide_index=True, height=min(400, 60 + 35 * max(1, len(table))))
    with st.container(horizontal=True):
        st.button(
            "Look at the photos", type="primary", icon=":material/photo_library:", on_click=_leave, args=("Photos",)
        )
        st.button("Import more", icon=":material/add:", on_click=_leave, args=("Add photos",))
        st.download_button(
            "Report as CSV", table.to_csv(index=False), "import-report.csv", "text/csv", icon=":material/table:"
        )


def _leave(section: str) -> None:
    st.session_state.pop("import", None)
    st.session_state["data-section"] = section

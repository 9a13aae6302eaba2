"""The runs of a project as a list: open, rename or delete one."""

import streamlit as st

from core.data.store.store import Project
from core.errors import RunError
from core.runs import jobs
from core.runs.folder import RunFolder, workspace_run
from core.runs.status import LIVE
from core.runs.table import row_of
from pages.components.shared import frame
from pages.components.shared.wording import plain
from pages.components.train import verdict_view
from pages.components.train.automatic import phase_words
from pages.components.train.status_text import STATE_BADGES, format_age
from pages.components.train.sweeps import sweep_rows

SHOWN_AT_FIRST = 6


def chosen_run(project: Project | None) -> RunFolder | None:
    """Return the run named in the address, or None.

    A deleted run, or one of a project that the user has left, is removed from the address. A link to a run of
    another project opens that project too.
    """
    name = st.query_params.get("run")
    if not name:
        return None
    try:
        run = workspace_run(name, frame.workspace())
    except RunError as error:
        st.query_params.pop("run", None)
        st.warning(plain(str(error)), icon=":material/info:")
        return None
    owner = run.status().project_id
    here = project.id if project else None
    if owner is None or owner == here or owner not in {one.id for one in frame.store().projects()}:
        st.session_state["run-seen"] = run.id
        return run
    if st.session_state.get("run-seen") == run.id:
        st.query_params.pop("run", None)
        return None
    st.session_state["run-seen"] = run.id
    frame.choose_project(owner)
    st.rerun()


def open_run(run_id: str | None) -> None:
    """Select the run shown on the Train page; None shows the form for a new run. The page must rerun afterwards."""
    if run_id is None:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run_id


def show_live_runs(runs: list[RunFolder]) -> None:
    """Draw the project's queued and running runs, above the form for a new run."""
    live = [run for run in reversed(runs) if run.status().live]  # oldest first: the one that is training
    if live:
        _live_rows(live)


@frame.fragment(run_every=2)
def _live_rows(runs: list[RunFolder]) -> None:
    if not any(run.status().live for run in runs):
        st.rerun()
    with st.container(border=True, gap="xsmall", key="at-work"):
        for run in sweep_rows.by_sweep(runs):
            if isinstance(run, list):
                sweep_rows.draw_live_row(run)
                continue
            status = run.status()
            word, color = STATE_BADGES[status.state]
            share, progress = phase_words.progress(status, phase_words.phases_or_none(run))
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container(gap=None, width="stretch"):
                    st.markdown(f"**{plain(status.title)}** :{color}-badge[{word}]")
                    if status.state == "running":
                        st.progress(share, text=progress)
                if st.button("Open", key=f"watch-{run.id}"):
                    open_run(run.id)
                    st.rerun()  # the whole page: a click in a fragment reruns only the fragment


def show_runs(runs: list[RunFolder]) -> None:
    """Draw one row for each run, and one for each sweep, newest first."""
    lines = sweep_rows.by_sweep(runs)
    every = len(lines) <= SHOWN_AT_FIRST or st.session_state.get("runs-all", False)
    for line in lines if every else lines[:SHOWN_AT_FIRST]:
        if isinstance(line, list):
            sweep_rows.draw_row(line)
        else:
            _run_row(line)
    if len(lines) > SHOWN_AT_FIRST:
        st.toggle(f"Show all {len(lines)}", key="runs-all")


def _run_row(run: RunFolder) -> None:
    status = run.status()
    word, color = STATE_BADGES[status.state]
    with st.container(horizontal=True, vertical_alignment="center", border=True, gap="small", key=f"run-line-{run.id}"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{plain(status.title)}** :{color}-badge[{word}]")
            st.caption(run_line(run))
        st.button("Open", key=f"look-{run.id}", on_click=open_run, args=(run.id,))
        with st.popover("", icon=":material/more_vert:", key=f"more-{run.id}"):
            _rename(run, status.title, status.live)
            _delete(run)


def run_line(run: RunFolder) -> str:
    """Return a run's age, epochs or phases, figure on the validation photos and verdict in a few words.

    The figure is that of the report, as on Evaluate, and only without one that of the training.
    """
    row = row_of(run)
    parts = [format_age(row.created), phase_words.length_of(row)]
    if row.value is not None:
        best = f"mean IoU {row.value:.2f}" if row.figure == "mean_iou" else f"accuracy {row.value:.0%}"
        verdict = "" if row.state in LIVE else verdict_view.words_of(run)
        parts.append(f"validation {best}" + (f" ({verdict[0].lower()}{verdict[1:]})" if verdict else ""))
    return " · ".join(part for part in parts if part)


def _rename(run: RunFolder, title: str, live: bool) -> None:
    name = st.text_input("Name", title, key=f"name-{run.id}", max_chars=80, disabled=live)
    if st.button("Rename", key=f"rename-{run.id}", disabled=live or not name.strip()) and name.strip() != title:
        with frame.plain_errors():
            run.write_status(title=name.strip())
            st.rerun()


def _delete(run: RunFolder) -> None:
    sure = st.checkbox("Permanently delete its model, curves and reports", key=f"sure-{run.id}")
    if st.button("Delete", key=f"delete-{run.id}", disabled=not sure, icon=":material/delete:"):
        with frame.plain_errors():
            jobs.delete(run)
            if st.query_params.get("run") == run.id:
                st.query_params.pop("run", None)
            st.rerun()

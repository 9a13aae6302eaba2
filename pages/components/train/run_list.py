"""The runs of a project as a list: look at one, rename it, delete it."""

import streamlit as st

from core.data.store.store import Project
from core.errors import RunError
from core.runs import jobs
from core.runs.folder import RunFolder, workspace_run
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain
from pages.components.train.run_sentences import STATE_WORDS, ago, progress_of

SHOWN_AT_FIRST = 6


def chosen_run(project: Project | None) -> RunFolder | None:
    """The run that the address names; a run that is gone, or of a project that was left, is dropped from there.

    A link to a run of another project brings its project along.
    """
    name = st.query_params.get("run")
    if not name:
        return None
    try:
        run = workspace_run(name, frame.workspace())
    except RunError as error:
        st.query_params.pop("run", None)
        st.warning(str(error), icon=":material/info:")
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


def look_at(run_id: str | None) -> None:
    """Show this run on the Train page, or the form for a new one for None; the page must be drawn anew after it."""
    if run_id is None:
        st.query_params.pop("run", None)
    else:
        st.query_params["run"] = run_id


def at_work(runs: list[RunFolder]) -> None:
    """The runs of the project that are waiting or training, above the form for a new one."""
    live = [run for run in reversed(runs) if run.status().live]  # the one that trains first
    if live:
        _at_work(live)


@frame.fragment(run_every=2)
def _at_work(runs: list[RunFolder]) -> None:
    if not any(run.status().live for run in runs):
        st.rerun()
    with st.container(border=True, gap="xsmall", key="at-work"):
        for run in runs:
            status = run.status()
            words, color = STATE_WORDS[status.state]
            share, progress = progress_of(status)
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container(gap=None, width="stretch"):
                    st.markdown(f"**{plain(status.title)}** :{color}-badge[{words}]")
                    if status.state == "running":
                        st.progress(share, text=progress)
                if st.button("Look", key=f"watch-{run.id}"):
                    look_at(run.id)
                    st.rerun()  # all of the page: a press inside a fragment draws only the fragment anew


def list_of_runs(runs: list[RunFolder]) -> None:
    """One line a run, the newest first."""
    every = len(runs) <= SHOWN_AT_FIRST or st.session_state.get("runs-all", False)
    for run in runs if every else runs[:SHOWN_AT_FIRST]:
        _line(run)
    if len(runs) > SHOWN_AT_FIRST:
        st.toggle(f"Show all {len(runs)}", key="runs-all")


def _line(run: RunFolder) -> None:
    status = run.status()
    words, color = STATE_WORDS[status.state]
    with st.container(horizontal=True, vertical_alignment="center", border=True, gap="small", key=f"run-line-{run.id}"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{plain(status.title)}** :{color}-badge[{words}]")
            st.caption(" · ".join(part for part in (ago(status.created), _result(run)) if part))
        st.button("Look", key=f"look-{run.id}", on_click=look_at, args=(run.id,))
        with st.popover("", icon=":material/more_vert:", key=f"more-{run.id}"):
            _rename(run, status.title, status.live)
            _delete(run)


def _result(run: RunFolder) -> str:
    status = run.status()
    if status.live or not run.finished:
        return counted(status.epochs, "epoch") if status.epochs else ""
    epochs = run.epochs()
    if "val_iou" in epochs and len(epochs):
        return f"{counted(len(epochs), 'epoch')}, mean IoU {epochs['val_iou'].max():.2f} on the validation photos"
    best = epochs["val_accuracy"].max() if len(epochs) else None
    return counted(len(epochs), "epoch") + (f", {best:.0%} of the validation photos right" if best is not None else "")


def _rename(run: RunFolder, title: str, live: bool) -> None:
    name = st.text_input("Name", title, key=f"name-{run.id}", max_chars=80, disabled=live)
    if st.button("Rename", key=f"rename-{run.id}", disabled=live or not name.strip()) and name.strip() != title:
        run.write_status(title=name.strip())
        st.rerun()


def _delete(run: RunFolder) -> None:
    sure = st.checkbox("Delete its model, curves and reports for good", key=f"sure-{run.id}")
    if st.button("Delete", key=f"delete-{run.id}", disabled=not sure, icon=":material/delete:"):
        jobs.delete(run)
        if st.query_params.get("run") == run.id:
            st.query_params.pop("run", None)
        st.rerun()

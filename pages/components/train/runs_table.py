"""All runs as a table that can be sorted and searched, with a note for each run."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.data.store.store import Project
from core.models.zoo import network_name
from core.runs.folder import workspace_run
from core.runs.status import LIVE, NOTE_LETTERS
from core.runs.table import RunRow, run_rows, write_note
from core.workspace import Workspace
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.wording import plain
from pages.components.train import verdict_view
from pages.components.train.automatic.phase_words import kept_layers, length_of
from pages.components.train.recipe_labels import TRAIN_NAMES
from pages.components.train.run_list import open_run
from pages.components.train.status_text import STATE_BADGES

HERE, EVERYWHERE = "This project", "All projects"
ALL_RUNS, SINGLE_RUNS = "All runs", "Runs without a sweep"
_FIGURES = {"accuracy": "accuracy", "mean_iou": "mean IoU"}


def show(project: Project) -> None:
    """Draw the search, the table, and the selected run with its note."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        scope = st.segmented_control("Runs of", (HERE, EVERYWHERE), default=HERE, required=True, key="runs-scope")
        text = st.text_input("Search", placeholder="name, note, network, project", key="runs-search", width=300)
        rows = run_rows(frame.workspace(), project.id if scope == HERE else None)
        sweep = _choose_sweep(rows)
    rows = matching(of_sweep(rows, sweep), text)
    if not rows:
        st.caption("No run matches this search." if text.strip() else "There are no runs yet.")
        return
    st.caption("Click a column to sort. Select a row to open the run or to write a note.")
    figures = {_FIGURES[row.figure] for row in rows if row.figure in _FIGURES}
    figure = f"Validation {figures.pop()}" if len(figures) == 1 else "Validation"
    chosen = st.dataframe(
        table_of(rows, frame.workspace(), with_project=scope == EVERYWHERE),
        hide_index=True,
        height=min(560, 40 + 35 * len(rows)),
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        # Another search has other rows, so a selection must not be carried over.
        key=f"runs-table-{scope}-{text}" + (f"-{sweep}" if sweep != ALL_RUNS else ""),
        column_config={
            "Name": st.column_config.TextColumn("Name", width="medium"),
            "Validation": st.column_config.NumberColumn(
                figure,
                format="%.1f%%",
                help=f"Accuracy, or for boxes the mean IoU in percent, on the validation photos.\n\n{explained('IoU')}",
            ),
            "Created": st.column_config.DatetimeColumn("Created", format="D MMM, HH:mm"),
        },
    )
    places = [place for place in chosen["selection"]["rows"] if place < len(rows)]
    if places:
        _one_run(rows[places[0]])


def _choose_sweep(rows: Sequence[RunRow]) -> str:
    """Draw the choice of a sweep if there are any; returns ALL_RUNS, SINGLE_RUNS or the id of one."""
    titles = {row.sweep: f"{row.sweep_title or row.sweep} · {row.created.astimezone():%d %b, %H:%M}" for row in rows}
    sweeps = [name for name in titles if name]
    if not sweeps:
        return ALL_RUNS
    choices = [ALL_RUNS, SINGLE_RUNS, *sweeps]
    if st.session_state.get("runs-sweep") not in choices:
        st.session_state["runs-sweep"] = ALL_RUNS
    chosen = st.selectbox(
        "Sweep", choices, format_func=lambda name: titles.get(name, name), key="runs-sweep", width=260
    )
    return str(chosen)


def of_sweep(rows: Sequence[RunRow], sweep: str) -> list[RunRow]:
    """Return the rows of a sweep; for SINGLE_RUNS those of none, for ALL_RUNS every row."""
    if sweep == ALL_RUNS:
        return list(rows)
    return [row for row in rows if row.sweep == (None if sweep == SINGLE_RUNS else sweep)]


def matching(rows: Sequence[RunRow], text: str) -> list[RunRow]:
    """Return the rows that contain every word of the search text."""
    words = text.casefold().split()

    def content(row: RunRow) -> str:
        texts = (row.title, row.sweep_title, row.note, row.project, row.recipe, network_name(row.arch or ""), row.state)
        return " ".join(text or "" for text in texts).casefold()

    return [row for row in rows if all(word in content(row) for word in words)]


def table_of(rows: Sequence[RunRow], workspace: Workspace, with_project: bool = False) -> pd.DataFrame:
    """Return the table for people, one row per run; the figure in percent. The first columns fit on a small screen."""
    table = pd.DataFrame(
        [
            {
                "Name": row.title,
                "Project": row.project or "",
                "Validation": None if row.value is None else 100 * row.value,
                "Verdict": "" if row.state in LIVE else verdict_view.words_of(workspace_run(row.id, workspace)),
                "State": STATE_BADGES[row.state][0],
                "Sweep": row.sweep_title or "",
                "Note": row.note,
                "Created": row.created.astimezone().replace(tzinfo=None),
                "Length": length_of(row),
                "Network": network_name(row.arch) if row.arch else "",
                "Trained layers": _layers_of(row),
                "Validation photos": row.n or None,
            }
            for row in rows
        ]
    )
    if not any(row.sweep for row in rows):
        table = table.drop(columns="Sweep")
    return table if with_project else table.drop(columns="Project")


def _layers_of(row: RunRow) -> str:
    return TRAIN_NAMES.get(row.train or "", row.train or "") + kept_layers(row)


def _one_run(row: RunRow) -> None:
    run = workspace_run(row.id, frame.workspace())
    with st.container(border=True, key="runs-chosen"):
        st.markdown(f"**{plain(row.title)}**")
        note = st.text_area("Note", row.note, max_chars=NOTE_LETTERS, key=f"note-{row.id}", height=80)
        with st.container(horizontal=True):
            saved = st.button("Save the note", disabled=note.strip() == row.note, key=f"save-note-{row.id}")
            st.button("Open the run", key=f"open-{row.id}", on_click=open_run, args=(row.id,))
        if saved:
            write_note(run, note)
            st.rerun()

"""Download everything that is stored of a pupil: prepared with progress, then offered as one zip."""

import re
import secrets
import shutil
from pathlib import Path

import streamlit as st

from core.people.door import workspace_of
from core.people.exporting.export_person import export_person
from core.people.records import Person
from core.people.register import Register
from pages.components.shared import frame
from pages.components.shared.wording import format_size, plain

READY = "data-download"
FOLDER = "export"
MOST_BYTES = 400 * 2**20
"""The largest file offered in the browser: the server holds it in memory until the download is complete."""


def button(register: Register, person: Person, label: str, *, for_themselves: bool) -> None:
    """Draw the button that opens the dialog."""
    if st.button(label, icon=":material/download:", key="pupil-data"):
        st.session_state.pop(READY, None)
        _dialog(register, person, for_themselves)


@st.dialog("Download all data")
def _dialog(register: Register, person: Person, for_themselves: bool) -> None:
    with frame.plain_errors():
        whose = "you" if for_themselves else f"**{plain(person.name)}**"
        st.markdown(
            f"One zip with everything that is stored of {whose}: photos under their original names, labels as tables, "
            "trainings with their settings, figures and models, and what the class's list knows. A README says what "
            "each file is."
        )
        ready = st.session_state.get(READY)
        if ready is not None and ready[0] == person.id and ready[1].exists():
            _offer(person, ready[1])
        elif st.button("Prepare the file", type="primary", key="data-prepare"):
            st.session_state[READY] = (person.id, _prepare(register, person, for_themselves))
            st.rerun(scope="fragment")


def _prepare(register: Register, person: Person, for_themselves: bool) -> Path:
    folder = workspace_of(person).cache / FOLDER  # deleted with the pupil, and no part of a backup
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / f"{secrets.token_hex(8)}.zip"
    bar = st.progress(0.0)
    for step in export_person(register, person, path, for_themselves=for_themselves):
        bar.progress(step.done / (step.total or 1), plain(step.phase[:1].upper() + step.phase[1:]))
    return path


def _offer(person: Person, path: Path) -> None:
    size = path.stat().st_size
    if size > MOST_BYTES:
        st.info(
            f"The file has {format_size(size)}, too much for a download in the browser. Whoever runs the server can "
            "save it with `python -m core people export`.",
            icon=":material/terminal:",
        )
        return
    st.download_button(
        f"Download ({format_size(size)})",
        path.read_bytes,
        file_name=f"{re.sub(r'[^a-zA-Z0-9-]+', '-', person.name).strip('-') or 'data'}.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        type="primary",
        on_click="ignore",
        key="data-download-now",
    )

"""Add photos: choose files or a folder, see what was found in them, and import it."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.importing.box_columns import ColumnGuess, guess_in_folder, guess_in_uploads, uploads_with
from core.data.importing.plan_import import ImportPlan, Upload, plan_folder, plan_uploads
from core.data.store.store import Project
from core.data.tables.names import name_key
from core.errors import LabelsError
from pages.components.data.import_boxes import confirm, show_boxes
from pages.components.data.import_progress import import_of, show_import, start
from pages.components.shared import frame
from pages.components.shared.pickers import SPLITS
from pages.components.shared.wording import counted, plain

FILES, FOLDER, SERVER = "Files or a zip", "A whole folder", "A path on this computer"
PROBLEMS_IN_FULL = 12
PLAN, TOKEN, ROUND, PROPOSAL = "add-plan", "add-token", "add-round", "add-proposal"


def add_photos(project: Project) -> None:
    """Draw the section: choose files, see what was found, then the import's progress and report."""
    job = import_of(project)
    if job:
        show_import(project, job)
        return
    ways = [FILES, FOLDER]
    # Offer the server's disk only if no other computer can reach the server.
    if frame.listens_on_localhost():
        ways.append(SERVER)
    way = st.segmented_control(
        "Source", ways, default=FILES, required=True, key="add-way", wrap=True, on_change=_clear_plan
    )
    plan = _from_path() if way == SERVER else _from_uploads(whole_folder=way == FOLDER)
    if plan is None and PROPOSAL not in st.session_state:
        _explain()
    elif plan is not None:
        _show(plan, project)


def _from_uploads(*, whole_folder: bool) -> ImportPlan | None:
    """Return the plan of the uploaded files; reading them stores nothing."""
    files_label = "Photos, a zip or image arrays, and a labels.csv if you have one"
    label = "The folder with the photos" if whole_folder else files_label
    key = f"add-{'folder' if whole_folder else 'files'}-{st.session_state.get(ROUND, 0)}"
    if whole_folder:
        files = st.file_uploader(label, accept_multiple_files="directory", key=key)
    else:
        files = st.file_uploader(label, accept_multiple_files=True, key=key)
    if not files:
        return None
    uploads = [Upload(file.name, file) for file in files]
    token = tuple(file.file_id for file in files)
    if st.session_state.get(TOKEN) != token:
        for name in (PLAN, PROPOSAL):
            st.session_state.pop(name, None)
        with st.spinner("Reading the files"):
            _make_plan(partial(plan_uploads, uploads), partial(guess_in_uploads, uploads))
        st.session_state[TOKEN] = token
    if PROPOSAL in st.session_state:
        _confirm(uploads_with(uploads, st.session_state[PROPOSAL][0]))
    return st.session_state.get(PLAN)


def _clear_plan() -> None:
    for name in (PLAN, PROPOSAL, TOKEN):
        st.session_state.pop(name, None)


def _confirm(plan_with: Callable[[bytes], ImportPlan]) -> None:
    """Ask whether the table that was found contains boxes; a yes makes the plan."""
    proposal, reason = st.session_state[PROPOSAL]
    plan = confirm(proposal, reason, plan_with)
    if plan is not None:
        st.session_state[PLAN] = plan
        del st.session_state[PROPOSAL]
        st.rerun()


def _make_plan(plan: Callable[[], ImportPlan], propose: Callable[[], ColumnGuess | None]) -> None:
    """Make the plan; if the labels cannot be read but may be boxes in another table, keep a proposal instead."""
    try:
        st.session_state[PLAN] = plan()
    except LabelsError as error:
        proposal = propose()
        if proposal is None:
            raise
        st.session_state[PROPOSAL] = (proposal, str(error))


def _from_path() -> ImportPlan | None:
    """Return the plan of a folder on the server's disk; reading it stores nothing."""
    with st.form("add-path", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Folder", placeholder="/home/me/photos", key="add-folder", width=420).strip()
        clicked = st.form_submit_button("Read folder", icon=":material/folder_open:")
    folder = Path(text).expanduser()
    if clicked and text:
        _clear_plan()
        with st.spinner("Reading the folder"):
            _make_plan(partial(plan_folder, folder), partial(guess_in_folder, folder))
        st.session_state[TOKEN] = text
    if not text or st.session_state.get(TOKEN) != text:
        return None
    if PROPOSAL in st.session_state:
        _confirm(partial(plan_folder, folder))
    return st.session_state.get(PLAN)


def _explain() -> None:
    st.markdown(
        """
You can label photos in three ways:

- **a `labels.csv`** beside the photos, with the columns `filename` and `label` (and `split`, if you have one);
- **one folder per class**: `owl/1.jpg`, `duck/2.jpg`;
- **later**, on the Annotate page, with one key per photo.

For boxes, add the columns `x, y, width, height` or `xmin, ymin, xmax, ymax` to `labels.csv`, in pixels. Datasets in
COCO, Pascal VOC, YOLO or Hugging Face format are recognised, as a folder or a zip.

Image arrays in an `.h5` or `.npz` file can include labels: name the arrays `x` and `y`, or
`train_set_x`, `train_set_y`, `test_set_x`, `test_set_y` and `list_classes`.

You see what was found before anything is imported. Many photos upload faster as one zip.
"""
    )


def _show(plan: ImportPlan, project: Project) -> None:
    """Draw what was found, and the button that imports it."""
    labelled = sum(one.label is not None for one in plan.candidates)
    with st.container(border=True):
        st.subheader(f"Found: {counted(len(plan.candidates), 'photo')}", anchor=False)
        facts = [f"{labelled:,} labelled", counted(len(plan.classes), "class", "classes")]
        splits = Counter(one.split for one in plan.candidates if one.split)
        if splits:
            facts.append("split: " + ", ".join(f"{name} {splits[name]:,}" for name in SPLITS if splits[name]))
        st.markdown(f"From {plain(plan.source)}: {', '.join(facts)}.")
        if plan.classes:
            counts = Counter(name_key(one.label) for one in plan.candidates if one.label)
            st.markdown(" ".join(f":gray-badge[{plain(name)} {counts[name_key(name)]:,}]" for name in plan.classes))
        show_boxes(plan, project)
        _problems(plan)
        if not plan.candidates:
            st.info("No photos to import were found here. Choose other files.", icon=":material/info:")
            return
        st.button(
            f"Import {counted(len(plan.candidates), 'photo')}" + (" anyway" if plan.problems else ""),
            type="primary",
            icon=":material/download_done:",
            key="import-now",
            on_click=_import,
            args=(plan, project),
        )


def _problems(plan: ImportPlan) -> None:
    """Draw all problems in one table: lines of the labels first, then files that cannot be imported."""
    rows = [(f"line {one.line}" if one.line is not None else "", one.text) for one in plan.problems]
    rows += [(one.name, f"not imported: {one.text}") for one in plan.refused]
    if not rows:
        return
    st.markdown(
        f":orange[:material/warning:] **{counted(len(rows), 'problem')}.** Import the rest anyway, "
        "or fix the files and upload them again."
    )
    table = pd.DataFrame(rows, columns=["Where", "What is wrong"])
    if len(rows) <= PROBLEMS_IN_FULL:
        st.table(table.map(plain), hide_index=True)
    else:
        wide = st.column_config.TextColumn(width="large")
        st.dataframe(table, hide_index=True, height=320, column_config={"What is wrong": wide})


def _import(plan: ImportPlan, project: Project) -> None:
    start(plan, project)
    # A new uploader next time, so that the same files do not show up again.
    for name in (PLAN, TOKEN):
        st.session_state.pop(name, None)
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1

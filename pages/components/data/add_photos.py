"""Add photos: choose files or a folder, see what was found in them, and import it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st

from core.data.importing.box_columns import ColumnGuess, Planner, guess_in_folder, guess_in_uploads, uploads_with
from core.data.importing.folder_layout import is_picture
from core.data.importing.import_progress import import_progress
from core.data.importing.names.class_case import settle_with_project
from core.data.importing.plan_files import classes_of
from core.data.importing.plan_import import ImportPlan, plan_folder, plan_uploads
from core.data.importing.run_import import check_room
from core.data.importing.updates.apply_updates import apply_updates, update_text
from core.data.importing.updates.label_updates import LabelUpdates
from core.data.store.store import Project
from core.data.tables.names import class_key, name_key
from core.errors import LabelsError
from pages.components.data.groups.column_choice import choose_group_column
from pages.components.data.importing.import_boxes import confirm, show_boxes, show_learned
from pages.components.data.importing.import_problems import show_problems
from pages.components.data.importing.import_progress import import_of, show_import, start
from pages.components.data.importing.import_questions import ANSWERS, answers, ask
from pages.components.data.importing.label_ways import explain_ways
from pages.components.data.preview_updates import KNOWN, show_updates, updates_of
from pages.components.data.uploaded_files import release_uploads, uploads_on_disk
from pages.components.quota.quota_line import show_photos_used
from pages.components.shared import frame
from pages.components.shared.pickers import SPLIT_NAMES, SPLITS
from pages.components.shared.undo_line import offer_undo
from pages.components.shared.wording import counted, plain

FILES, FOLDER, SERVER = "Files or a zip", "A whole folder", "A path on the server"
PLAN, TOKEN, ROUND, PROPOSAL = "add-plan", "add-token", "add-round", "add-proposal"
SETTLED = "add-settled"
PLANNER = "add-planner"
"""The function that makes the plan again with another group column or other answers."""
COLUMN = "add-chosen-column"
"""The group column that a person chose."""


def add_photos(project: Project) -> None:
    """Draw the section: choose files, see what was found, then the import's progress and report."""
    job = import_of(project)
    if job or import_progress(frame.workspace(), project.id):
        show_import(project, job)
        return
    show_photos_used()
    ways = [FILES, FOLDER]
    if frame.offers_server_files():
        ways.append(SERVER)
    way = st.segmented_control(
        "Source", ways, default=FILES, required=True, key="add-way", wrap=True, on_change=_clear_plan
    )
    plan = _from_path() if way == SERVER else _from_uploads(whole_folder=way == FOLDER)
    if plan is None and PROPOSAL not in st.session_state:
        explain_ways()
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
    uploads = uploads_on_disk(files)
    token = tuple(file.file_id for file in files)
    if st.session_state.get(TOKEN) != token:
        for name in (PLAN, PROPOSAL, COLUMN, ANSWERS):
            st.session_state.pop(name, None)
        with st.spinner("Reading the files"):
            _make_plan(partial(plan_uploads, uploads), partial(guess_in_uploads, uploads))
        st.session_state[TOKEN] = token
    if PROPOSAL in st.session_state:
        _confirm(uploads_with(uploads, st.session_state[PROPOSAL][0]))
    return st.session_state.get(PLAN)


def _clear_plan() -> None:
    release_uploads()
    for name in (PLAN, PLANNER, PROPOSAL, TOKEN, KNOWN, SETTLED, COLUMN, ANSWERS):
        st.session_state.pop(name, None)


def _confirm(plan_with: Planner) -> None:
    """Ask whether the table that was found contains boxes; a yes makes the plan."""
    proposal, reason = st.session_state[PROPOSAL]
    confirmed = confirm(proposal, reason, plan_with)
    if confirmed is not None:
        st.session_state[PLAN], st.session_state[PLANNER] = confirmed
        del st.session_state[PROPOSAL]
        st.rerun()


def _make_plan(plan: Callable[..., ImportPlan], propose: Callable[[], ColumnGuess | None]) -> None:
    """Make the plan; if the labels cannot be read but may be boxes in another table, keep a proposal instead."""
    st.session_state.pop(PLANNER, None)
    try:
        st.session_state[PLAN] = plan()
        st.session_state[PLANNER] = plan
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


def _for_project(plan: ImportPlan, project: Project) -> ImportPlan:
    """Return the plan with the questions that the project's classes raise; the same one until something changes."""
    classes = [one.name for one in frame.store().classes(project.id)]
    state = (project.id, classes, dict(answers()))
    kept = st.session_state.get(SETTLED)
    if kept is None or kept[0] is not plan or kept[1] != state:
        kept = st.session_state[SETTLED] = (plan, state, settle_with_project(plan, classes, answers()))
    settled: ImportPlan = kept[2]
    return settled


def _show(plan: ImportPlan, project: Project) -> None:
    """Draw what was found, what it would change, and the button that does it."""
    plan = _for_project(plan, project)
    with st.container(border=True):
        if planner := st.session_state.get(PLANNER):
            choose_group_column(plan, partial(_group_by, planner))
            if ask(plan, partial(_plan_again, planner)):
                show_problems(plan.problems, plan.refused, questions_open=True)
                return
        before = plan.answered
        plan, updates = updates_of(plan, project, answers())
        new = tuple(one for one in plan.answered if one not in before)
        if planner and ask(replace(plan, answered=new), partial(_plan_again, planner)):
            show_problems(updates.problems, plan.refused, questions_open=True)
            return
        if plan.candidates or not updates.photos:
            _found(plan, updates)
            show_boxes(plan, project)
        else:
            st.header(f"Found: labels of {counted(updates.photos, 'photo')} in the project", anchor=False)
            st.markdown(f"From {plain(plan.source)}.")
        show_updates(updates)
        show_learned(plan, updates, project)
        show_problems(updates.problems, plan.refused)
        with frame.plain_errors():
            check_room(plan, frame.store(), project.id, updates)
            _buttons(plan, updates, project)


def _group_by(planner: Callable[..., ImportPlan], group_column: str) -> None:
    st.session_state[COLUMN] = group_column
    _plan_again(planner)


def _plan_again(planner: Callable[..., ImportPlan]) -> None:
    """Make the plan again with the chosen group column and the answers so far."""
    with st.spinner("Reading the files"):
        st.session_state[PLAN] = planner(group_column=st.session_state.get(COLUMN), answers=answers())


def _found(plan: ImportPlan, updates: LabelUpdates) -> None:
    """Draw the counts of the files."""
    labelled = sum(one.label is not None for one in plan.candidates)
    st.header(f"Found: {counted(len(plan.candidates), 'photo')}", anchor=False)
    facts = [f"{labelled:,} labelled", counted(len(plan.classes), "class", "classes")]
    splits = Counter(one.split for one in plan.candidates if one.split)
    if splits:
        facts.append(", ".join(f"{splits[name]:,} for {SPLIT_NAMES[name].lower()}" for name in SPLITS if splits[name]))
    if groups := {name_key(one.group) for one in plan.candidates if one.group}:
        facts.append(counted(len(groups), "group"))
    if updates.known:
        facts.append(f"{len(updates.known):,} in the project already")
    st.markdown(f"From {plain(plan.source)}: {', '.join(facts)}.")
    if plan.classes:
        counts = Counter(class_key(one.label) for one in plan.candidates if one.label)
        st.markdown(" ".join(f":gray-badge[{plain(name)}: {counts[class_key(name)]:,}]" for name in plan.classes))


def _buttons(plan: ImportPlan, updates: LabelUpdates, project: Project) -> None:
    """Draw what can be done: import new photos, update the labels of known ones, or both."""
    if plan.candidates and plan.unmatched_table and not updates.photos:
        st.warning(plain(plan.unmatched_table), icon=":material/link_off:")
        return
    new = sum(one.name not in updates.known for one in plan.candidates)
    skipped = any(is_picture(one.name) for one in plan.refused)
    anyway = " anyway" if skipped or any(not one.harmless for one in updates.problems) else ""
    if updates.changes:
        words = update_text(updates)
        what = f"Import {counted(new, 'photo')} and update {words}" if new else f"Update {words}"
        with st.container(horizontal=True):
            # Photos under new names are imported too, so that the next table finds them by these names.
            if new or updates.new_names:
                _button(what + anyway, "import-now", plan, project, updates)
            else:
                st.button(
                    what + anyway,
                    type="primary",
                    icon=":material/published_with_changes:",
                    key="update-labels",
                    on_click=_update,
                    args=(plan, project, updates),
                )
            if new:
                _button(f"Import {counted(new, 'photo')} only", "import-only", plan, project, updates)
        st.caption("You can take this back in one step, with Undo.")
    elif not plan.candidates:
        if updates.photos:
            st.info("The project has these labels already. Nothing would change.", icon=":material/info:")
        else:
            st.info("No photos to import were found here. Choose other files.", icon=":material/info:")
    elif new or updates.new_names or any(one.by_folder for one in plan.candidates):
        _button(f"Import {counted(new or len(plan.candidates), 'photo')}{anyway}", "import-now", plan, project, updates)
    else:
        text = "All these photos are in the project already, with the same labels. Nothing would change."
        st.info(text, icon=":material/info:")


def _button(words: str, key: str, plan: ImportPlan, project: Project, updates: LabelUpdates) -> None:
    st.button(
        words,
        type="secondary" if key == "import-only" else "primary",
        icon=":material/download_done:",
        key=key,
        on_click=_import,
        args=(plan, project, updates, key == "import-only"),
    )


def _import(plan: ImportPlan, project: Project, updates: LabelUpdates, only_new: bool) -> None:
    if only_new:
        new = [one for one in plan.candidates if one.name not in updates.known]
        plan = replace(plan, candidates=tuple(new), classes=classes_of(new))
    start(plan, project, None if only_new else updates)
    _new_uploader()


@frame.action
def _update(plan: ImportPlan, project: Project, updates: LabelUpdates) -> None:
    change, done, gone = apply_updates(updates, frame.store(), project.id, frame.who(), plan.source)
    words = f"{update_text(done)} updated from {plain(plan.source)}." if change else "Nothing was updated."
    if gone:
        have = "photo was" if len(gone) == 1 else "photos were"
        shown = ", ".join(plain(name) for name in gone[:3]) + (", ..." if len(gone) > 3 else "")
        words += f" {len(gone):,} {have} changed in the meantime and left alone: {shown}."
    if change:
        offer_undo(project, change, words)
    else:
        frame.notify(words)
    _new_uploader()
    st.session_state["data-section"] = "Photos"  # where the line with Undo is


def _new_uploader() -> None:
    """Show a new uploader next time, so that the same files do not show up again."""
    for name in (PLAN, PLANNER, TOKEN, KNOWN, SETTLED, COLUMN, ANSWERS):
        st.session_state.pop(name, None)
    release_uploads()
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1

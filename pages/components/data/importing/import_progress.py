"""Background import: start it, show its progress and its report."""

import logging
from dataclasses import dataclass, field
from threading import Lock, Thread
from time import monotonic

import pandas as pd
import streamlit as st

from core.data.importing.import_plan import ResultKind
from core.data.importing.import_progress import ImportProgress, cancel_import, import_progress
from core.data.importing.plan_import import FileResult, ImportPlan, ImportReport, run_import
from core.data.importing.updates.apply_updates import update_text
from core.data.importing.updates.label_updates import LabelUpdates
from core.data.store.records import IMPORT
from core.data.store.store import Project, Store
from core.data.tables.csv_cells import as_csv
from core.errors import StudioError
from pages.components.data.importing.import_line import progress_of
from pages.components.shared import frame
from pages.components.shared.undo_line import offer_undo, undo_line
from pages.components.shared.wording import counted, plain

KINDS: dict[ResultKind, str] = {
    "taken": "imported",
    "remark": "imported with a note",
    "copy": "copy",
    "duplicate": "duplicate",
    "refused": "not imported",
}
MEANINGS: dict[ResultKind, str] = {
    "remark": "Imported, but read the note in the table below.",
    "copy": "The same photo as another file of this import. It is stored once.",
    "duplicate": "The photo is already in the project.",
    "refused": "The table below gives the reason.",
}
REFRESH_SECONDS = 0.5
RECENT_SECONDS = 300
CANCELLED = "import-cancelled"  # the token of the import that this tab has cancelled
_registering = Lock()
log = logging.getLogger("resnet_studio")


@dataclass
class Import:
    """One import of a project by this server; its thread appends results, pages only read them."""

    source: str
    total: int
    results: list[FileResult] = field(default_factory=list)
    rejected: tuple[FileResult, ...] = ()
    updates: str = ""  # what it updates of photos that were in the project, in words
    error: str = ""
    ended: float | None = None  # time.monotonic()

    @property
    def cancelled(self) -> bool:
        """True if it ended before its last file, because somebody cancelled it."""
        return self.finished and not self.error and len({one.name for one in self.results}) < self.total

    @property
    def finished(self) -> bool:
        return self.ended is not None

    @property
    def recent(self) -> bool:
        """True if running, or if it ended so recently that whoever opens the page will want the report."""
        return self.ended is None or monotonic() - self.ended < RECENT_SECONDS


@st.cache_resource(show_spinner=False)
def _imports(workspace: str) -> dict[int, Import]:
    """Return the latest import of each project, shared by all tabs, so that a reload finds a running import."""
    return {}


def import_of(project: Project) -> Import | None:
    """Return the project's import if it is running or its report has not been dismissed."""
    return _imports(str(frame.workspace().root)).get(project.id)


def start(plan: ImportPlan, project: Project, updates: LabelUpdates | None = None) -> None:
    """Start an import with these updates of labels; does nothing if one is already running for this project."""
    words = update_text(updates) if updates and updates.changes else ""
    made = Import(plan.source, len(plan.candidates), rejected=plan.refused, updates=words)
    if not register(_imports(str(frame.workspace().root)), project.id, made):
        return
    # A thread, because a click elsewhere would interrupt the page's script. It ends with the server: photos imported by
    # then are kept, and importing the same files again continues from there.
    Thread(target=_work, args=(made, plan, frame.store(), project.id, frame.who(), updates), daemon=True).start()


def register(imports: dict[int, Import], project_id: int, made: Import) -> bool:
    """Enter an import as the project's, unless another one is running; two clicks at once enter one."""
    with _registering:
        job = imports.get(project_id)
        if job and not job.finished:
            return False
        imports[project_id] = made
        return True


def _work(job: Import, plan: ImportPlan, store: Store, project_id: int, who: str, updates: LabelUpdates | None) -> None:
    try:
        for result in run_import(plan, store, project_id, who, updates):
            job.results.append(result)
    except StudioError as error:
        job.error = str(error)
    except Exception:
        log.exception("An import failed")
        job.error = "The import stopped because of an error in ResNet Studio. Photos imported before it are kept."
    finally:
        job.ended = monotonic()


def show_import(project: Project, job: Import | None) -> None:
    """Draw the import's progress while it runs, then its report; an import of another process has no ``job`` here."""
    if job and job.finished:
        _report(project, job)
    else:
        _progress(project, job)


@frame.fragment(run_every=REFRESH_SECONDS)
def _progress(project: Project, job: Import | None) -> None:
    progress = import_progress(frame.workspace(), project.id)
    if job.finished if job else progress is None:
        st.rerun()
    if progress is None:
        st.progress(0.0, "Starting")
        return
    st.progress(*progress_of(progress))
    asked = st.session_state.get(CANCELLED) == progress.token
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Cancel import",
            icon=":material/cancel:",
            key="import-cancel",
            disabled=asked,
            on_click=_cancel,
            args=(project, progress),
        )
        keeps = "the photos imported so far stay, with their labels."
        st.markdown(f"Cancelling: {keeps}" if asked else f"If you cancel, {keeps}", width="stretch")
    if not asked:
        where = "here" if job else "where it was started"
        st.caption(f"You can leave this page: the import continues. Its report will be {where}.")


def _cancel(project: Project, progress: ImportProgress) -> None:
    cancel_import(frame.workspace(), project.id)
    st.session_state[CANCELLED] = progress.token


def _report(project: Project, done: Import) -> None:
    report = ImportReport.of([*done.rejected, *done.results])
    taken = report.counts["taken"] + report.counts["remark"]
    if done.error:
        st.error(plain(done.error), icon=":material/info:")
    st.header(f"{counted(taken, 'photo')} imported", anchor=False)
    if done.updates and not done.error:
        _offer_undo(project, done.updates)
    added = [one.added for one in done.results if one.added is not None]
    if done.cancelled:
        st.markdown(
            "The import was cancelled. Photos imported before that are in the project, with their labels. "
            "Import the same files again to add the others."
        )
    if added and (done.cancelled or done.error):
        st.button(
            f"Remove {'the photo' if len(added) == 1 else f'these {len(added):,} photos'} again",
            icon=":material/delete:",
            key="import-remove",
            on_click=_remove,
            args=(project, added),
        )
    st.markdown(f"Result for each file from {plain(done.source)}:")
    with st.container(horizontal=True):
        for kind, words in KINDS.items():
            st.metric(
                words.removeprefix("imported ").capitalize(),
                f"{report.counts[kind]:,}",
                border=True,
                width=150,
                help=MEANINGS.get(kind),
            )
    table = pd.DataFrame(
        [(one.name, KINDS[one.kind], one.text) for one in report.results], columns=["File", "Result", "Why"]
    )
    present = [words for kind, words in KINDS.items() if report.counts[kind]]
    # Start with the files that need attention; if there are none, show all.
    default = [words for words in present if words != KINDS["taken"]] or present
    kept = st.pills("Show", present, selection_mode="multi", default=default, key="report-kinds")
    shown = table[table["Result"].isin(kept)]
    st.dataframe(
        shown,
        hide_index=True,
        height="content" if len(shown) < 10 else 380,
        column_config={"Why": st.column_config.TextColumn(width="large")},
    )
    with st.container(horizontal=True):
        st.button(
            "View photos",
            type="primary",
            icon=":material/photo_library:",
            on_click=_dismiss,
            args=(project, "Photos"),
        )
        st.button("Import more", icon=":material/add:", on_click=_dismiss, args=(project, "Add photos"))
        st.download_button(
            "Download report (CSV)",
            as_csv(table).encode("utf-8-sig"),
            "import-report.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )


def _offer_undo(project: Project, updates: str) -> None:
    """Say what was updated, and offer to take it back with the labels of the new photos: they are one change."""
    newest = frame.store().history(project.id, 1, tab=frame.tab())
    if newest and newest[0].kind == IMPORT and not newest[0].undone:
        offer_undo(project, newest[0].id, f"{updates} updated. Undo takes back these and the labels of new photos.")
        undo_line(project)


@frame.action
def _remove(project: Project, added: list[int]) -> None:
    change = frame.store().remove_images(project.id, added, frame.who())
    offer_undo(project, change, f"{counted(len(added), 'photo')} removed.")
    _dismiss(project, "Photos")


def _dismiss(project: Project, section: str) -> None:
    _imports(str(frame.workspace().root)).pop(project.id, None)
    st.session_state["data-section"] = section

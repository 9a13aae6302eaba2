"""Background import: start it, show its progress and its report."""

import logging
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic

import pandas as pd
import streamlit as st

from core.data.importing.import_plan import ResultKind
from core.data.importing.plan_import import FileResult, ImportPlan, ImportReport, run_import
from core.data.store.store import Project, Store
from core.data.tables.csv_cells import as_row
from core.errors import StudioError
from pages.components.shared import frame
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
log = logging.getLogger("resnet_studio")


@dataclass
class Import:
    """One import of a project; its thread appends results, pages only read them."""

    source: str
    total: int
    results: list[FileResult] = field(default_factory=list)
    rejected: tuple[FileResult, ...] = ()
    error: str = ""
    ended: float | None = None  # time.monotonic()

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


def start(plan: ImportPlan, project: Project) -> None:
    """Start an import; does nothing if one is already running for this project."""
    imports = _imports(str(frame.workspace().root))
    job = imports.get(project.id)
    if job and not job.finished:
        return
    made = imports[project.id] = Import(plan.source, len(plan.candidates), rejected=plan.refused)
    # A thread, because a click elsewhere would interrupt the page's script. It ends with the server: photos imported by
    # then are kept, and importing the same files again continues from there.
    Thread(target=_work, args=(made, plan, frame.store(), project.id, frame.who()), daemon=True).start()


def _work(job: Import, plan: ImportPlan, store: Store, project_id: int, who: str) -> None:
    try:
        for result in run_import(plan, store, project_id, who):
            job.results.append(result)
    except StudioError as error:
        job.error = str(error)
    except Exception:
        log.exception("An import failed")
        job.error = "The import stopped because of an error in ResNet Studio. Photos imported before it are kept."
    finally:
        job.ended = monotonic()


def show_import(project: Project, job: Import) -> None:
    """Draw the import's progress while it runs, then its report."""
    if job.finished:
        _report(project, job)
    else:
        _progress(job)


@frame.fragment(run_every=REFRESH_SECONDS)
def _progress(job: Import) -> None:
    if job.finished:
        st.rerun()
    st.subheader("Importing", anchor=False)
    st.progress(*progress_of(job))
    if job.results:
        st.caption(f"{plain(job.results[-1].name)}")
    st.markdown("You can leave this page: the import continues, and its report will be here.")


def progress_of(job: Import) -> tuple[float, str]:
    """Return the fraction done, and the progress in words."""
    done = len(job.results)
    return min(1.0, done / max(1, job.total)), f"{done:,} of {counted(job.total, 'photo')}"


def _report(project: Project, done: Import) -> None:
    report = ImportReport.of([*done.rejected, *done.results])
    taken = report.counts["taken"] + report.counts["remark"]
    if done.error:
        st.error(done.error, icon=":material/info:")
    st.subheader(f"{counted(taken, 'photo')} imported", anchor=False)
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
            csv_of(table).encode("utf-8-sig"),
            "import-report.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )


def csv_of(table: pd.DataFrame) -> str:
    """Return the report as CSV; file names that a spreadsheet would run as formulas start with an apostrophe."""
    return "".join(as_row(row) for row in (list(table.columns), *table.to_numpy().tolist()))


def _dismiss(project: Project, section: str) -> None:
    _imports(str(frame.workspace().root)).pop(project.id, None)
    st.session_state["data-section"] = section

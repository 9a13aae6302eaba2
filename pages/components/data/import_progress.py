"""An import at work: it runs in the background of the server, shows its progress, and ends in a report."""

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
    "remark": "with a remark",
    "copy": "copy of another",
    "duplicate": "already there",
    "refused": "refused",
}
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_OF_INTEREST = 300
log = logging.getLogger("resnet_studio")


@dataclass
class Import:
    """One import of a project; the thread appends, the pages only read."""

    source: str
    total: int
    results: list[FileResult] = field(default_factory=list)
    refused_at_once: tuple[FileResult, ...] = ()
    error: str = ""
    ended: float | None = None  # time.monotonic()

    @property
    def finished(self) -> bool:
        return self.ended is not None

    @property
    def recent(self) -> bool:
        """At work, or ended so lately that whoever opens the page wants its report."""
        return self.ended is None or monotonic() - self.ended < SECONDS_OF_INTEREST


@st.cache_resource(show_spinner=False)
def _imports(workspace: str) -> dict[int, Import]:
    """The newest import of each project, for all tabs: a reload in the middle finds it again."""
    return {}


def import_of(project: Project) -> Import | None:
    """The project's import that is at work, or whose report has not been put away yet."""
    return _imports(str(frame.workspace().root)).get(project.id)


def start(plan: ImportPlan, project: Project) -> None:
    """Begin an import; a second click finds the first one at work and does nothing."""
    imports = _imports(str(frame.workspace().root))
    at_work = imports.get(project.id)
    if at_work and not at_work.finished:
        return
    made = imports[project.id] = Import(plan.source, len(plan.candidates), refused_at_once=plan.refused)
    # A thread, not the page's script: a click elsewhere would cut the script off. It ends with the server; what was
    # taken by then stays, and importing the same files again goes on from there.
    Thread(target=_work, args=(made, plan, frame.store(), project.id, frame.who()), daemon=True).start()


def _work(at_work: Import, plan: ImportPlan, store: Store, project_id: int, who: str) -> None:
    try:
        for result in run_import(plan, store, project_id, who):
            at_work.results.append(result)
    except StudioError as error:
        at_work.error = str(error)
    except Exception:
        log.exception("An import failed")
        at_work.error = "The import stopped because of a mistake in ResNet Studio; what was taken before stays."
    finally:
        at_work.ended = monotonic()


def show_import(project: Project, at_work: Import) -> None:
    """Its progress while it runs, then its report."""
    if at_work.finished:
        _report(project, at_work)
    else:
        _progress(at_work)


@frame.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _progress(at_work: Import) -> None:
    if at_work.finished:
        st.rerun()
    st.subheader("Importing", anchor=False)
    st.progress(*progress_of(at_work))
    if at_work.results:
        st.caption(f"{plain(at_work.results[-1].name)}")
    st.markdown("You may leave this page: the import goes on, and its report waits here.")


def progress_of(at_work: Import) -> tuple[float, str]:
    """The share that is done, and the same in words."""
    done = len(at_work.results)
    return min(1.0, done / max(1, at_work.total)), f"{done:,} of {counted(at_work.total, 'photo')}"


def _report(project: Project, done: Import) -> None:
    report = ImportReport.of([*done.refused_at_once, *done.results])
    taken = report.counts["taken"] + report.counts["remark"]
    if done.error:
        st.error(done.error, icon=":material/info:")
    st.subheader(f"{counted(taken, 'photo')} imported", anchor=False)
    st.markdown(f"From {plain(done.source)}. Every file has its result:")
    with st.container(horizontal=True):
        for kind, words in KINDS.items():
            st.metric(words.capitalize(), f"{report.counts[kind]:,}", border=True, width=150)
    table = pd.DataFrame(
        [(one.name, KINDS[one.kind], one.text) for one in report.results], columns=["File", "Result", "Why"]
    )
    present = [words for kind, words in KINDS.items() if report.counts[kind]]
    # What needs a look comes first; where all went well, all is shown.
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
            "Look at the photos",
            type="primary",
            icon=":material/photo_library:",
            on_click=_put_away,
            args=(project, "Photos"),
        )
        st.button("Import more", icon=":material/add:", on_click=_put_away, args=(project, "Add photos"))
        st.download_button(
            "Report as CSV",
            csv_of(table).encode("utf-8-sig"),
            "import-report.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )


def csv_of(table: pd.DataFrame) -> str:
    """The report as CSV; names of files that a spreadsheet would run begin with an apostrophe."""
    return "".join(as_row(row) for row in (list(table.columns), *table.to_numpy().tolist()))


def _put_away(project: Project, section: str) -> None:
    _imports(str(frame.workspace().root)).pop(project.id, None)
    st.session_state["data-section"] = section

"""Who is here and on which project: what the pages remember about one browser tab."""

import streamlit as st

from core.data.store.store import Project, Store
from core.errors import DataError
from core.workspace import Workspace, open_workspace

NOBODY = "someone"
LOCAL_ADDRESSES = {"localhost", "127.0.0.1", "::1"}
PROXY_HEADERS = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")


def workspace() -> Workspace:
    """The workspace of this server; its folders are made where they are missing."""
    return open_workspace()


@st.cache_resource(max_entries=4, show_spinner=False, on_release=lambda store: store.close())
def _store(root: str, database_url: str) -> Store:
    return Store(workspace())


def store() -> Store:
    """The one store of this server, opened once for all tabs."""
    here = workspace()
    return _store(str(here.root), here.database_url)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def settle_project() -> list[Project]:
    """Decide the tab's project (address, then memory, then the newest) and return all projects.

    The address bar carries ``?project=``, so a reload, a bookmark and a second tab keep it.
    """
    projects = store().projects()
    known = {project.id for project in projects}
    for wanted in (_number(st.query_params.get("project")), st.session_state.get("project_id")):
        if wanted in known:
            choose_project(wanted)
            break
    else:
        choose_project(max(known, default=None))
    return projects


def choose_project(project_id: int | None) -> None:
    """Make this the tab's project; None where there is no project at all."""
    st.session_state["project_id"] = project_id
    if project_id is None:
        st.query_params.pop("project", None)
    elif st.query_params.get("project") != str(project_id):
        st.query_params["project"] = str(project_id)


def project() -> Project | None:
    """The tab's project; None where there is none yet, or where it was deleted in another tab."""
    chosen = st.session_state.get("project_id")
    if chosen is None:
        return None
    try:
        return store().project(chosen)
    except DataError:
        return None


def settle_name() -> None:
    """Take the annotator's name from the address on the first run of a tab."""
    if "who" not in st.session_state:
        st.session_state["who"] = st.query_params.get("name", "")
    elif st.session_state["who"] and "name" not in st.query_params:
        st.query_params["name"] = st.session_state["who"]


def choose_name(name: str) -> None:
    """Remember who annotates in this tab."""
    st.session_state["who"] = name.strip()[:60]
    if st.session_state["who"]:
        st.query_params["name"] = st.session_state["who"]
    else:
        st.query_params.pop("name", None)


def who() -> str:
    """The name that stands beside each change made in this tab."""
    return st.session_state.get("who") or NOBODY


def address_parameters(**more: str) -> dict[str, str]:
    """What a link to another page takes along: project, name, and ``more``."""
    kept = {name: st.query_params[name] for name in ("project", "name") if name in st.query_params}
    return kept | more


def listens_on_localhost() -> bool:
    """True where only this computer's own browser can reach the server, so that its disk may be offered."""
    if st.get_option("server.address") not in LOCAL_ADDRESSES:
        return False
    # A proxy in front makes a local address public.
    return not any(header in st.context.headers for header in PROXY_HEADERS)


def is_dark() -> bool:
    """True while this browser shows the dark theme."""
    return st.context.theme.type == "dark"

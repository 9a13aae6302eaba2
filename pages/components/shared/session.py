"""Session state of one browser tab: the current project and the annotator's name."""

import streamlit as st

from core.data.store.store import Project, Store
from core.errors import DataError
from core.workspace import Workspace, open_workspace

DEFAULT_NAME = "someone"
LOCAL_ADDRESSES = {"localhost", "127.0.0.1", "::1"}
PROXY_HEADERS = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")


def workspace() -> Workspace:
    """Return this server's workspace; missing folders are created."""
    return open_workspace()


@st.cache_resource(max_entries=4, show_spinner=False, on_release=lambda store: store.close())
def _store(root: str, database_url: str) -> Store:
    return Store(workspace())


def store() -> Store:
    """Return this server's store, opened once for all tabs."""
    here = workspace()
    return _store(str(here.root), here.database_url)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def resolve_project() -> list[Project]:
    """Choose the tab's project (from the address, the session, or the newest) and return all projects.

    The address carries ``?project=``, so that a reload, a bookmark and a second tab keep it.
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
    """Make this the tab's project; None if there is no project."""
    st.session_state["project_id"] = project_id
    if project_id is None:
        st.query_params.pop("project", None)
    elif st.query_params.get("project") != str(project_id):
        st.query_params["project"] = str(project_id)


def project() -> Project | None:
    """Return the tab's project; None if there is none yet or it was deleted in another tab."""
    chosen = st.session_state.get("project_id")
    if chosen is None:
        return None
    try:
        return store().project(chosen)
    except DataError:
        return None


def restore_name() -> None:
    """Read the annotator's name from the address on a tab's first run; later, put it back if it is missing."""
    if "who" not in st.session_state:
        st.session_state["who"] = st.query_params.get("name", "")
    elif st.session_state["who"] and "name" not in st.query_params:
        st.query_params["name"] = st.session_state["who"]


def choose_name(name: str) -> None:
    """Set the annotator's name for this tab."""
    st.session_state["who"] = name.strip()[:60]
    if st.session_state["who"]:
        st.query_params["name"] = st.session_state["who"]
    else:
        st.query_params.pop("name", None)


def who() -> str:
    """Return the name saved with each change made in this tab."""
    return st.session_state.get("who") or DEFAULT_NAME


def address_parameters(**more: str) -> dict[str, str]:
    """Return the query parameters of a link to another page: project, name and ``more``."""
    kept = {name: st.query_params[name] for name in ("project", "name") if name in st.query_params}
    return kept | more


def listens_on_localhost() -> bool:
    """Return True if only browsers on this computer can reach the server, so that its files may be offered."""
    if st.get_option("server.address") not in LOCAL_ADDRESSES:
        return False
    # A proxy in front of the server can make a local address public.
    return not any(header in st.context.headers for header in PROXY_HEADERS)


def is_dark() -> bool:
    """Return True if this browser shows the dark theme."""
    return st.context.theme.type == "dark"

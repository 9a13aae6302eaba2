"""Session state of one browser tab: its id, the current project, the annotator's name, the photos on its desk.

The id belongs to the session, so a reload gets another one: Undo then offers nothing, and the older changes stand in
the history. Kept in the address or in the browser's storage, it would be copied together with a duplicated tab, and
the two copies would undo each other's changes.
"""

import contextlib
import os
import secrets
import time
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.store.records import NAMELESS
from core.data.store.store import Project, Store
from core.data.tables.names import storable_name, without_invisible
from core.errors import DataError, PeopleError, RunError
from core.people.door import open_register, workspace_of
from core.people.groups import groups_of
from core.people.looking import Look, look_workspace, take_look
from core.people.mode import people_mode
from core.people.records import Person
from core.runs.cluster.dispatcher import start_dispatcher
from core.workspace import Workspace
from pages.components.door.visit import PERSON, is_acting, memory, person

MOST_DIGITS = 18
"""Of a number in the address."""
LONGEST_NAME = 60
"""Characters of an annotator's name."""
SERVER_FILES = "RESNET_STUDIO_SERVER_FILES"
LOOKING = "looking-at"
GROUP = "group"
"""In the session and in the address: the group in whose workspace this tab works."""
OWN_LABELS = "own-label-revision"
"""The label revision after this tab's newest change, by project."""
_RESERVED = "reserved-in"
_OF_EVERY_WORKSPACE = ("tab", "who", PERSON)
_TO_ACT = (*_OF_EVERY_WORKSPACE, LOOKING, GROUP, OWN_LABELS, _RESERVED)
_MOST_STORES = 600
"""More than people in a class: a store that is closed while somebody uses it fails."""


def workspace() -> Workspace:
    """Return the workspace of this tab's person, or the server's own; missing folders are created. Raises NotHere."""
    here = person()
    looked = memory().get(LOOKING)
    if looked is not None and here is not None and here.teaches:
        try:
            return look_workspace(looked)
        except PeopleError:  # another tab of the teacher's has ended it
            if is_acting():
                raise
            stop_looking()
    return workspace_of(group() or here)


def group() -> Person | None:
    """Return the group in whose workspace this tab works, or None for one's own.

    Raises PeopleError if the pupil is no longer in it; afterwards the tab is in their own workspace.
    """
    here, chosen = person(), memory().get(GROUP)
    if here is None or chosen is None:
        return None
    for one in groups_of(open_register(), here.id):
        if one.id == chosen:
            return one
    if not is_acting():
        work_in(None)
    raise PeopleError("You are no longer in this group. From now on you see your own work.")


def work_in(group_id: int | None) -> None:
    """Work in a group's workspace in this tab, or in one's own.

    What the tab has chosen so far is forgotten: the numbers of photos and runs mean others there.
    """
    for key in [key for key in st.session_state if key not in _OF_EVERY_WORKSPACE]:
        del st.session_state[key]
    choose_project(None)
    st.session_state[GROUP] = group_id
    if group_id is None:
        st.query_params.pop(GROUP, None)
    else:
        st.query_params[GROUP] = str(group_id)


def restore_group() -> None:
    """Work in the group that the address names, on a tab's first run."""
    if GROUP not in st.session_state:
        here, wanted = person(), number_in_address(st.query_params.get(GROUP))
        own = groups_of(open_register(), here.id) if here is not None and wanted is not None else []
        st.session_state[GROUP] = wanted if wanted in {one.id for one in own} else None
    if st.session_state[GROUP] is None:
        st.query_params.pop(GROUP, None)
    else:
        st.query_params[GROUP] = str(st.session_state[GROUP])


def start_looking(at: Person) -> None:
    """Show a copy of somebody's work in this tab, instead of the teacher's own. Raises PeopleError."""
    st.session_state[LOOKING] = take_look(at)
    choose_project(None)


def stop_looking() -> None:
    """Go back to the teacher's own work."""
    st.session_state.pop(LOOKING, None)
    choose_project(None)


def looking_at() -> Look | None:
    """Return the copy of somebody else's work that this tab shows, or None."""
    workspace()
    found: Look | None = st.session_state.get(LOOKING)
    return found


_lately: dict[tuple[Path, str], tuple[float, Store]] = {}
_LATELY_SECONDS = 1.0
"""A page asks for its store fifty times a run, and Streamlit's cache takes a tenth of a millisecond each time."""


def _release(store: Store) -> None:
    for key in [key for key, (_, one) in list(_lately.items()) if one is store]:
        _lately.pop(key, None)
    store.close()


@st.cache_resource(max_entries=_MOST_STORES, show_spinner=False, on_release=_release)
def _store(root: str, database_url: str) -> Store:
    with contextlib.suppress(OSError, RunError):  # whoever starts a training is told
        start_dispatcher(Workspace(Path(root)))  # the server was down: runs may wait for the cluster
    return Store(Workspace(Path(root)))


def store() -> Store:
    """Return this server's store, opened once for all tabs; it acts for this tab."""
    here, now = workspace(), time.monotonic()
    key = (here.root, here.database_url)
    moment, found = _lately.get(key, (0.0, None))
    if found is None or now - moment > _LATELY_SECONDS:
        found = _store(str(here.root), here.database_url)
        if len(_lately) >= _MOST_STORES:
            _lately.clear()
        _lately[key] = (now, found)
    return found.in_tab(tab())


def tab() -> str:
    """Return the id of this browser tab, which is stored with each change made in it."""
    here = memory()
    if "tab" not in here:
        here["tab"] = secrets.token_hex(8)
    return str(here["tab"])


def memory_of_tab() -> dict[str, Any]:
    """Return what an address of this tab's page needs to act for the tab (see ``visit.acting``)."""
    tab()
    st.session_state.setdefault(OWN_LABELS, {})  # one for the page and its addresses
    return {key: st.session_state[key] for key in _TO_ACT if key in st.session_state}


def number_in_address(text: str | None) -> int | None:
    """Return the number that a query parameter holds; None if it holds anything else."""
    return int(text) if text and text.isdecimal() and len(text) <= MOST_DIGITS else None


def resolve_project() -> list[Project]:
    """Choose the tab's project (from the address, the session, or the newest) and return all projects.

    The address carries ``?project=``, so that a reload, a bookmark and a second tab keep it.
    """
    projects = store().projects()
    known = {project.id for project in projects}
    for wanted in (number_in_address(st.query_params.get("project")), st.session_state.get("project_id")):
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
        st.session_state["who"] = _tidy(st.query_params.get("name", ""))
    elif st.session_state["who"] and "name" not in st.query_params:
        st.query_params["name"] = st.session_state["who"]


def _tidy(name: str) -> str:
    return " ".join(without_invisible(storable_name(name)).split())[:LONGEST_NAME]


def choose_name(name: str) -> None:
    """Set the annotator's name for this tab."""
    st.session_state["who"] = _tidy(name)
    if st.session_state["who"]:
        st.query_params["name"] = st.session_state["who"]
    else:
        st.query_params.pop("name", None)


def who() -> str:
    """Return the name saved with each change made in this tab: in a class, the one under which somebody has joined."""
    if (here := person()) is not None:
        return here.name
    return memory().get("who") or NAMELESS


def note_reservations(project_id: int) -> None:
    """Remember that this tab has photos of the project reserved; those of another project are given back."""
    if not has_reservations(project_id):
        release_photos()
    memory()[_RESERVED] = project_id


def has_reservations(project_id: int) -> bool:
    """Return whether this tab has reserved photos of the project and not given them back."""
    return bool(memory().get(_RESERVED) == project_id)


def release_photos() -> None:
    """Give back the photos that this tab has reserved; call this where it shows no desk."""
    project_id = memory().pop(_RESERVED, None)
    if project_id is not None:
        store().release(project_id, who())


def address_parameters(**more: str) -> dict[str, str]:
    """Return the query parameters of a link to another page: project, name, group and ``more``."""
    kept = {name: st.query_params[name] for name in ("project", "name", GROUP) if name in st.query_params}
    return kept | more


def offers_server_files() -> bool:
    """Return whether this page may offer files on the server's disk.

    Only if the person who started the server said so with RESNET_STUDIO_SERVER_FILES=on, as ``make app`` does: the
    server cannot know who reaches it, since a plain reverse proxy leaves no trace in a request.
    """
    if people_mode() != "alone" or os.environ.get(SERVER_FILES, "").strip().lower() not in ("on", "1", "true", "yes"):
        return False
    return "Mobile" not in st.context.headers.get("User-Agent", "")  # a phone is never the server


def is_dark() -> bool:
    """Return True if this browser shows the dark theme."""
    return st.context.theme.type == "dark"

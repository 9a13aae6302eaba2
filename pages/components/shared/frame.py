"""The frame around every page: header, navigation and the current project."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import streamlit as st

from core.data.store.store import Project
from core.errors import NotHere
from core.people.door import open_register
from core.people.groups import groups_of
from core.people.mode import people_mode
from pages.components.door.person_menu import show_person, way_out
from pages.components.many_tabs import late_requests
from pages.components.shared import preload
from pages.components.shared.assets import asset
from pages.components.shared.errors import action, fragment, notify, plain_errors, show_notes
from pages.components.shared.session import (
    GROUP,
    address_parameters,
    choose_name,
    choose_project,
    group,
    is_dark,
    looking_at,
    offers_server_files,
    person,
    project,
    release_photos,
    resolve_project,
    restore_group,
    restore_name,
    start_looking,
    stop_looking,
    store,
    tab,
    who,
    work_in,
    workspace,
)
from pages.components.shared.wording import plain

__all__ = [
    "PAGES",
    "action",
    "address_parameters",
    "choose_project",
    "empty_state",
    "fragment",
    "go",
    "group",
    "is_dark",
    "link",
    "need_project",
    "notify",
    "offers_server_files",
    "page",
    "person",
    "plain_errors",
    "project",
    "release_photos",
    "start_looking",
    "store",
    "tab",
    "who",
    "work_in",
    "workspace",
]

ASSETS = Path(__file__).resolve().parents[3] / "assets"
HERE = Path(__file__).resolve().parent
_OWN = 0  # no group has this number; None would be no choice at all


class PageInfo(NamedTuple):
    """A page as the navigation shows it; ``name`` where it is another than its key in PAGES."""

    path: str
    icon: str
    sentence: str
    name: str = ""


PAGES: dict[str, PageInfo] = {
    "Home": PageInfo("app.py", ":material/home:", "Your project and the next step."),
    "Data": PageInfo("pages/1_Data.py", ":material/photo_library:", "The photos, their labels and their splits."),
    "Annotate": PageInfo("pages/2_Annotate.py", ":material/sell:", "Label each photo with one key, or draw its boxes."),
    "Train": PageInfo(
        "pages/3_Train.py", ":material/model_training:", "Fine-tune a pretrained network on your photos."
    ),
    "Evaluate": PageInfo(
        "pages/4_Evaluate.py", ":material/fact_check:", "How accurate a run is, and which photos it gets wrong."
    ),
    "Explain": PageInfo(
        "pages/5_Explain.py",
        ":material/visibility:",
        "See what the model predicts for a photo, and where it looked.",
        "Predict and explain",
    ),
    "Live": PageInfo(
        "pages/8_Live.py", ":material/videocam:", "What a model answers to your camera or a video, with an alarm."
    ),
    "Export": PageInfo("pages/6_Export.py", ":material/package_2:", "Download the trained model, or share it."),
    "Class": PageInfo("pages/9_Class.py", ":material/groups:", "Your class: who is here, what it shares, and a game."),
    "Learn": PageInfo("pages/7_Learn.py", ":material/school:", "Seven lessons: how residual networks work, and why."),
}

# Pages that can be opened while torch is still loading in the background.
WITHOUT_TORCH = {"Home", "Data", "Class"}


@contextmanager
def page(title: str, sentence: str | None = None, heading: str | None = None) -> Iterator[None]:
    """Draw the frame and show errors raised inside it: every page starts with ``with frame.page("Data"):``.

    ``title`` is a key of PAGES. ``heading`` and ``sentence`` replace its name and sentence at the top of the page.
    """
    late_requests.keep_pages_whole()
    st.set_page_config(
        page_title=f"{page_name(title)} · ResNet Studio", page_icon=str(ASSETS / "favicon.svg"), layout="wide"
    )
    st.html(HERE / "frame.css")
    theme = "-dark" if is_dark() else ""
    st.logo(str(ASSETS / f"logo{theme}.svg"), size="large", icon_image=str(ASSETS / f"mark{theme}.svg"))
    drawn = False
    with plain_errors(), _only_visitors():
        restore_group()
        projects = resolve_project()
        restore_name()
        if title != "Annotate":
            release_photos()
        with st.sidebar:
            _navigation(title)
            _group_picker()
            _project_picker(projects)
            _name()
        with st.container(key="frame-head"):
            st.title(heading or page_name(title), anchor=False)
            st.caption(sentence if sentence is not None else PAGES[title].sentence)
        _looking()
        show_notes()
        drawn = True
    if not drawn:  # no workspace or no store: the error is all there is to show
        st.stop()
    if title not in WITHOUT_TORCH:
        preload.wait()
    try:
        with plain_errors():
            yield
    finally:  # even if the user has already left the page
        preload.start()


@contextmanager
def _only_visitors() -> Iterator[None]:
    """Show the way back to somebody whose visit has ended while this tab was open."""
    try:
        yield
    except NotHere as error:
        with st.container(border=True, horizontal_alignment="center"):
            accounts = people_mode() == "accounts"
            title = "You are signed out" if accounts else "You are not in the class"
            st.header(title, anchor=False, text_alignment="center")
            st.markdown(plain(str(error)), text_alignment="center")
            way_out("Sign in" if accounts else "Join", "/join")
        st.stop()


def page_name(title: str) -> str:
    """Return the name of a page of PAGES, as it stands in the navigation and at its top."""
    return PAGES[title].name or title


def _navigation(current: str) -> None:
    menu = st.components.v2.component("resnet_studio.frame", js=asset(HERE / "frame.js"))
    with st.container(gap=None, key="frame-menu"):
        for name in PAGES:
            if name != "Class" or people_mode() != "alone":
                link(name)
        menu(key="frame-pages", data={"path": "" if current == "Home" else current}, height=0)


def _group_picker() -> None:
    """Offer the workspaces of the groups that a pupil is in, beside their own."""
    here = person()
    own = groups_of(open_register(), here.id) if here is not None and not here.teaches else []
    if not own:
        return
    names = {_OWN: "My own work"} | {one.id: f"Group: {one.name}" for one in own}
    st.session_state["frame_group"] = st.session_state[GROUP] or _OWN
    st.selectbox(
        "Work in",
        list(names),
        format_func=lambda group_id: names.get(group_id, "another group"),
        key="frame_group",
        on_change=lambda: work_in(st.session_state["frame_group"] or None),
        help="A group shares its photos, labels and models. What you do there is seen by all of you.",
    )


def _project_picker(projects: list[Project]) -> None:
    if not projects:
        return
    names = {one.id: one.name for one in projects}
    # The widget follows the session, even when the address or another page has changed the project.
    st.session_state["frame_project"] = st.session_state["project_id"]
    st.selectbox(
        "Project",
        list(names),
        format_func=lambda project_id: names.get(project_id, "deleted project"),
        key="frame_project",
        on_change=lambda: choose_project(st.session_state["frame_project"]),
    )


def _name() -> None:
    here = person()
    if here is not None:
        show_person(here, plain(here.name))
        return
    st.session_state["frame_name"] = st.session_state["who"]
    st.text_input(
        "Your name",
        key="frame_name",
        placeholder="someone",
        max_chars=60,
        on_change=lambda: choose_name(st.session_state["frame_name"]),
        help="Saved with every label you set, so that a class can see who did what.",
    )


def _looking() -> None:
    """Say that this is a copy of somebody else's work, and offer the way back."""
    look = looking_at()
    if look is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="frame-looking"):
        taken = datetime.fromtimestamp(look.taken).strftime("%H:%M")
        st.markdown(
            f":material/visibility: A copy of **{plain(look.person.name)}**'s work, taken at {taken}. "
            "Nothing that you do here changes theirs.",
            width="stretch",
        )
        st.button("Copy again", key="frame-look-again", on_click=action(start_looking), args=(look.person,))
        st.button("Back to my work", type="primary", key="frame-look-end", on_click=stop_looking)


def link(
    name: str, label: str | None = None, *, width: Literal["stretch", "content"] = "stretch", **parameters: str
) -> None:
    """Draw a link to a page of PAGES that keeps the project and the name in the address."""
    place = PAGES[name]
    st.page_link(
        place.path,
        label=label or page_name(name),
        icon=place.icon,
        width=width,
        query_params=address_parameters(**parameters),
    )


def go(name: str, **parameters: str) -> None:
    """Switch to a page of PAGES now, keeping the project and the name in the address."""
    st.switch_page(PAGES[name].path, query_params=address_parameters(**parameters))


def empty_state(title: str, sentence: str, label: str | None = None, to: str | None = None, **parameters: Any) -> None:
    """Draw an empty state: what is missing, in one sentence, and a button to the page ``to`` that fixes it."""
    with st.container(border=True, horizontal_alignment="center", key=f"empty-{to or 'here'}"):
        st.header(title, anchor=False, text_alignment="center")
        st.markdown(sentence, text_alignment="center")
        if label and to and st.button(label, type="primary", icon=PAGES[to].icon, key=f"empty-go-{to}"):
            go(to, **parameters)


def need_project() -> Project:
    """Return the project; if there is none, draw an empty state that says how to get one and stop the page."""
    found = project()
    if found is None:
        empty_state(
            "No project yet", "Open the sample project or create your own on the home page.", "Go to Home", "Home"
        )
        st.stop()
    return found

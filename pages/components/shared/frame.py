"""The frame around every page: header, navigation, the project in hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from core.data.store.store import Project
from pages.components.shared import late_requests, warm_up
from pages.components.shared.errors import action, fragment, notify, plain_errors, show_notes
from pages.components.shared.session import (
    address_parameters,
    choose_name,
    choose_project,
    is_dark,
    listens_on_localhost,
    project,
    settle_name,
    settle_project,
    store,
    who,
    workspace,
)

__all__ = [
    "PAGES",
    "action",
    "address_parameters",
    "choose_project",
    "empty",
    "fragment",
    "go",
    "is_dark",
    "link",
    "listens_on_localhost",
    "need_project",
    "notify",
    "page",
    "plain_errors",
    "project",
    "store",
    "who",
    "workspace",
]

ROOT = Path(__file__).resolve().parents[3]
ASSETS = ROOT / "assets"


class Place(NamedTuple):
    """One page as the navigation shows it."""

    path: str
    icon: str
    sentence: str


PAGES: dict[str, Place] = {
    "Home": Place("app.py", ":material/home:", "Where you are, and the next step."),
    "Data": Place("pages/1_Data.py", ":material/photo_library:", "The photos, their labels and their splits."),
    "Annotate": Place(
        "pages/2_Annotate.py", ":material/sell:", "Give each photo its class with one key, or draw its boxes."
    ),
    "Train": Place("pages/3_Train.py", ":material/model_training:", "Fine-tune a pretrained network on your photos."),
    "Evaluate": Place("pages/4_Evaluate.py", ":material/fact_check:", "How often a run is right, and where it errs."),
    "Explain": Place("pages/5_Explain.py", ":material/visibility:", "See where the network looked."),
    "Export": Place("pages/6_Export.py", ":material/package_2:", "Take the trained network with you."),
    "Learn": Place("pages/7_Learn.py", ":material/school:", "Seven lessons: how residual networks work, and why."),
}

# Pages that a visitor may open while torch is still being loaded in the background.
WITHOUT_TORCH = {"Home", "Data"}

# Only what no theme option reaches: a readable line length, photos with round corners, dark letters on the light accent
# of the dark theme (Streamlit's are white, at a contrast of 1.9), buttons that stay in view above a wall of photos. A
# click beside everything focuses the whole page, and the next key would draw a ring around it, through the title.
STYLE = """<style>
.stMainBlockContainer { max-width: 1280px; padding-left: 3rem; padding-right: 3rem; }
.stMainBlockContainer img { border-radius: 0.5rem; }
main.stMain:focus-visible::before { content: none; }
[kind^="primary"]:not(:disabled), [kind^="primary"]:not(:disabled) p { color: light-dark(#ffffff, #06231f); }
div:has(> .st-key-data-actions), div:has(> .st-key-many-actions) {
  position: sticky; top: 3.75rem; z-index: 10; padding: 0.4rem 0; background: light-dark(#fdfdfc, #111716);
}
.st-key-frame-head { gap: 0; margin-bottom: 0.4rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
</style>"""


@contextmanager
def page(title: str, sentence: str | None = None, heading: str | None = None) -> Iterator[None]:
    """First call of every page: ``with frame.page("Data"):`` draws the frame, and shows what fails inside it.

    ``title`` is a name of PAGES; ``heading`` and ``sentence`` replace it, and its sentence, at the top of the page.
    """
    late_requests.keep_pages_whole()
    st.set_page_config(page_title=f"{title} · ResNet Studio", page_icon=str(ASSETS / "favicon.svg"), layout="wide")
    st.html(STYLE)
    theme = "-dark" if is_dark() else ""
    st.logo(str(ASSETS / f"logo{theme}.svg"), size="large", icon_image=str(ASSETS / f"mark{theme}.svg"))
    drawn = False
    with plain_errors():
        projects = settle_project()
        settle_name()
        with st.sidebar:
            _navigation()
            _project_picker(projects)
            _name()
        with st.container(key="frame-head"):
            st.title(heading or title, anchor=False)
            st.caption(sentence if sentence is not None else PAGES[title].sentence)
        show_notes()
        drawn = True
    if not drawn:  # no workspace, no store: the sentence that says so is all there is to show
        st.stop()
    if title not in WITHOUT_TORCH:
        warm_up.wait()
    try:
        with plain_errors():
            yield
    finally:  # also where somebody has gone on to another page already
        warm_up.begin()


def _navigation() -> None:
    with st.container(gap=None):
        for name, place in PAGES.items():
            if (ROOT / place.path).exists():
                link(name)


def _project_picker(projects: list[Project]) -> None:
    if not projects:
        return
    names = {one.id: one.name for one in projects}
    # The widget shows what the tab remembers, also when the address or another page has changed it.
    st.session_state["frame_project"] = st.session_state["project_id"]
    st.selectbox(
        "Project",
        list(names),
        format_func=lambda project_id: names.get(project_id, "deleted project"),
        key="frame_project",
        on_change=lambda: choose_project(st.session_state["frame_project"]),
    )


def _name() -> None:
    st.session_state["frame_name"] = st.session_state["who"]
    st.text_input(
        "Your name",
        key="frame_name",
        placeholder="someone",
        max_chars=60,
        on_change=lambda: choose_name(st.session_state["frame_name"]),
        help="Stands beside every label you give, so that a class can see who did what.",
    )


def link(name: str, label: str | None = None, **parameters: str) -> None:
    """A link to a page of PAGES that keeps the project and the name in the address."""
    place = PAGES[name]
    st.page_link(
        place.path, label=label or name, icon=place.icon, width="stretch", query_params=address_parameters(**parameters)
    )


def go(name: str, **parameters: str) -> None:
    """Switch to a page of PAGES now, keeping the project and the name in the address."""
    st.switch_page(PAGES[name].path, query_params=address_parameters(**parameters))


def empty(title: str, sentence: str, label: str | None = None, to: str | None = None, **parameters: Any) -> None:
    """An empty state: what is missing, in one sentence, and one button to the page ``to`` where it is mended."""
    with st.container(border=True, horizontal_alignment="center", key=f"empty-{to or 'here'}"):
        st.subheader(title, anchor=False, text_alignment="center")
        st.markdown(sentence, text_alignment="center")
        if label and to and st.button(label, type="primary", icon=PAGES[to].icon, key=f"empty-go-{to}"):
            go(to, **parameters)


def need_project() -> Project:
    """The project, or the empty state that says how to get one; nothing after it is drawn then."""
    found = project()
    if found is None:
        empty(
            "No project yet", "Open the sample project or make your own on the home page.", "To the home page", "Home"
        )
        st.stop()
    return found

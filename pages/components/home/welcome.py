"""The home page's two doors: the sample project in one click, or a project of one's own."""

import csv

import streamlit as st

from core.data.store.store import Project
from core.errors import DataError
from core.workspace import SAMPLE_IMAGES
from pages.components.shared import frame
from pages.components.shared.photos import WallPhoto, wall

BIRDS_SHOWN = 10
TASK_NAMES = {
    "classification": "Which class a photo shows",
    "localization": "Where a thing is, as a box, and its class",
}


def sample_row() -> None:
    """A row of the sample project's photos, two of each class."""
    wall(_sample_cards(), key="home-birds", label="Photos of the sample project", side=70, one_row=True)


@st.cache_data(show_spinner=False)
def _sample_cards() -> list[WallPhoto]:
    folder = SAMPLE_IMAGES / "birds"
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    classes = dict.fromkeys(row["label"] for row in rows)
    shown: list[WallPhoto] = []
    for name in classes:
        for row in [row for row in rows if row["label"] == name][: BIRDS_SHOWN // len(classes)]:
            file = folder / "images" / row["filename"].rsplit("/", 1)[-1]
            shown.append(WallPhoto(row["filename"], file.read_bytes(), name))
    return shown


def open_sample(*, primary: bool) -> None:
    """The button that makes the sample project, or opens it where it is there already."""
    clicked = st.button(
        "Open the sample project",
        type="primary" if primary else "secondary",
        icon=":material/rocket_launch:",
        key="open-sample",
        help="120 labelled photos of birds in five classes, and 42 more without a label for you to try.",
    )
    if clicked:
        _make_sample()


def complete_sample(project: Project) -> bool:
    """Says that making the sample project was left before its end, with the button that goes on; False otherwise."""
    from core.data.importing.sample_set import is_incomplete

    if not is_incomplete(frame.store(), project):
        return False
    st.warning("Making the sample project was left before its end: photos and all labels are still missing.")
    if st.button("Complete it", type="primary", icon=":material/play_arrow:", key="complete-sample"):
        _make_sample()
    return True


def _make_sample() -> None:
    from core.data.importing.sample_set import make_sample_project

    bar = st.progress(0.0, "Reading the sample photos")

    def progress(done: int, total: int) -> None:
        bar.progress(done / total, f"{done} of {total} sample photos")

    project = make_sample_project(frame.store(), frame.who(), progress)
    frame.choose_project(project.id)
    st.rerun()


def new_project(*, primary: bool) -> None:
    """The form that makes an empty project."""
    with st.form("new-project", border=False):
        name = st.text_input("Name", placeholder="Leaves of our school yard", max_chars=120)
        classes = st.text_input(
            "Classes, separated by commas (may come later)",
            placeholder="oak, birch, maple",
            help="The answers that the network will choose from. You can add, rename and merge them at any time.",
        )
        task = st.radio(
            "What shall the network say?",
            list(TASK_NAMES),
            format_func=TASK_NAMES.__getitem__,
            help="With boxes, you draw a rectangle around each thing, and the network learns to find one in a photo. "
            "A project keeps its task.",
        )
        made = st.form_submit_button(
            "Create the project", icon=":material/add:", type="primary" if primary else "secondary"
        )
    if not made:
        return
    if not name.strip():
        raise DataError("The project needs a name. Write one, for example what the photos show.")
    project = frame.store().create_project(name.strip(), task, split_names(classes))
    frame.choose_project(project.id)
    frame.go("Data")


def split_names(text: str) -> list[str]:
    """Class names from one line: at commas or semicolons, without blanks around them, each once."""
    names = (part.strip() for part in text.replace(";", ",").split(","))
    return list(dict.fromkeys(name for name in names if name))

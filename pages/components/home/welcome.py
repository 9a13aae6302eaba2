"""The two ways to start on the home page: the sample project in one click, or a new project."""

import csv

import streamlit as st

from core.data.store.store import Project
from core.errors import DataError
from core.workspace import SAMPLE_IMAGES
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.wording import split_names

BIRDS_SHOWN = 10
TASK_NAMES = {
    "classification": "The class of each photo",
    "localization": "One object per photo: its box and class",
}


def sample_row() -> None:
    """Draw a row of the sample project's photos, two of each class."""
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
            shown.append(WallPhoto(row["filename"], file.read_bytes(), name, name=file.name))
    return shown


def open_sample(*, primary: bool) -> None:
    """Draw the button that creates the sample project, or opens it if it exists."""
    clicked = st.button(
        "Open the sample project",
        type="primary" if primary else "secondary",
        icon=":material/rocket_launch:",
        key="open-sample",
        help="120 labelled photos of birds in five classes, and 42 unlabelled photos to practise on.",
    )
    if clicked:
        _make_sample()


def complete_sample(project: Project) -> bool:
    """If creating the sample project was interrupted, say so, draw a button to complete it and return True."""
    from core.data.importing.sample_set import is_incomplete

    if not is_incomplete(frame.store(), project):
        return False
    st.warning("The sample project is incomplete: some photos and all labels are missing.")
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
    """Draw the form that creates an empty project."""
    with st.form("new-project", border=False):
        name = st.text_input("Name", placeholder="Leaves in our schoolyard", max_chars=120)
        classes = st.text_input(
            "Classes, separated by commas (optional)",
            placeholder="oak, birch, maple",
            help="List your classes: the model predicts one of them. You can add, rename and merge them at any time.",
        )
        task = st.radio(
            "What should the model predict?",
            list(TASK_NAMES),
            format_func=TASK_NAMES.__getitem__,
            help="With boxes, you draw a rectangle around the object, and the model learns to find one object in each "
            "photo. You cannot change this later.",
        )
        made = st.form_submit_button(
            "Create project", icon=":material/add:", type="primary" if primary else "secondary"
        )
    if not made:
        return
    if not name.strip():
        raise DataError("The project needs a name. Enter one, for example what the photos show.")
    project = frame.store().create_project(name.strip(), task, split_names(classes))
    frame.choose_project(project.id)
    frame.go("Data")

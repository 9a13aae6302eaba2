"""The status of a project: its counts, next steps, photos and latest runs."""

from dataclasses import dataclass

import streamlit as st

from core.data.store.boxes.learned_photos import LEAST, LearnedPhotos
from core.data.store.store import ImageFilter, Project
from core.runs.folder import RunFolder, list_runs
from core.runs.status import LIVE
from core.runs.table import row_of
from pages.components.annotate.class_typos import open_classes, open_typos, question
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.wording import counted, next_page, plain
from pages.components.train.run_list import run_line
from pages.components.train.status_text import STATE_BADGES

RUNS_SHOWN = 4
PHOTOS_SHOWN = 10


@dataclass(frozen=True)
class ProjectStatus:
    """The counts that decide the next step."""

    photos: int
    labelled: int
    trainable_classes: int  # classes with enough labelled photos for training and validation
    classes: int
    runs: int
    live_runs: int
    models: int  # runs that have a best checkpoint
    boxed: bool = False  # localization: a photo counts as labelled if it has a box
    learned: LearnedPhotos | None = None  # what a model would learn; it decides whether there is enough
    typo: str = ""  # the question whether two classes are one

    @property
    def unlabelled(self) -> int:
        return self.photos - self.labelled

    @property
    def trainable(self) -> bool:
        """Whether there is enough to train: localization works with one class, classification needs two."""
        if self.learned is not None:
            return self.learned.enough
        return self.trainable_classes >= (1 if self.boxed else 2) and (self.labelled >= 3 or not self.boxed)


@dataclass(frozen=True)
class NextStep:
    """A button that leads to a page, and a sentence that says why."""

    label: str
    page: str
    sentence: str
    classes: bool = False  # the page opens with the classes


def status_of(project: Project, runs: list[RunFolder]) -> ProjectStatus:
    """Return a project's status from the store and its run folders."""
    store = frame.store()
    photos = store.count(project.id)
    classes = store.classes(project.id)
    boxed = project.task == "localization"
    without = ImageFilter(boxless=True) if boxed else ImageFilter(unlabelled=True)
    return ProjectStatus(
        photos=photos,
        labelled=photos - store.count(project.id, without),
        trainable_classes=sum(one.count >= 2 for one in classes),
        classes=len(classes),
        runs=len(runs),
        live_runs=sum(run.status().live for run in runs),
        models=sum(run.finished for run in runs),
        boxed=boxed,
        learned=store.learned_photos(project.id),
        typo=next(map(question, open_typos(project, classes)), ""),
    )


def next_steps(status: ProjectStatus) -> list[NextStep]:
    """Return one to three next steps, the most useful first."""
    left = counted(status.unlabelled, "photo")
    if status.boxed:
        label_more = NextStep("Draw boxes", "Annotate", f"{left} without a box.")
        why = "Training needs at least four photos with a box, and two of each class."
    else:
        label_more = NextStep("Label photos", "Annotate", f"{left} without a label. Label each with one key.")
        why = "Training needs at least two classes with two labelled photos each."
    if status.photos == 0:
        return [
            NextStep("Add photos", "Data", "This project is empty. Upload photos, a zip, or photos with a labels.csv.")
        ]
    if status.live_runs:
        return [NextStep("Watch the training", "Train", "A run is in progress. Its curves update live.")]
    if status.models:
        mistakes = "The confusion matrix shows which classes get mixed up."
        if status.boxed:
            mistakes = "Predicted boxes beside the true ones, the worst first."
        return [
            NextStep("See the mistakes", "Evaluate", mistakes),
            NextStep("See where the model looked", "Explain", "A heatmap shows which part of the photo mattered most."),
        ]
    merge = [NextStep("Merge classes", "Annotate", status.typo, classes=True)] if status.typo else []
    if not status.trainable and status.learned is not None:
        small = status.learned.total and any(count < LEAST for count in status.learned.learned.values())
        edit = [NextStep("Edit classes", "Annotate", "Merge or remove classes with few photos.", classes=True)]
        more = NextStep(*next_page(status.learned.step, status.boxed), plain(status.learned.advice))
        return [*merge, more] if merge else [more, *(edit if small else [])]
    if not status.trainable:
        return [NextStep(label_more.label, "Annotate", why)]
    train = NextStep("Train your first model", "Train", "You have enough labels, and the default settings work well.")
    return [train, *merge, *([label_more] if status.unlabelled else [])]


def show_counts(status: ProjectStatus) -> None:
    """Draw the counts, four in a row (two by two on a phone)."""
    with st.container(horizontal=True, gap="small", key="home-counts"):
        st.metric("Photos", f"{status.photos:,}", border=True, width=150)
        st.metric("With a box" if status.boxed else "Labelled", f"{status.labelled:,}", border=True, width=150)
        st.metric("Classes", status.classes, border=True, width=150)
        st.metric("Runs", status.runs, border=True, width=150)
    if status.learned is not None and status.learned.rule:
        st.markdown(status.learned.rule)


def show_steps(steps: list[NextStep]) -> None:
    """Draw the first step as a primary button and the second as a plain one."""
    for place, step in enumerate(steps):
        with st.container(horizontal=True, vertical_alignment="center"):
            clicked = st.button(
                step.label,
                type="primary" if place == 0 else "secondary",
                icon=frame.PAGES[step.page].icon,
                key=f"step-{step.page}" + ("-classes" if step.classes else ""),
                width=230,
            )
            st.markdown(step.sentence, width="stretch")
        if clicked and step.classes:
            open_classes()
        elif clicked:
            frame.go(step.page)


def show_photos(project: Project) -> None:
    """Draw a row of the project's photos: some of each class, or the newest if none is labelled."""
    store = frame.store()
    present = [one for one in store.classes(project.id) if one.count][:PHOTOS_SHOWN]
    each = PHOTOS_SHOWN // max(1, len(present))
    rows = [row for one in present for row in store.images(project.id, ImageFilter(label=one.name), limit=each)]
    rows = rows or store.images(project.id, ImageFilter(order="newest"), limit=PHOTOS_SHOWN)
    cards = [
        WallPhoto(
            str(row.id),
            store.thumbnail_path(row.hash),
            row.label or "no label",
            muted=row.label is None,
            name=row.filename.rsplit("/", 1)[-1],
        )
        for row in rows
    ]
    if cards:
        wall(cards, key="home-photos", label="Photos of the project", side=70, one_row=True)


def show_runs(runs: list[RunFolder]) -> None:
    """Draw the latest runs, each with its state, its figure and verdict, and a button to open it."""
    if not runs:
        return
    st.header("Latest runs", anchor=False)
    for run in runs[:RUNS_SHOWN]:
        row = row_of(run)
        word, color = STATE_BADGES[row.state]
        live = row.state in LIVE
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{plain(row.title)}** :{color}-badge[{word}]")
                st.caption(run_line(run))
            page = "Evaluate" if run.finished and not live else "Train"
            if st.button("Open", key=f"run-{run.id}"):
                frame.go(page, run=run.id)


def runs_of(project: Project) -> list[RunFolder]:
    """Return the project's runs, newest first."""
    return list_runs(frame.workspace(), project.id)

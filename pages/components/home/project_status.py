"""Where a project stands: its counts, its next step, its newest runs."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core.data.store.store import ImageFilter, Project
from core.runs.folder import RunFolder, list_runs
from pages.components.shared import frame
from pages.components.shared.photos import WallPhoto, wall
from pages.components.shared.wording import counted, plain

RUNS_SHOWN = 4
PHOTOS_SHOWN = 10
Color = Literal["gray", "blue", "green", "orange", "red"]
STATE_COLORS: dict[str, Color] = {
    "queued": "gray",
    "preparing": "blue",
    "running": "blue",
    "finished": "green",
    "stopped": "orange",
    "failed": "red",
    "interrupted": "orange",
}


@dataclass(frozen=True)
class ProjectStatus:
    """What the next step depends on."""

    photos: int
    labelled: int
    trainable_classes: int  # classes with enough labelled photos for a training and a validation part
    classes: int
    runs: int
    live_runs: int
    models: int  # runs that have a best checkpoint
    boxed: bool = False  # a localization: what counts as labelled is a box

    @property
    def unlabelled(self) -> int:
        return self.photos - self.labelled

    @property
    def trainable(self) -> bool:
        """Where a thing is can be learned for a single kind of thing; which of several it is, for two at least."""
        return self.trainable_classes >= (1 if self.boxed else 2) and (self.labelled >= 3 or not self.boxed)


@dataclass(frozen=True)
class NextStep:
    """A button to a page, and the sentence that says why."""

    label: str
    page: str
    sentence: str


def standing_of(project: Project, runs: list[RunFolder]) -> ProjectStatus:
    """Counts of a project, from the store and its run folders."""
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
    )


def next_steps(standing: ProjectStatus) -> list[NextStep]:
    """What to do now, the most useful first; never more than two."""
    left = counted(standing.unlabelled, "photo")
    if standing.boxed:
        label_more = NextStep("Draw boxes", "Annotate", f"{left} without a box.")
        why = "A network needs at least three photos with a box, and two of each class."
    else:
        label_more = NextStep("Label photos", "Annotate", f"{left} without a label: one key each.")
        why = "A network needs at least two classes with two labelled photos each."
    if standing.photos == 0:
        return [
            NextStep("Add photos", "Data", "The project is empty. Bring photos, a zip, or photos with a labels.csv.")
        ]
    if not standing.trainable:
        return [NextStep(label_more.label, "Annotate", why)]
    if standing.live_runs:
        return [NextStep("Watch the training", "Train", "A run is at work. Its curves grow while you look.")]
    if standing.models:
        errs = "The confusion matrix shows which classes are taken for others."
        if standing.boxed:
            errs = "Its boxes beside the true ones, those that miss first."
        return [
            NextStep("See where it errs", "Evaluate", errs),
            NextStep("See where it looks", "Explain", "A heatmap shows which part of a photo decided."),
        ]
    train = NextStep(
        "Train the first network", "Train", "There are enough labels. The settings are good as they stand."
    )
    return [train, label_more] if standing.unlabelled else [train]


def show_standing(standing: ProjectStatus) -> None:
    """The counts, four in a row (two by two on a phone)."""
    with st.container(horizontal=True, gap="small", key="home-counts"):
        st.metric("Photos", f"{standing.photos:,}", border=True, width=150)
        st.metric("With a box" if standing.boxed else "Labelled", f"{standing.labelled:,}", border=True, width=150)
        st.metric("Classes", standing.classes, border=True, width=150)
        st.metric("Runs", standing.runs, border=True, width=150)


def show_steps(steps: list[NextStep]) -> None:
    """The next step as one primary button; a second one stands quietly beside it."""
    for place, step in enumerate(steps):
        with st.container(horizontal=True, vertical_alignment="center"):
            clicked = st.button(
                step.label,
                type="primary" if place == 0 else "secondary",
                icon=frame.PAGES[step.page].icon,
                key=f"step-{step.page}",
                width=230,
            )
            st.markdown(step.sentence, width="stretch")
        if clicked:
            frame.go(step.page)


def show_photos(project: Project) -> None:
    """A row of the project's photos: some of each class, or the newest where nothing is labelled yet."""
    store = frame.store()
    present = [one for one in store.classes(project.id) if one.count][:PHOTOS_SHOWN]
    each = PHOTOS_SHOWN // max(1, len(present))
    rows = [row for one in present for row in store.images(project.id, ImageFilter(label=one.name), limit=each)]
    rows = rows or store.images(project.id, ImageFilter(order="newest"), limit=PHOTOS_SHOWN)
    cards = [
        WallPhoto(str(row.id), store.thumbnail_path(row.hash), row.label or "no label", faint=row.label is None)
        for row in rows
    ]
    if cards:
        wall(cards, key="home-photos", label="Photos of the project", side=70, one_row=True)


def show_runs(runs: list[RunFolder]) -> None:
    """The newest runs, each with its state, its best validation accuracy and a link."""
    if not runs:
        return
    st.subheader("Newest runs", anchor=False)
    for run in runs[:RUNS_SHOWN]:
        status = run.status()
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(f"**{plain(status.title or run.id)}**", width="stretch")
            epochs = run.epochs()
            if len(epochs):
                boxed = "val_iou" in epochs
                best = epochs["val_iou" if boxed else "val_accuracy"].max()
                words = f"mean IoU {best:.2f} in validation" if boxed else f"{best:.1%} right in validation"
                st.markdown(words, width="content")
            st.badge(status.state, color=STATE_COLORS.get(status.state, "gray"))
            page = "Evaluate" if run.finished and not status.live else "Train"
            if st.button("Open", key=f"run-{run.id}"):
                frame.go(page, run=run.id)


def runs_of(project: Project) -> list[RunFolder]:
    """The project's runs, newest first."""
    return list_runs(frame.workspace(), project.id)

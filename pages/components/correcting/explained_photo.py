"""The photo that is explained: the correction of its label in place, and the bar that trains its run again."""

import streamlit as st

from core.errors import RunError
from core.runs.folder import RunFolder, workspace_run
from pages.components.correcting import train_again_bar
from pages.components.correcting.correct_labels import correct_button, label_field, project_of
from pages.components.shared import frame
from pages.components.shared.pickers import IMAGENET


def correction(reference: str, image_hash: str, key: str) -> None:
    """Draw the correction of the photo's label; nothing for a photo that is not in the project.

    ``reference`` names the model: a run of the workspace, or the ImageNet model.
    """
    run = _run(reference)
    project = frame.project() if run is None else project_of(run)
    photo = frame.store().find_image(project.id, image_hash) if project else None
    if project is None or photo is None:
        return
    with st.popover("Correct the label", type="tertiary", icon=":material/edit:", key=f"{key}-popover"):
        label = label_field(project, photo, key)
        correct_button(project, photo, label, key)


def again(*references: str) -> None:
    """Draw the latest correction with its Undo, and a bar for each of the runs whose labels have changed since."""
    runs = [run for run in map(_run, references) if run is not None]
    for place, run in enumerate(runs):
        project = project_of(run)
        if project is not None:
            train_again_bar.show(project, run, undo=place == 0)


def _run(reference: str) -> RunFolder | None:
    if reference == IMAGENET:
        return None
    try:
        return workspace_run(reference, frame.workspace())
    except RunError:  # deleted in the meantime; the page says so where it loads the model
        return None

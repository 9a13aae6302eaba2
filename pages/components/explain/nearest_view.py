"""The training photos that look most like a photo to a model, beside its heatmap; labels are corrected in place."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.data.pictures.decoding import content_hash
from core.data.store.store import ImageRow, Project
from core.inspection.explaining.head_inputs import HeadInputs
from core.inspection.explaining.nearest_photos import NearPhoto, nearest_photos
from core.runs.computations.training_photos import training_photos
from core.runs.folder import RunFolder, workspace_run
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.correcting import correct_labels
from pages.components.evaluate.predicted_photos import thumbnail
from pages.components.explain.photo_source import ChosenPhoto
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.pickers import IMAGENET
from pages.components.shared.wording import counted, plain

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

AT_ONCE = 300
"""Training photos without a vector that are computed without asking: about half a minute with ResNet-50."""
FEW = 64
"""This many take seconds, so the process that checks heatmaps computes them: it has the model already."""

PREDICTED, SECOND, ASKED = "predicted", "second most likely", "the class of the heatmap"
WHAT = "The heatmap says where the model looked, these photos what it finds similar. Neither says why."
HELP = (
    "Similarity is the cosine of the angle between two photos' features, as the last layer gets them: 1 means equal. "
    "Is a label wrong? Choose the photo to correct it."
)


def show(
    predictor: "Predictor", photo: ChosenPhoto, reference: str, ranked: Sequence[str], target: str | None = None,
    *, key: str = "near",
) -> None:  # fmt: skip
    """Draw the nearest training photos of the two most likely classes, and of ``target`` if it is another class.

    ``ranked`` are the most likely classes, and ``reference`` names the predictor's model. ``key`` is for the keys of
    the widgets, where a page shows several models.
    """
    if reference == IMAGENET:
        st.caption("The photos that this model was trained on are not on this computer, so similar ones are not shown.")
        return
    run = workspace_run(reference, frame.workspace())
    found = _found(run, predictor, photo, _classes(ranked, target), key)
    if found is None:
        return
    st.markdown("**Nearest training photos**", help=HELP)
    st.caption(WHAT)
    project = correct_labels.project_of(run)
    present = correct_labels.present_photos(project, [one.image for some in found.values() for one in some])
    roles = dict(zip(ranked[:2], (PREDICTED, SECOND), strict=False))
    for place, (label, some) in enumerate(found.items()):
        st.markdown(f"Labelled **{plain(label)}** ({roles.get(label, ASKED)})")
        if some:
            _row(project, some, present, f"{key}-{place}")
        else:
            st.caption("There are no other training photos with this label.")


def _classes(ranked: Sequence[str], target: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*ranked[:2], *([target] if target else [])]))


def _row(project: Project | None, some: Sequence[NearPhoto], present: Mapping[str, ImageRow], key: str) -> None:
    chosen = wall(
        [_card(one, present.get(one.image)) for one in some],
        key=f"{key}-wall",
        label="Nearest training photos",
        select="one",
        side=84,
        one_row=True,
    ).chosen
    if not chosen:
        return
    photo = present.get(chosen[0])
    if project is None or photo is None:
        st.caption("This photo is not in a project of this workspace, so its label cannot be corrected here.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = correct_labels.label_field(project, photo, key)
        correct_labels.correct_button(project, photo, label, key)


def _card(one: NearPhoto, photo: ImageRow | None) -> WallPhoto:
    """Return a photo's card; a label that was corrected since the training is named too."""
    corrected = photo is not None and photo.label not in (None, one.label)
    return WallPhoto(
        one.image,
        thumbnail(pd.Series({"image": one.image, "path": one.path, "filename": one.filename})),
        one.label,
        f"now {photo.label}" if photo is not None and corrected else f"similarity {one.similarity:.2f}",
        muted=corrected,
        name=one.filename,
    )


def _found(
    run: RunFolder, predictor: "Predictor", photo: ChosenPhoto, classes: tuple[str, ...], key: str
) -> dict[str, tuple[NearPhoto, ...]] | None:
    """Return the nearest photos of each class; None while the training photos' vectors are not computed."""
    version = (str(run.path), predictor.version)
    table, inputs = _training(*version)
    hashes = list(table["image"])
    refused = _refused(str(frame.workspace().root))
    if len(missing := inputs.missing(hashes)) > len(refused.get(version, [])):
        names = _computed(run, " ".join(version), len(missing), key)
        if names is None:
            return None
        refused[version] = names
        _training.clear(*version)  # kept features may have been cleaned away since they were found
        table, inputs = _training(*version)
    if names := refused.get(version, []):
        st.caption(plain(f"{counted(len(names), 'training photo')} could not be read, for example {names[0]}."))
    return _nearest(predictor, photo, table, inputs, f"{' '.join(version)} {content_hash(photo.image)}", classes)


def _computed(run: RunFolder, version: str, missing: int, key: str) -> list[str] | None:
    """Compute the vectors that are missing, and return which photos could not be read; None until that is done."""
    computation = Computation(f"{key}-vectors", f"training photos {version}")
    if not computation.started and (computation.stopped or missing > AT_ONCE):
        st.button(
            "Find the nearest training photos",
            icon=":material/image_search:",
            key=f"{key}-vectors-start",
            on_click=computation.start,
        )
        st.caption(f"This model has to look at {counted(missing, 'training photo')} first. It does so once.")
        return None
    arguments = {"workspace": str(frame.workspace().root), "model": run.id}
    task = "few-training-photos" if missing <= FEW else "training-photos"
    found: list[str] = computation.result(lambda: Request(task, arguments), unit="training photo")
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def _training(path: str, version: str) -> tuple[pd.DataFrame, HeadInputs]:
    return training_photos(RunFolder(Path(path)), frame.workspace())


@st.cache_resource(show_spinner=False)
def _refused(workspace: str) -> dict[tuple[str, str], list[str]]:
    """Return the names of the training photos that could not be read, by run and version of its model."""
    return {}


@st.cache_data(max_entries=48, show_spinner=False)
def _nearest(
    _predictor: "Predictor",
    _photo: ChosenPhoto,
    _table: pd.DataFrame,
    _inputs: HeadInputs,
    key: str,
    classes: tuple[str, ...],
) -> dict[str, tuple[NearPhoto, ...]]:
    from core.inspection.explaining.head_inputs import vector_of

    vector = vector_of(_predictor, _photo.image)
    return nearest_photos(vector, _table, _inputs, classes, without=content_hash(_photo.image))

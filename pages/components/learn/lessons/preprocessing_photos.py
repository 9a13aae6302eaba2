"""The network and the labelled photos that the preprocessing lesson measures on."""

from typing import TYPE_CHECKING

from core.data.store.store import Project
from pages.components.shared import frame

if TYPE_CHECKING:
    from core.lessons.preprocessing import LabelledPhotos

MAX_PROJECT_PHOTOS = 200
"""Photos used of a project: more would narrow the intervals and lengthen the wait."""


def available_network() -> str | None:
    """Return the smallest network whose ImageNet weights are on this computer; None if there is none."""
    from core.models.weights_table import available

    return next((arch for arch in ("resnet18", "resnet50") if available(arch) is not None), None)


def labelled_birds() -> "LabelledPhotos":
    """Return all labelled sample birds, without the sample project's test set."""
    from core.lessons.preprocessing import LabelledPhotos
    from core.lessons.sample_birds import bird_snapshot

    return LabelledPhotos.of(bird_snapshot().frame)


def project_photos(project: Project) -> "LabelledPhotos | None":
    """Return at most MAX_PROJECT_PHOTOS training and validation photos, balanced by class; None if too few."""
    from core.data.snapshot import snapshot_of_project
    from core.lessons.preprocessing import FOLDS, LabelledPhotos

    table = snapshot_of_project(frame.store(), project.id).frame
    table = table[table["split"] != "test"]
    counts = table["label"].value_counts()
    # Each fold needs a photo of each class.
    table = table[table["label"].isin(counts[counts >= FOLDS].index)]
    classes = table["label"].nunique()
    if classes < 2:
        return None
    return LabelledPhotos.of(table.groupby("label").head(max(FOLDS, MAX_PROJECT_PHOTOS // classes)))

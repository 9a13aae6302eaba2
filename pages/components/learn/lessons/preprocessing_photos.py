"""What the preprocessing lesson measures on: a frozen network, the sample birds, a project's photos."""

from typing import TYPE_CHECKING

from core.data.store.store import Project
from pages.components.shared import frame

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.preprocessing import Labelled

MOST = 200
"""Photos of a project that are taken; more make the figure surer, and the wait longer."""


def network_here() -> str | None:
    """The smallest network whose ImageNet weights are on this computer."""
    from core.models.weights_table import available

    return next((arch for arch in ("resnet18", "resnet50") if available(arch) is not None), None)


def frozen(arch: str) -> "Predictor":
    """The network with its ImageNet weights."""
    from core.lessons.networks import predictor_of
    from core.models.weights_table import available

    return predictor_of(arch, available(arch))


def sample_birds() -> "Labelled":
    """All sample birds with a label, without the sample project's test part."""
    from core.lessons.birds import birds
    from core.lessons.preprocessing import Labelled

    return Labelled.of(birds().frame)


def of_project(project: Project) -> "Labelled | None":
    """At most MOST photos of a project's training and validation parts, evenly of its classes; None for too few."""
    from core.data.snapshot import snapshot_of_project
    from core.lessons.preprocessing import FOLDS, Labelled

    table = snapshot_of_project(frame.store(), project.id).frame
    table = table[table["split"] != "test"]
    counts = table["label"].value_counts()
    # Each fold needs one of each class.
    table = table[table["label"].isin(counts[counts >= FOLDS].index)]
    classes = table["label"].nunique()
    if classes < 2:
        return None
    return Labelled.of(table.groupby("label").head(max(FOLDS, MOST // classes)))

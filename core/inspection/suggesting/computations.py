"""What worker processes compute from a project's vectors: doubtful labels, and the map of photos."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.inspection.suggesting.neighbors import map_of
from core.inspection.suggesting.review import LabelReviewQueue, LabelToReview
from core.progress import Progress
from core.workers.messages import pack_arrays, unpack_arrays
from core.workspace import Workspace


def check_labels(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Return the doubtful labels of a project for ``read_label_queue``; see ``labels_to_review``.

    The arguments: ``workspace``, ``project`` (its number), and the ``network`` that computed the vectors.
    """
    report(Progress("checking the labels", 0, None))
    from core.data.store.store import Store
    from core.features.vectors import Vectors
    from core.inspection.suggesting.review import labels_to_review

    workspace = Workspace(Path(arguments["workspace"]))
    store = Store(workspace)
    try:
        found = labels_to_review(store, arguments["project"], Vectors(workspace, arguments["network"]))
    finally:
        store.close()
    return {"queue": [asdict(one) for one in found.queue], "checked": found.checked}


def read_label_queue(found: Mapping[str, Any]) -> LabelReviewQueue:
    """Return what ``check_labels`` returned."""
    return LabelReviewQueue(tuple(LabelToReview(**one) for one in found["queue"]), found["checked"])


def arrange(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> str:
    """Return the t-SNE layout of photos from their ``places``, both as packed arrays; see ``map_of``."""
    report(Progress("arranging the photos", 0, None))
    places = unpack_arrays(arguments["places"])["places"]
    return pack_arrays(points=map_of(places, "t-sne"))

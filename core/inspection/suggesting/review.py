"""Labels worth a second look: a probe predicts each photo's class without having been trained on that photo."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.data.store.store import Store
from core.errors import TooLittleData
from core.features.vectors import Vectors
from core.inspection.suggesting.label_errors import likely_label_errors
from core.inspection.suggesting.probe import out_of_sample


@dataclass(frozen=True)
class LabelToReview:
    """A label that contradicts the other photos."""

    image_id: int
    class_id: int  # of the given label
    given: str
    proposed: str
    given_probability: float
    proposed_probability: float
    likely: bool  # counted among the likely errors; the others are just the next most doubtful

    @property
    def subject(self) -> str:
        """The name of its review: another label of the same photo is another question."""
        return f"{self.image_id}:{self.class_id}"


class LabelReviewQueue(NamedTuple):
    """The queue, the most doubtful first, and how many labels were checked."""

    queue: tuple[LabelToReview, ...]
    checked: int


class ReviewedLabel(NamedTuple):
    """What somebody decided about a doubtful label: corrected by a change, or kept by a review."""

    image_id: int
    change_id: int | None
    subject: str | None


REVIEW_KIND = "label error"
"""The kind of review that keeps a doubtful label."""
CORRECTED = "corrected"
"""The kind of change that corrects one."""
RECENT = 200


def labels_to_review(store: Store, project_id: int, vectors: Vectors) -> LabelReviewQueue:
    """Return the doubtful labels among the photos that have a vector.

    Near-duplicates are held out together, so that no copy confirms a wrong label. Raises TooLittleData if fewer than
    two classes have two photos with a vector.
    """
    classes = store.classes(project_id)
    number_of = {info.name: number for number, info in enumerate(classes)}
    rows = {row.hash: row for row in store.image_labels(project_id) if row.label is not None}
    hashes, features = vectors.known(list(rows))
    given = np.array([number_of[rows[one].label or ""] for one in hashes], np.int64)
    groups = store.near_duplicates(project_id)
    try:
        probabilities = out_of_sample(features, given, groups=[groups.get(one, one) for one in hashes])
    except ValueError:
        raise TooLittleData(
            "Checking labels needs two classes with at least two labelled photos each. Label more photos first."
        ) from None
    queue = tuple(
        LabelToReview(
            rows[hashes[one.place]].id,
            classes[one.given].id,
            classes[one.given].name,
            classes[one.proposed].name,
            one.given_probability,
            one.proposed_probability,
            one.likely,
        )
        for one in likely_label_errors(given, probabilities)
    )
    return LabelReviewQueue(queue, len(hashes))


def newest_decision(store: Store, project_id: int, who: str) -> ReviewedLabel | None:
    """Return the newest decision that is not undone, among the last 200 changes; None without any.

    Where the store acts for a browser tab, only that tab's decisions count, else those of the person ``who``.
    """
    tab = store.tab
    changes = store.history(project_id, RECENT, who=None if tab else who, tab=tab)
    corrected = next((one for one in changes if one.kind == CORRECTED and not one.undone), None)
    reviews = store.reviews(project_id, REVIEW_KIND).values()
    kept = [one for one in reviews if (one.tab == tab if tab else one.who == who)]
    if kept and (corrected is None or kept[-1].when > corrected.when):
        return ReviewedLabel(int(kept[-1].subject.partition(":")[0]), None, kept[-1].subject)
    if corrected is None:
        return None
    return ReviewedLabel(store.changed_images(project_id, corrected.id)[0], corrected.id, None)


def take_back(store: Store, project_id: int, decision: ReviewedLabel) -> None:
    """Undo a decision: the label is doubtful again."""
    if decision.change_id is not None:
        store.undo_one(project_id, decision.change_id)
    elif decision.subject is not None:
        store.forget_review(project_id, REVIEW_KIND, [decision.subject])

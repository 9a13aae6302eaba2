"""The labels of a project that are worth a second look: a probe judges each photo without having learned from it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.data.pictures.image_quality import QualityCache
from core.data.store.store import Store
from core.errors import TooLittleData
from core.inspection.suggesting.duplicates import duplicate_groups
from core.inspection.suggesting.label_errors import likely_label_errors
from core.inspection.suggesting.probe import out_of_sample
from core.inspection.suggesting.vectors import Vectors


@dataclass(frozen=True)
class DoubtfulLabel:
    """A label that the other photos speak against."""

    image_id: int
    class_id: int  # of the given label
    given: str
    proposed: str
    given_probability: float
    proposed_probability: float
    likely: bool  # counted among the errors; the others are merely the next most doubtful

    @property
    def subject(self) -> str:
        """How a verdict names it: another label of the same photo is another question."""
        return f"{self.image_id}:{self.class_id}"


class DoubtfulLabels(NamedTuple):
    """The queue, the most doubtful first, and of how many labels it was made."""

    queue: tuple[DoubtfulLabel, ...]
    judged: int


class ReviewedLabel(NamedTuple):
    """What somebody decided about a doubtful label: it was corrected by a change, or kept by a verdict."""

    image_id: int
    change_id: int | None
    subject: str | None


VERDICT = "label error"
"""The kind of verdict by which a doubtful label is kept."""
CORRECTED = "corrected"
"""The kind of change by which one is corrected."""
RECENT = 200


def doubtful_labels(store: Store, project_id: int, vectors: Vectors) -> DoubtfulLabels:
    """The doubtful labels among the photos that have a vector.

    Near-duplicates are judged together where it is known that they are some, so that no twin vouches for a wrong label.
    Raises TooLittleData where fewer than two classes have two photos with a vector.
    """
    classes = store.classes(project_id)
    number_of = {info.name: number for number, info in enumerate(classes)}
    rows = {row.hash: row for row in store.image_labels(project_id) if row.label is not None}
    hashes, features = vectors.known(list(rows))
    given = np.array([number_of[rows[one].label or ""] for one in hashes], np.int64)
    try:
        probabilities = out_of_sample(features, given, groups=_groups(store, hashes))
    except ValueError:
        raise TooLittleData(
            "Labels can be checked once two classes have two labelled photos each. Label some more first."
        ) from None
    queue = tuple(
        DoubtfulLabel(
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
    return DoubtfulLabels(queue, len(hashes))


def newest_decision(store: Store, project_id: int, who: str) -> ReviewedLabel | None:
    """This person's newest decision that stands, among their last 200 changes; None where there is none."""
    changes = store.history(project_id, RECENT, who=who)
    corrected = next((one for one in changes if one.kind == CORRECTED and not one.undone), None)
    kept = [one for one in store.kept(project_id, VERDICT).values() if one.who == who]
    if kept and (corrected is None or kept[-1].when > corrected.when):
        return ReviewedLabel(int(kept[-1].subject.partition(":")[0]), None, kept[-1].subject)
    if corrected is None:
        return None
    return ReviewedLabel(store.changed_images(project_id, corrected.id)[0], corrected.id, None)


def take_back(store: Store, project_id: int, decision: ReviewedLabel) -> None:
    """Undoes a decision: the label is doubtful again."""
    if decision.change_id is not None:
        store.undo_one(project_id, decision.change_id)
    elif decision.subject is not None:
        store.ask_again(project_id, VERDICT, [decision.subject])


def _groups(store: Store, hashes: list[str]) -> list[int]:
    looks = QualityCache(store.workspace).known(hashes)
    group_of = list(range(len(hashes)))
    known = [place for place, one in enumerate(hashes) if one in looks]
    for group in duplicate_groups([looks[hashes[place]].phash for place in known]):
        for place in group:
            group_of[known[place]] = known[group[0]]
    return group_of

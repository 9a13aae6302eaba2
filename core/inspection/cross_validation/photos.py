"""The photos of a snapshot that are cross-validated: those of training and validation, never those of the test."""

from dataclasses import dataclass

import numpy as np

from core.data.snapshot import BY_USER, CLASSIFICATION, GROUP, Snapshot
from core.errors import DataError, TooLittleData
from core.inspection.cross_validation.result import Grouping


@dataclass(frozen=True)
class Photos:
    """The photos to predict, and what is known of them."""

    snapshot: Snapshot
    """Without the test photos; all others are in train, so that a head can be trained on any of them."""
    labels: np.ndarray
    """Class numbers [n]."""
    groups: list[str] | None
    """Equal for photos that belong together; None if each is alone."""
    grouped_by: Grouping
    left_out: int
    """The test photos."""

    @property
    def unit(self) -> str:
        """What a group is called in sentences; "photo" where each photo is alone."""
        return "photo" if self.groups is None else "group"

    @property
    def group_count(self) -> int:
        """How many groups there are; a photo without others is a group of its own."""
        return len(self.labels) if self.groups is None else len(set(self.groups))

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Photos":
        """Take the photos out of a snapshot. Raises DataError for a localization, TooLittleData if there are none."""
        if snapshot.task != CLASSIFICATION:
            raise DataError("Cross-validation is for classes, but this data is for boxes. Choose another project.")
        frame = snapshot.frame[snapshot.frame["split"] != "test"]
        if frame.empty:
            raise TooLittleData("There are no training and validation photos. Label photos first.")
        place = {name: number for number, name in enumerate(snapshot.classes)}
        return cls(
            Snapshot(frame.assign(split="train"), snapshot.classes, snapshot.task, snapshot.split_seed),
            np.array([place[label] for label in frame["label"]], dtype=np.int64),
            [str(one) for one in frame[GROUP]] if GROUP in frame else None,
            grouping_of(snapshot),
            len(snapshot.frame) - len(frame),
        )


def grouping_of(snapshot: Snapshot) -> Grouping:
    """Return who set the groups of a snapshot: a person, or nobody but the search for near-duplicates."""
    if GROUP not in snapshot.frame:
        return "none"
    return "user" if snapshot.grouped_by == BY_USER else "near-duplicates"

"""The sample birds as a small training set with a large validation set. Does not import torch."""

from collections import Counter
from functools import cache

import pandas as pd

from core.data.pictures.decoding import content_hash, decode
from core.data.snapshot import COLUMNS, Snapshot
from core.data.splits import SplitItem, assign
from core.data.tables.labels_csv import read_labels
from core.data.tables.names import name_key
from core.errors import DataError
from core.workspace import SAMPLE_IMAGES

PHOTOS_PER_CLASS = 8
"""Training photos per class: few enough to overfit."""


@cache
def bird_snapshot(per_class: int = PHOTOS_PER_CLASS) -> Snapshot:
    """Return the first ``per_class`` training photos of each class, and all other labelled photos as validation set.

    The sample project's test set is left out, so that it stays unseen for anyone who opens that project. Photos whose
    labels the project holds back are in the validation set. Raises DataError if the sample photos are missing.
    """
    folder = SAMPLE_IMAGES / "birds"
    project_labels, rest = _labels("labels.csv"), _labels("labels-of-the-rest.csv")
    split = assign([SplitItem(name, label, name) for name, label in project_labels.items()])
    classes = {name_key(label) for label in project_labels.values()}
    taken = Counter[str]()
    rows = []
    for name, label in [*project_labels.items(), *((n, one) for n, one in rest.items() if name_key(one) in classes)]:
        part = split.get(name, "val")
        if part == "test":
            continue
        if part == "train" and taken[label] >= per_class:
            part = "val"
        taken[label] += part == "train"
        path = folder / "images" / name
        rows.append((content_hash(decode(path, name).image), str(path), name, label, part))
    return Snapshot(
        pd.DataFrame(rows, columns=list(COLUMNS)), tuple(sorted(set(project_labels.values()))), "classification"
    )


def _labels(name: str) -> dict[str, str]:
    path = SAMPLE_IMAGES / "birds" / name
    if not path.is_file():
        raise DataError(f"The sample photos are missing: {path} was not found. Download the whole repository again.")
    return {row.filename: row.label for row in read_labels(path, name).rows if row.label is not None}

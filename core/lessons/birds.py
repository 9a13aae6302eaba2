"""The sample birds as the photos of a lesson: few to learn from, many to check on. Free of torch."""

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

FEW = 8
"""Photos of each class to learn from: few enough to be learned by heart."""


@cache
def birds(few: int = FEW) -> Snapshot:
    """The first ``few`` training photos of each class to train on, and all other labelled photos as validation.

    The sample project's test part is left out: who makes that project shall find its test photos untouched. The photos
    whose labels the project holds back are checked on too. Raises DataError where the sample photos are not there.
    """
    folder = SAMPLE_IMAGES / "birds"
    given, rest = _labels("labels.csv"), _labels("labels-of-the-rest.csv")
    split = assign([SplitItem(name, label, name) for name, label in given.items()])
    kinds = {name_key(label) for label in given.values()}
    taken = Counter[str]()
    rows = []
    for name, label in [*given.items(), *((n, one) for n, one in rest.items() if name_key(one) in kinds)]:
        part = split.get(name, "val")
        if part == "test":
            continue
        if part == "train" and taken[label] >= few:
            part = "val"
        taken[label] += part == "train"
        path = folder / "images" / name
        rows.append((content_hash(decode(path, name).image), str(path), name, label, part))
    return Snapshot(pd.DataFrame(rows, columns=list(COLUMNS)), tuple(sorted(set(given.values()))), "classification")


def _labels(name: str) -> dict[str, str]:
    path = SAMPLE_IMAGES / "birds" / name
    if not path.is_file():
        raise DataError(f"The sample photos are not there: {path} is missing. Fetch the whole repository again.")
    return {row.filename: row.label for row in read_labels(path, name).rows if row.label is not None}

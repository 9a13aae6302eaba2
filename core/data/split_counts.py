"""Count images by class and split."""

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from core.data.splits import SPLITS


def count_splits(labels: Iterable[str], splits: Iterable[str], classes: Sequence[str]) -> pd.DataFrame:
    """Return a row for each class, in order, with the columns train, val and test.

    Pages ask again and again, and pandas.crosstab takes 15 ms even for a small table.
    """
    found = Counter(zip(labels, splits, strict=True))
    rows = [[found[label, split] for split in SPLITS] for label in classes]
    return pd.DataFrame(rows, pd.Index(classes, name="label"), pd.Index(SPLITS, name="split"), dtype="int64")

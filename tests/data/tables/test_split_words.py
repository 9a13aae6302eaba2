"""Columns that give the split have the same names in all tables."""

from pathlib import Path

import pytest

from core.data.importing.formats.csv_styles import named_columns
from core.data.tables import split_columns
from core.data.tables.split_columns import SETS
from tests.data.importing.formats.csv_styles.tables import labels, photos, planned


@pytest.mark.parametrize("column", SETS)
@pytest.mark.parametrize("names", ["filename,label", "image_name,breed"])
def test_every_name_of_a_column_counts_in_every_table(tmp_path: Path, column: str, names: str) -> None:
    table = f"{names},{column}\na.png,owl,train\nb.png,fox,test\n"
    plan = planned(tmp_path, {**photos("a.png", "b.png"), "labels.csv": table})
    assert labels(plan) == {"a.png": ("owl", "train"), "b.png": ("fox", "test")}


def test_there_is_one_list() -> None:
    assert named_columns.SETS is split_columns.SETS

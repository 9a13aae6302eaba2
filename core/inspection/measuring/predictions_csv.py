"""A run's answers for the images of a split as a CSV file, of which a spreadsheet runs no cell."""

import csv
from pathlib import Path

import pandas as pd

from core.data.tables.csv_cells import neutralize, restore


def write(table: pd.DataFrame, path: Path) -> None:
    """Writes the table whole or not at all; names that look like formulas begin with an apostrophe in the file."""
    part = path.with_name(path.name + ".part")
    safe = table.assign(**{name: table[name].map(neutralize, na_action="ignore") for name in _texts(table)})
    # Texts in quotes: a name may hold a lone carriage return, which Python 3.11 would leave bare.
    safe.to_csv(part, index=False, quoting=csv.QUOTE_NONNUMERIC)
    part.replace(path)


def read(path: Path) -> pd.DataFrame:
    """Reads what ``write`` wrote, with the names as they were."""
    # A class may be called "NA" or "007": names stay the text that they are.
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    texts = {name: frame[name].map(restore) for name in _texts(frame)}
    shares = {name: pd.to_numeric(frame[name]) for name in frame.columns if name.startswith("probability")}
    return frame.assign(**texts, **shares)


def _texts(table: pd.DataFrame) -> list[str]:
    """The columns with names of files and classes, which people choose."""
    return [name for name in table.columns if name in ("filename", "path", "label") or name.startswith("prediction")]

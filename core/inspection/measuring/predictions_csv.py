"""A run's predictions on a split as a CSV file, in which no spreadsheet runs a cell as a formula."""

import csv
from pathlib import Path

import pandas as pd

from core.data.tables.csv_cells import neutralize, restore
from core.errors import RunError
from core.file_replacement import replace_patiently

_NEEDED = ("filename", "label", "prediction", "probability")


def write(table: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all; names that look like formulas get an apostrophe in front."""
    part = path.with_name(path.name + ".part")
    safe = table.assign(**{name: table[name].map(neutralize, na_action="ignore") for name in _texts(table)})
    # Texts in quotes: a name may contain a single carriage return, which Python 3.11 would not quote.
    safe.to_csv(part, index=False, quoting=csv.QUOTE_NONNUMERIC)
    replace_patiently(part, path)


def read(path: Path) -> pd.DataFrame:
    """Read what ``write`` wrote, with the original names. Raises RunError if the file is damaged."""
    try:
        # A class may be called "NA" or "007", so names are read as text.
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        texts = {name: frame[name].map(restore) for name in _texts(frame)}
        shares = {name: pd.to_numeric(frame[name]) for name in frame.columns if name.startswith("probability")}
    except (OSError, ValueError) as error:  # decoding and parser errors are ValueErrors
        raise RunError(f"{path} is not a readable table. Evaluate the run again to replace it.") from error
    missing = [name for name in _NEEDED if name not in frame]
    if missing:
        raise RunError(f"{path} has no column {missing[0]!r}. Evaluate the run again to replace it.")
    return frame.assign(**texts, **shares)


def _texts(table: pd.DataFrame) -> list[str]:
    """Return the columns with file names and class names, which users choose."""
    return [name for name in table.columns if name in ("filename", "path", "label") or name.startswith("prediction")]

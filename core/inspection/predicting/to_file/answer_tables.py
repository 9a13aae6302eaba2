"""Write answers as CSV or Parquet, a few rows at a time."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from core.data.tables.csv_cells import as_row
from core.errors import DataError
from core.inspection.predicting.predictions import formatted
from core.inspection.predicting.predictor import batched
from core.inspection.predicting.to_file.journal import Row

Rows = Iterator[tuple[str, Row]]
TableWriter = Callable[[Rows, Path, str], int]
"""Writes rows of (file name, cells) to a path and returns their number; the text is the model's name."""
_ROWS_AT_A_TIME = 10_000


def writer_for(path: Path) -> TableWriter:
    """Return what writes a table in the format of a file's extension; raises DataError for any other."""
    form = path.suffix.lower()
    if form not in _WRITERS:
        raise DataError(f"{path} has no known extension for answers. Use {' or '.join(_WRITERS)}.")
    return _WRITERS[form]


def write_csv(rows: Rows, path: Path, _: str) -> int:
    """Write the table as CSV and return the number of its rows."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for name, cells in rows:
            if not count:
                file.write(as_row(["filename", *cells]))
            file.write(as_row([name, *(formatted(column, value) for column, value in cells.items())]))
            count += 1
    return count


def _write_parquet(rows: Rows, path: Path, model: str) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = next(rows, None)
    if first is None:
        return 0
    columns = [pa.field("filename", pa.string()), *(pa.field(*_typed(pa, *one)) for one in first[1].items())]
    schema = pa.schema(columns, metadata={"model": model})
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for some in batched(chain([first], rows), _ROWS_AT_A_TIME):
            writer.write_table(pa.Table.from_pylist([{"filename": name, **cells} for name, cells in some], schema))
            count += len(some)
    return count


def _typed(pa: Any, column: str, value: object) -> tuple[str, Any]:
    kinds = {bool: pa.bool_(), str: pa.string()}
    return column, kinds.get(type(value), pa.float64())


_WRITERS: dict[str, TableWriter] = {".csv": write_csv, ".parquet": _write_parquet}

"""The table of predictions: read back as written, and refused in a sentence if it is damaged."""

from pathlib import Path

import pandas as pd
import pytest

from core.errors import RunError
from core.inspection.measuring.predictions_csv import read, write

TABLE = pd.DataFrame(
    {
        "filename": ["=1.png"],
        "image": ["00"],
        "path": ["p"],
        "label": ["NA"],
        "prediction": ["007"],
        "probability": [0.5],
    }
)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(TABLE, tmp_path / "predictions-val.csv")
    pd.testing.assert_frame_equal(read(tmp_path / "predictions-val.csv"), TABLE)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b'filename,image\n"never closed', b"a,b\n1,2\n"],
    ids=["empty", "not text", "open quote", "other columns"],
)
def test_a_damaged_table_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "predictions-val.csv"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"predictions-val\.csv .* Evaluate the run again to replace it\.$"):
        read(path)


def test_a_probability_that_is_no_number_is_refused(tmp_path: Path) -> None:
    write(TABLE.assign(probability=["much"]), tmp_path / "predictions-val.csv")
    with pytest.raises(RunError, match="is not a readable table"):
        read(tmp_path / "predictions-val.csv")

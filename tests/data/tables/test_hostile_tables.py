"""Tables that somebody made to take long or to fill the memory are read in seconds, or refused."""

import time

import pytest

from core.data.tables.labels_csv import read_labels
from core.data.tables.name_matching import match_files
from core.data.tables.questions import Asking

SECONDS = 10  # of one processor, on a slow machine


@pytest.mark.parametrize(
    "raw",
    [
        b"filename,label\n" + b"\xe0\xe1" * 60_000 + b",owl\n" + b"a.png,\xe2\xe3\n" * 20,  # a long cell
        b"filename,label\n" + b"".join(b"%d\xe9\xe8.png,\xe0%d\n" % (number, number % 500) for number in range(30_000)),
        b"filename,label\n" + b"\x80\xff" * 500_000,
        b"filename," + b"label," * 1_500 + b"\n" + (b"a.png" + b",x" * 1_500 + b"\n") * 300,
        b"filename,label," + b"xmin," * 1_500 + b"ymin,xmax,ymax\n" + (b"a.png,owl" + b",1" * 1_503 + b"\n") * 300,
    ],
    ids=["long cell", "many cells", "one line", "many labels", "many corners"],
)
def test_encodings_and_columns_are_settled_in_seconds(raw: bytes) -> None:
    start = time.process_time()
    read_labels(raw, asking=Asking())
    assert time.process_time() - start < SECONDS


def test_a_name_of_slashes_alone_does_not_fill_the_memory() -> None:
    """Each of its endings was kept: gigabytes."""
    table = read_labels(b"filename,label\n" + b"a/" * 60_000 + b"b.png,owl\n")
    start = time.process_time()
    found, problems = match_files(table, ["c/b.png", "b.png"])
    assert found == {2: "b.png"} and all(len(one.text) < 1_000 for one in problems)
    table = read_labels(b"filename,label\n" + b"a/" * 60_000 + b"d.png,owl\n")
    (problem, *_) = match_files(table, ["b.png"])[1]
    assert len(problem.text) < 1_000 and "is not among the files" in problem.text
    assert time.process_time() - start < SECONDS

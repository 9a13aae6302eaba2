"""Stored vectors: found by content, added concurrently, recomputed if damaged."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.features.vectors import Vectors
from core.workspace import REPOSITORY, Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


def name(number: int) -> str:
    return f"{number:064x}"


def rows(*numbers: int) -> np.ndarray:
    return np.array([[number, number + 0.5, -number] for number in numbers], np.float32)


def test_vectors_come_in_the_order_asked_for_and_what_is_not_there_is_missing(workspace: Workspace) -> None:
    vectors = Vectors(workspace, "net")
    assert vectors.known([name(1)])[0] == []
    vectors.add([name(1), name(2)], rows(1, 2))
    vectors.add([name(3)], rows(3))
    found, values = vectors.known([name(3), name(9), name(1)])
    assert found == [name(3), name(1)] and values.dtype == np.float32
    np.testing.assert_array_equal(values, rows(3, 1))
    assert vectors.missing([name(9), name(2), name(8), name(9)]) == [name(9), name(8)]


def test_each_network_has_vectors_of_its_own(workspace: Workspace) -> None:
    Vectors(workspace, "one").add([name(1)], rows(1))
    assert Vectors(workspace, "other").missing([name(1)]) == [name(1)]


def test_what_another_process_adds_is_found_without_opening_anew(workspace: Workspace) -> None:
    vectors = Vectors(workspace, "net")
    assert vectors.missing([name(7)]) == [name(7)]
    code = (
        "from core.features.vectors import Vectors\n"
        "from core.workspace import open_workspace\nimport numpy\n"
        "Vectors(open_workspace(), 'net').add([f'{7:064x}'], numpy.full((1, 3), 7, 'f4'))"
    )
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(workspace.root)}
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, check=True, timeout=60)
    np.testing.assert_array_equal(vectors.known([name(7)])[1], [[7, 7, 7]])


def test_an_emptied_cache_is_noticed_and_a_damaged_file_is_taken_away(workspace: Workspace) -> None:
    vectors = Vectors(workspace, "net")
    vectors.add([name(1)], rows(1))
    vectors.add([name(2)], rows(2))
    assert vectors.missing([name(1), name(2)]) == []
    for path in vectors.folder.glob("*.npy"):
        path.unlink()
    assert vectors.missing([name(1), name(2)]) == [name(1), name(2)]
    vectors.add([name(1)], rows(1))
    (path,) = vectors.folder.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert Vectors(workspace, "net").missing([name(1)]) == [name(1)]
    assert list(vectors.folder.iterdir()) == []

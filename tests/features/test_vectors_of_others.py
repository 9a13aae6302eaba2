"""Pupils with the same photos: the vectors are computed once for the whole class."""

from pathlib import Path

import numpy as np
import pytest

from core.features.stage_vectors import StageVectors
from core.features.vectors_of_others import take_known
from core.models.zoo import STAGE_VECTORS
from core.workspace import Workspace, open_workspace

NAME = "network/engine/original"
ALL = ["1" * 64, "2" * 64, "3" * 64]


def filled(workspace: Workspace, hashes: list[str]) -> StageVectors:
    """Vectors of these photos, in which each number says which photo it belongs to."""
    vectors = StageVectors(workspace, NAME)
    rows = [{output: np.full(4, float(name[0]), np.float32) for output in STAGE_VECTORS} for name in hashes]
    vectors.add_outputs(hashes, rows)
    return vectors


@pytest.fixture
def pupils(tmp_path: Path) -> list[Workspace]:
    open_workspace(tmp_path)
    return [open_workspace(tmp_path / "people" / name) for name in ("ada", "ben", "cleo")]


def test_vectors_of_the_same_photos_come_from_whoever_has_them(pupils: list[Workspace]) -> None:
    ada, ben, cleo = pupils
    filled(ada, [ALL[0]])
    filled(ben, [ALL[1], "9" * 64])
    own = StageVectors(cleo, NAME)
    assert take_known(cleo, own, ALL) == 2
    assert own.missing(ALL) == [ALL[2]]
    for store in own.stores.values():
        found, vectors = store.known(ALL)
        assert found == ALL[:2] and vectors.tolist() == [[1.0] * 4, [2.0] * 4]
        assert store.missing(["9" * 64]), "nobody gets the vector of a photo that they do not have"
    assert take_known(cleo, own, ALL) == 0


def test_the_teachers_vectors_serve_the_class_too(tmp_path: Path, pupils: list[Workspace]) -> None:
    filled(Workspace(tmp_path), ALL)
    own = StageVectors(pupils[0], NAME)
    assert take_known(pupils[0], own, ALL) == 3 and not own.missing(ALL)


def test_other_engines_count_for_nothing(pupils: list[Workspace]) -> None:
    filled(pupils[0], ALL)
    own = StageVectors(pupils[1], "network/another/original")
    assert take_known(pupils[1], own, ALL) == 0 and own.missing(ALL) == ALL

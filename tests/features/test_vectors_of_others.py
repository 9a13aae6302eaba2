"""Pupils with the same photos: the vectors are computed once for the whole class."""

from pathlib import Path

import numpy as np
import pytest

from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import prefer_engine, preferred_engine, record_pass
from core.features.stage_vectors import StageVectors
from core.features.vectors import default_vectors, vectors_name
from core.features.vectors_of_others import hand_on, take_known
from core.features.views import MIRRORED, ORIGINAL
from core.models.zoo import STAGE_VECTORS
from core.workspace import Workspace, open_workspace

NAME = "network/engine/original"
NETWORK = FrozenNetwork("resnet50", "weights-1", '{"mode": "crop", "size": 224}', ("resnet50", "imagenet", "auto"))
ALL = ["1" * 64, "2" * 64, "3" * 64]


def filled(workspace: Workspace, hashes: list[str], vectors_name: str = NAME) -> StageVectors:
    """Vectors of these photos, in which each number says which photo it belongs to."""
    vectors = StageVectors(workspace, vectors_name)
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


@pytest.mark.parametrize("engine", ["fp32", "bf16"])
def test_a_copy_gets_the_vectors_of_the_engine_that_the_teacher_has(
    engine: str, tmp_path: Path, pupils: list[Workspace]
) -> None:
    """On a processor with bf16, each of thirty pupils computed all features again, in fp32."""
    teacher, ada = Workspace(tmp_path), pupils[0]
    prefer_engine(teacher, NETWORK, engine)
    for view in (ORIGINAL, MIRRORED):
        filled(teacher, ALL, vectors_name(NETWORK, engine, view))
    hand_on(teacher, ada, NETWORK, ALL)
    assert preferred_engine(ada, NETWORK) == engine
    for view in (ORIGINAL, MIRRORED):
        assert not StageVectors(ada, vectors_name(NETWORK, engine, view)).missing(ALL)


def test_a_copy_gets_a_calibrated_engine_with_its_pass(
    tmp_path: Path, pupils: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, ada, engine = Workspace(tmp_path), pupils[0], "int8-0a1b"
    monkeypatch.setattr(FrozenNetwork, "of_imagenet", lambda: NETWORK)
    record_pass(teacher, NETWORK, engine, ALL)
    filled(teacher, ALL, vectors_name(NETWORK, engine))
    hand_on(teacher, ada, NETWORK, ALL)
    assert preferred_engine(ada, NETWORK, lambda: ALL) is None, "the engine itself is not there"
    file = teacher.cache / "engines" / NETWORK.name / f"{engine}.onnx"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"calibrated")
    hand_on(teacher, ada, NETWORK, ALL)
    assert default_vectors(ada, lambda: ALL) == vectors_name(NETWORK, engine)
    assert (ada.cache / "engines" / NETWORK.name / file.name).read_bytes() == b"calibrated"
    assert not StageVectors(ada, vectors_name(NETWORK, engine)).missing(ALL)

"""The engine of a workspace: chosen once, and replaced by 8 bits only where they pass their test and save time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.features.engines import choice
from core.features.engines.choice import LabelledPhotos
from core.features.engines.engine import FP32, POOLED, NetworkArrays
from core.features.preferred_engine import prefer_engine, preferred_engine
from core.features.vectors import Vectors, vectors_name
from core.features.views import MIRRORED, ORIGINAL
from core.features.workspace_engine import open_engine
from core.workspace import Workspace
from tests.features.engines.test_choice import NETWORK, SLOW, labelled, other_way_round
from tests.features.engines.test_torch_engine import arrays_of
from tests.models.onnx.test_resnet_graph import NETWORKS, trained_like

MANY = 20_000


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace on a machine where 8 bits are twice as fast; the engine was chosen when there were no labels."""
    small = arrays_of(trained_like(NETWORKS["basic"]))

    def speeds(network: NetworkArrays, device: str) -> dict[str, float]:
        return SLOW

    monkeypatch.setattr(choice, "arrays_of", lambda network: small)
    monkeypatch.setattr(choice, "has_int8_dot_products", lambda: False)
    monkeypatch.setattr(choice, "_speeds", speeds)
    monkeypatch.setattr(choice, "measured_speeds", lambda some, _: {n: 40.0 if "int8" in n else 20.0 for n in some})
    found = Workspace(tmp_path)
    prefer_engine(found, NETWORK, FP32)
    return found


def opened(workspace: Workspace, **options: Any) -> str:
    return open_engine(workspace, NETWORK, device="cpu", **options).name


def test_8_bits_replace_an_engine_that_was_chosen_without_labels(workspace: Workspace) -> None:
    kept = Vectors(workspace, vectors_name(NETWORK, FP32))
    kept.add(["a"], np.ones((1, 64), np.float32))
    assert opened(workspace, images=MANY) == FP32, "nothing to test it with"
    name = opened(workspace, images=MANY, labelled=labelled())
    assert name.startswith("int8-") and preferred_engine(workspace, NETWORK) == name
    assert opened(workspace) == name, "it is remembered"
    assert opened(workspace, images=MANY, labelled=labelled(), exact=True) == FP32
    assert Vectors(workspace, kept.name).count() == 1, "the vectors of the earlier engine stay"


def test_the_earlier_engine_stays_where_8_bits_would_take_longer(workspace: Workspace, monkeypatch: Any) -> None:
    monkeypatch.setattr(choice, "calibrate", lambda *_: pytest.fail("calibrated"))
    assert opened(workspace, images=500, labelled=labelled()) == FP32
    # 2,000 views save 2,000 x (1/20 - 1/32) = 38 s and the test costs 21 s, but these would be computed again: 25 s.
    for view in (ORIGINAL, MIRRORED):
        names = [f"{view}{number}" for number in range(400)]
        Vectors(workspace, vectors_name(NETWORK, FP32, view)).add(names, np.ones((400, 2), np.float32))
    assert opened(workspace, images=2000, labelled=labelled()) == FP32


def test_8_bits_that_fail_their_self_test_leave_the_earlier_engine(workspace: Workspace, monkeypatch: Any) -> None:
    photos = labelled()
    wrong = LabelledPhotos(photos.pixels, photos.vectors, photos.labels, photos.folds, other_way_round(photos.folds))
    assert opened(workspace, images=MANY, labelled=wrong) == FP32
    monkeypatch.setattr(choice, "calibrate", lambda *_: pytest.fail("tried again"))
    assert opened(workspace, images=MANY, labelled=photos) == FP32
    assert preferred_engine(workspace, NETWORK) == FP32


def test_of_two_processes_that_choose_the_second_takes_what_the_first_has_chosen(workspace: Workspace) -> None:
    first = opened(workspace, images=MANY, labelled=labelled())
    prefer_engine(workspace, NETWORK, FP32)
    (workspace.cache / "engines.json").unlink()
    photos = labelled(244)  # calibrated on other photos, so under another name

    def while_testing(*arguments: Any) -> np.ndarray:
        prefer_engine(workspace, NETWORK, first)
        return photos.vectors(*arguments)

    second = LabelledPhotos(photos.pixels, while_testing, photos.labels, photos.folds, photos.probe)
    assert opened(workspace, images=MANY, labelled=second) == first == preferred_engine(workspace, NETWORK)


def test_an_engine_that_this_machine_lacks_is_replaced(workspace: Workspace) -> None:
    prefer_engine(workspace, NETWORK, "int8-12345678")
    engine = open_engine(workspace, NETWORK, device="cpu", images=MANY)
    assert engine.name == FP32 == preferred_engine(workspace, NETWORK)
    assert engine.run(np.zeros((1, 64, 64, 3), np.uint8))[POOLED].shape == (1, 64)

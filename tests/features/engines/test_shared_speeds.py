"""The speeds of engines are measured once on a server, not by each of its people."""

from pathlib import Path

from core.features.engines.remembered import Measured, remember, remembered
from core.features.frozen_network import FrozenNetwork
from core.workspace import PEOPLE_FOLDER, open_workspace

NETWORK = FrozenNetwork("resnet50", "weights-1", '{"mode": "crop", "size": 224}', ("resnet50", "imagenet", "auto"))


def test_what_one_pupil_has_measured_is_known_to_the_others(tmp_path: Path) -> None:
    server = open_workspace(tmp_path / "home")
    ada, ben = (open_workspace(server.root / PEOPLE_FOLDER / name) for name in ("ada", "ben"))
    assert remembered(ada, NETWORK) is None
    measured = Measured("cpu", {"onnxruntime/fp32": 20.0, "onnxruntime/int8-abc": 40.0}, int8="int8-abc")
    remember(ada, NETWORK, measured)
    assert remembered(ada, NETWORK) == measured
    # 8 bits are calibrated with photos of a workspace, and its file lies there.
    assert remembered(ben, NETWORK) == remembered(server, NETWORK) == Measured("cpu", {"onnxruntime/fp32": 20.0})


def test_a_measurement_of_ones_own_comes_first(tmp_path: Path) -> None:
    server = open_workspace(tmp_path / "home")
    ada = open_workspace(server.root / PEOPLE_FOLDER / "ada")
    remember(server, NETWORK, Measured("cpu", {"torch/fp32": 10.0}))
    remember(ada, NETWORK, Measured("cpu", {"torch/fp32": 12.0}))
    assert remembered(ada, NETWORK) == Measured("cpu", {"torch/fp32": 12.0})
    assert remembered(server, NETWORK) == Measured("cpu", {"torch/fp32": 10.0})


def test_engines_that_somebody_measures_later_are_known_to_all_too(tmp_path: Path) -> None:
    server = open_workspace(tmp_path / "home")
    ada, ben = (open_workspace(server.root / PEOPLE_FOLDER / name) for name in ("ada", "ben"))
    remember(ada, NETWORK, Measured("cpu", {"torch/bf16": 60.0}))
    every = Measured("cpu", {"torch/bf16": 61.0, "torch/fp32": 10.0})
    remember(ada, NETWORK, every)
    assert remembered(ben, NETWORK) == remembered(ada, NETWORK) == every

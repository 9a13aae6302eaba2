"""onnxruntime's engine gives the network's values, and computes only what is asked for."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from core.features.engines.engine import FP32, POOLED
from core.features.engines.ort_engine import fp32_engine
from tests.features.engines.test_torch_engine import arrays_of
from tests.models.onnx.test_resnet_graph import NETWORKS, assert_near, expected, pictures, trained_like


def test_all_outputs_or_some_of_them() -> None:
    network, pixels = trained_like(NETWORKS["bottleneck"]), pictures()
    right = expected(network, pixels)
    outputs = ("layer2", "pooled-layer3", POOLED)
    engine = fp32_engine(arrays_of(network), outputs)
    assert (engine.name, engine.runtime, engine.outputs) == (FP32, "onnxruntime", outputs)
    for wanted in (outputs, ("layer2",), (POOLED, "layer2")):
        found = engine.run(pixels, wanted)
        assert tuple(found) == wanted
        for name in wanted:
            assert_near(found[name], right[name])
    np.testing.assert_array_equal(engine.run(pixels)[POOLED], engine.run(pixels, outputs)[POOLED])


def test_an_output_that_the_engine_was_not_made_for_is_named() -> None:
    engine = fp32_engine(arrays_of(trained_like(NETWORKS["basic"])))
    with pytest.raises(ModelError, match="computes pooled, but not layer1"):
        engine.run(pictures(), ("layer1",))


def test_neither_the_engine_nor_remembered_speeds_load_torch() -> None:
    modules = "core.features.engines.ort_engine, core.features.engines.int8_engine, core.features.engines.remembered"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_where_onnxruntime_is_the_only_candidate_nothing_of_a_pass_loads_torch(
    default_weights: object, tmp_path: Path
) -> None:
    code = """
import sys
from pathlib import Path
import numpy as np
from core.features.engines import candidates
from core.features.frozen_network import FrozenNetwork
from core.features.workspace_engine import engine_at_once
from core.workspace import Workspace
candidates.computes_with_avx2_at_best = lambda: True
candidates.may_have_accelerator = lambda: False
network = FrozenNetwork.of_imagenet()
engine = engine_at_once(Workspace(Path(sys.argv[1])), network)
assert np.isfinite(engine.run(np.zeros((1, 224, 224, 3), np.uint8))["pooled"]).all()
sys.exit(any(name in sys.modules for name in ("torch", "torchvision")))
"""
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False).returncode == 0

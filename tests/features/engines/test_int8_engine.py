"""The network in 8 bits: close to the exact one, computed by integer kernels, kept on disk and used again."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from core.errors import ModelError
from core.features.engines import int8_engine
from core.features.engines.engine import POOLED
from core.features.engines.int8_engine import calibrate, keep, kept_engine, name_of
from core.features.engines.ort_engine import OrtEngine
from tests.features.engines.test_torch_engine import arrays_of
from tests.models.onnx.test_resnet_graph import NETWORKS, expected, pictures, trained_like

POOLED_ONLY = (POOLED, "pooled-layer2")


@pytest.mark.parametrize(("kind", "bits"), [*((kind, 8) for kind in NETWORKS), ("basic", 7), ("bottleneck", 7)])
def test_vectors_are_close_to_the_exact_ones(kind: str, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8_engine, "has_int8_dot_products", lambda: bits == 8)
    network, pixels = trained_like(NETWORKS[kind]), pictures(6)
    engine = OrtEngine(calibrate(arrays_of(network), pixels, POOLED_ONLY), "int8-00000000")
    found, right = engine.run(pixels, POOLED_ONLY), expected(network, pixels)
    for name in POOLED_ONLY:
        cosine = (found[name] * right[name]).sum(1) / np.linalg.norm(found[name], axis=1)
        assert (cosine / np.linalg.norm(right[name], axis=1)).min() > 0.97
        assert not np.array_equal(found[name], right[name])


@pytest.mark.parametrize("kind", ["bottleneck", "basic"])
def test_all_convolutions_and_sums_run_in_integers(kind: str, tmp_path: Path) -> None:
    """If onnxruntime cannot fuse what we wrote, it computes in fp32 and is slower than without 8 bits."""
    config = NETWORKS[kind]
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    options.log_severity_level = 3
    model = calibrate(arrays_of(trained_like(config)), pictures())
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "fused.onnx").graph.node]
    blocks = sum(config.layers)
    projections = 4 if kind == "bottleneck" else 3
    assert kinds.count("QLinearConv") == 1 + blocks * (3 if kind == "bottleneck" else 2) + projections
    assert kinds.count("QLinearAdd") == blocks
    assert not {"Conv", "Add", "Relu"} & set(kinds)


def test_a_kept_network_is_used_again_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    network, pixels = arrays_of(trained_like(NETWORKS["basic"])), pictures()
    model = calibrate(network, pixels)
    name = name_of(model)
    assert name == name_of(calibrate(network, pixels)), "the same photos gave another calibration"
    assert kept_engine(tmp_path / "engines", name) is None
    keep(tmp_path / "engines", model)
    engine = kept_engine(tmp_path / "engines", name)
    assert engine is not None and engine.name == name
    np.testing.assert_array_equal(engine.run(pixels)[POOLED], OrtEngine(model, name).run(pixels)[POOLED])
    assert [path.name for path in (tmp_path / "engines").iterdir()] == [f"{name}.onnx"]
    (tmp_path / "engines" / f"{name}.onnx").write_bytes(model[:-100])
    assert kept_engine(tmp_path / "engines", name) is None
    assert kept_engine(tmp_path, "../engines/x") is None


def test_maps_are_not_computed_in_8_bits() -> None:
    with pytest.raises(ModelError, match="not the maps of layer3"):
        calibrate(arrays_of(trained_like(NETWORKS["basic"])), pictures(), (POOLED, "layer3"))

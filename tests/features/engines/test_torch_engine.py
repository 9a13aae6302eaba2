"""torch's engine gives the network's values for every kind of block, folded and fused, in fp32 and bf16."""

import numpy as np
import pytest
import torch

from core.errors import ModelError
from core.features.engines.engine import BF16, FP16, FP32, OUTPUTS, POOLED, NetworkArrays
from core.features.engines.folded_conv import FoldedConv
from core.features.engines.torch_engine import TorchEngine, fastest_names
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from core.processors import cpu_has_bfloat16
from tests.models.onnx.test_resnet_graph import NETWORKS, SEEN, arrays, assert_near, expected, pictures, trained_like


def arrays_of(network: ResNet) -> NetworkArrays:
    return NetworkArrays(network.config, arrays(network), SEEN.mean, SEEN.std, SEEN.size)


@pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS.keys())
def test_every_output_of_every_kind_of_block_is_the_networks(config: ResNetConfig) -> None:
    network, pixels = trained_like(config), pictures()
    found = TorchEngine(arrays_of(network), FP32, OUTPUTS).run(pixels, OUTPUTS)
    right = expected(network, pixels)
    for name in OUTPUTS:
        assert_near(found[name], right[name])
        # Maps are in channels_last, as they are stored.
        as_stored = found[name].transpose(0, 2, 3, 1) if found[name].ndim == 4 else found[name]
        assert as_stored.flags.c_contiguous


@pytest.mark.parametrize("kind", ["basic", "bottleneck", "squeeze", "pre-activation"])
def test_without_fused_operations_the_values_are_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.features.engines.folded_conv._has_fused_operations", lambda: False)
    network, pixels = trained_like(NETWORKS[kind]), pictures()
    found = TorchEngine(arrays_of(network), FP32, OUTPUTS).run(pixels, OUTPUTS)
    right = expected(network, pixels)
    for name in OUTPUTS:
        assert_near(found[name], right[name])


@pytest.mark.parametrize("kind", ["basic", "bottleneck", "squeeze", "pre-activation"])
@pytest.mark.skipif(not cpu_has_bfloat16(), reason="this processor has no bf16")
def test_bf16_keeps_two_digits(kind: str) -> None:
    network, pixels = trained_like(NETWORKS[kind]), pictures()
    found = TorchEngine(arrays_of(network), BF16).run(pixels)[POOLED]
    assert_near(found, expected(network, pixels)[POOLED], tolerance=0.05)


def test_each_picture_is_computed_by_itself_in_batches_of_any_size() -> None:
    network, pixels = trained_like(NETWORKS["bottleneck"]), pictures(5)
    engine = TorchEngine(arrays_of(network))
    together = engine.run(pixels)[POOLED]
    for rows in (slice(0, 2), slice(2, 5), slice(0, 1)):
        assert_near(engine.run(pixels[rows])[POOLED], together[rows])


def test_the_weights_of_the_caller_stay_as_they_are() -> None:
    network = trained_like(NETWORKS["bottleneck"])
    before = {name: value.copy() for name, value in arrays(network).items()}
    TorchEngine(arrays_of(network), FP32, ("layer2", POOLED)).run(pictures(), ("layer2", POOLED))
    for name, value in arrays(network).items():
        np.testing.assert_array_equal(value, before[name])


def test_an_output_that_the_engine_was_not_made_for_is_named() -> None:
    network = arrays_of(trained_like(NETWORKS["basic"]))
    with pytest.raises(ModelError, match="computes pooled, but not layer1"):
        TorchEngine(network).run(pictures(), ("layer1",))
    with pytest.raises(ModelError, match="no output 'layer5'"):
        TorchEngine(network, FP32, ("layer5",))


def test_the_sum_may_be_written_into_what_was_added() -> None:
    """The reason why stage maps are copied before the next stage."""
    layer = torch.nn.Conv2d(8, 8, 1)
    conv = FoldedConv(layer, torch.device("cpu"), torch.float32)
    x = torch.randn(2, 8, 4, 4).to(memory_format=torch.channels_last)
    plus = torch.randn_like(x)
    right = torch.relu(layer(x) + plus)
    with torch.inference_mode():
        torch.testing.assert_close(conv(x, relu=True, plus=plus.clone()), right, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_cuda_replayed_batches_give_the_networks_values() -> None:
    network, pixels = trained_like(NETWORKS["bottleneck"]), pictures(7)
    right = expected(network, pixels)[POOLED]
    assert fastest_names("cuda")[0] == FP32
    for name, tolerance in ((FP32, 1e-2), (fastest_names("cuda")[1], 0.05)):
        assert name in (FP32, BF16, FP16)
        engine = TorchEngine(arrays_of(network), name, (POOLED,), "cuda")
        for rows in (slice(0, 4), slice(4, 7), slice(0, 4)):
            assert_near(engine.run(pixels[rows])[POOLED], right[rows], tolerance)

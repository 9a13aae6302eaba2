"""The ONNX graph gives what the network gives, for every kind of block and setting, within float rounding."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from core.data.pictures.transforms import Preprocessing
from core.errors import ModelError
from core.models.onnx.resnet_graph import graph_of
from core.models.resnet import STAGES, ResNet, build
from core.models.weights import Pretrained
from core.models.zoo import ARCHITECTURES, POOLED, ResNetConfig, config_of

SEEN = Preprocessing(size=64)
OUTPUTS = (POOLED, "pooled-layer2", "pooled-layer3", *STAGES)
TWO = (2, 2, 2, 2)

NETWORKS = {
    "basic": ResNetConfig("basic", TWO, width=8),
    "basic, plain": ResNetConfig("basic", TWO, width=8, skip=False),
    "basic, small stem, three stages": ResNetConfig("basic", (1, 2, 1, 0), width=8, stem="small"),
    "basic, squeeze": ResNetConfig("basic", TWO, width=8, squeeze=True),
    "bottleneck": ResNetConfig("bottleneck", TWO, width=8),
    "bottleneck of v1": ResNetConfig("bottleneck", TWO, width=8, stride_in="1x1"),
    "bottleneck of v1 with biases": ResNetConfig(
        "bottleneck", TWO, width=8, stride_in="1x1", conv_bias=True, norm_eps=1.001e-5
    ),
    "groups": ResNetConfig("bottleneck", TWO, width=8, groups=4, width_per_group=16),
    "wide": ResNetConfig("bottleneck", TWO, width=8, width_per_group=128),
    "squeeze": ResNetConfig("bottleneck", TWO, width=8, squeeze=True),
    "bottleneck, plain, small stem": ResNetConfig("bottleneck", TWO, width=8, skip=False, stem="small"),
    "pre-activation": ResNetConfig("bottleneck", TWO, width=8, preactivation=True, norm_eps=1.001e-5),
    "pre-activation, plain": ResNetConfig("bottleneck", TWO, width=8, preactivation=True, skip=False),
    "pre-activation, small stem, squeeze": ResNetConfig(
        "bottleneck", TWO, width=8, preactivation=True, stem="small", squeeze=True
    ),
}


def trained_like(config: ResNetConfig) -> ResNet:
    """A network whose norms have means and variances of their own, as after training."""
    torch.manual_seed(0)
    network = ResNet(config, 0).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.2, 1.5)
            nn.init.normal_(module.bias, std=0.3)
        elif isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.normal_(module.bias, std=0.3)
    return network


def arrays(network: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def pictures(count: int = 3, size: int = SEEN.size) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def computed(graph: onnx.ModelProto, outputs: tuple[str, ...], pixels: np.ndarray) -> dict[str, np.ndarray]:
    onnx.checker.check_model(graph, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip(outputs, session.run(list(outputs), {"pixels": pixels}), strict=True))


def expected(network: ResNet, pixels: np.ndarray, seen: Preprocessing = SEEN) -> dict[str, np.ndarray]:
    with torch.inference_mode():
        x = seen.normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        maps = {stage: network.forward_to(x, stage).numpy() for stage in STAGES}
    means = {f"{POOLED}-{stage}": maps[stage].mean((2, 3)) for stage in STAGES}
    return {**maps, **means, POOLED: means["pooled-layer4"]}


def assert_near(found: np.ndarray, right: np.ndarray, tolerance: float = 2e-5) -> None:
    """Rounding adds up along the channels and layers; it is relative to the largest values."""
    assert found.dtype == np.float32 and found.shape == right.shape
    np.testing.assert_allclose(found, right, rtol=0, atol=tolerance * np.abs(right).max())


@pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS.keys())
def test_every_output_of_every_kind_of_block_is_the_networks(config: ResNetConfig) -> None:
    network, pixels = trained_like(config), pictures()
    found = computed(graph_of(config, arrays(network), OUTPUTS, SEEN.mean, SEEN.std), OUTPUTS, pixels)
    right = expected(network, pixels)
    for name in OUTPUTS:
        assert_near(found[name], right[name])


def test_the_small_networks_above_have_every_setting_of_the_zoo() -> None:
    def kinds(configs: list[ResNetConfig]) -> set[tuple[Any, ...]]:
        return {(c.block, c.stride_in, c.groups > 1, c.squeeze, c.preactivation, c.conv_bias) for c in configs}

    zoo = [config_of(name) for name in ARCHITECTURES]
    assert kinds(zoo) <= kinds(list(NETWORKS.values()))


def test_another_size_and_number_of_pictures_work_with_the_same_graph() -> None:
    config = NETWORKS["bottleneck"]
    network = trained_like(config)
    graph = graph_of(config, arrays(network), [POOLED], SEEN.mean, SEEN.std)
    for count, size in ((1, 32), (5, 96)):
        pixels = pictures(count, size)
        assert_near(computed(graph, (POOLED,), pixels)[POOLED], expected(network, pixels)[POOLED])


def test_layers_that_no_output_needs_are_left_out() -> None:
    config = NETWORKS["bottleneck"]
    state = arrays(trained_like(config))
    whole, half = (graph_of(config, state, [name], SEEN.mean, SEEN.std).ByteSize() for name in (POOLED, "layer2"))
    assert half < whole / 5


def test_an_unknown_output_and_missing_weights_are_named() -> None:
    config = NETWORKS["basic"]
    state = arrays(trained_like(config))
    with pytest.raises(ModelError, match="no output 'layer5'"):
        graph_of(config, state, ["layer5"], SEEN.mean, SEEN.std)
    del state["layer3.0.conv1.weight"]
    with pytest.raises(ModelError, match=r"no tensor layer3\.0\.conv1\.weight"):
        graph_of(config, state, [POOLED], SEEN.mean, SEEN.std)


@pytest.mark.weights
def test_the_real_network_gives_the_same_vectors(default_weights: Pretrained) -> None:
    network = build(default_weights.arch, len(default_weights.classes)).eval()
    network.load_state_dict(default_weights.state)
    seen = Preprocessing.model_validate(default_weights.preprocessing)
    pixels = pictures(2, seen.size)
    graph = graph_of(network.config, arrays(network), [POOLED], seen.mean, seen.std)
    assert_near(computed(graph, (POOLED,), pixels)[POOLED], expected(network, pixels, seen)[POOLED])

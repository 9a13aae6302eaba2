"""Narrow networks in channels_last: the same numbers, and no crash on a processor without AVX512."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from core.models.blocks import LayerFactory, SlicedConv2d
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from core.workspace import REPOSITORY

# With the processor's newest instructions hidden, every machine runs the kernels that fail on older ones.
AVX2_ONLY = {"ONEDNN_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1", "MALLOC_CHECK_": "3"}

EVERY_NARROW_SHAPE = """
import itertools, torch
from core.models.blocks import LayerFactory
from core.models.zoo import ResNetConfig
factory = LayerFactory(ResNetConfig("basic", (1, 1, 1, 1)))
for inputs, outputs, stride in itertools.product(range(1, 10), (1, 4, 8, 16), (2, 3)):
    layer = factory.conv(inputs, outputs, 1, stride).to(memory_format=torch.channels_last)
    for _ in range(60):
        x = torch.randn(8, inputs, 8, 8).contiguous(memory_format=torch.channels_last).requires_grad_()
        layer(x).sum().backward()
"""

WHOLE_NETWORKS = """
import torch
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
for block, preactivation, stride_in in (
    ("basic", False, "3x3"), ("bottleneck", False, "3x3"), ("bottleneck", False, "1x1"), ("bottleneck", True, "3x3")
):
    for width in (1, 2, 3, 4, 6):
        config = ResNetConfig(
            block, (1, 1, 1, 0), width=width, stem="small", preactivation=preactivation, stride_in=stride_in
        )
        network = ResNet(config, 3).train().to(memory_format=torch.channels_last)
        for _ in range(15):
            x = torch.randn(8, 3, 16, 16).contiguous(memory_format=torch.channels_last)
            network(x).sum().backward()
"""


@pytest.mark.parametrize("code", [EVERY_NARROW_SHAPE, WHOLE_NETWORKS], ids=["layers", "networks"])
def test_no_narrow_shape_ends_its_process(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={**os.environ, **AVX2_ONLY},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-500:]}"


@pytest.mark.parametrize("inputs", range(1, 8))
@pytest.mark.parametrize("stride", [2, 3])
def test_slicing_first_gives_the_same_values_and_gradients(inputs: int, stride: int) -> None:
    torch.manual_seed(inputs)
    sliced = SlicedConv2d(inputs, 5, 1, stride=stride).double()
    usual = nn.Conv2d(inputs, 5, 1, stride=stride).double()
    usual.load_state_dict(sliced.state_dict())
    for size in (1, 7, 8):
        # Not in channels_last, where torch's own layer may end this process.
        x = torch.randn(2, inputs, size, size, dtype=torch.float64)
        results = []
        for layer in (sliced, usual):
            layer.zero_grad()
            seen = x.clone().requires_grad_()
            out = layer(seen)
            (out * torch.arange(out.numel()).reshape(out.shape)).sum().backward()
            results.append((out, seen.grad, layer.weight.grad, layer.bias.grad))
        for ours, theirs in zip(*results, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_only_strided_1x1_convolutions_below_eight_channels_are_sliced() -> None:
    factory = LayerFactory(ResNetConfig("basic", (1, 1, 1, 1)))
    assert isinstance(factory.conv(7, 16, 1, 2), SlicedConv2d)
    for inputs, kernel, stride in ((8, 1, 2), (7, 1, 1), (7, 3, 2)):
        assert type(factory.conv(inputs, 16, kernel, stride)) is nn.Conv2d


def test_the_projection_of_a_narrow_network_is_sliced_and_of_a_usual_one_is_not() -> None:
    def projection(width: int) -> nn.Module:
        return ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=width), 2).layer2[0].downsample[0]  # type: ignore[index,union-attr,return-value]

    assert isinstance(projection(4), SlicedConv2d) and not isinstance(projection(64), SlicedConv2d)

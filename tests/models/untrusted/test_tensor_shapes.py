"""The shapes that are known without torch are those of the networks."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from core.models.resnet import ResNet
from core.models.untrusted.tensor_shapes import tensor_shapes, unfit_shapes
from core.models.zoo import ARCHITECTURES, OPTIONS, ResNetConfig, config_of
from core.workspace import REPOSITORY
from tests.models.test_family import FAMILY


def check(config: ResNetConfig, classes: int) -> None:
    with torch.device("meta"):
        state = ResNet(config, classes).state_dict()
    assert tensor_shapes(config, classes) == {name: tuple(tensor.shape) for name, tensor in state.items()}


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_architecture_has_the_shapes_of_its_network(arch: str) -> None:
    check(config_of(arch), 1000)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("arch", ["resnet18", "resnet50", "seresnet50", "keras-resnet50", "keras-resnet50v2"])
def test_so_has_every_option(arch: str, option: str) -> None:
    check(config_of(f"{arch}+{option}"), 3)


@pytest.mark.parametrize("config", FAMILY.values(), ids=FAMILY)
def test_so_have_small_members_with_and_without_a_classifier(config: ResNetConfig) -> None:
    check(config, 5)
    check(config, 0)
    check(replace(config, head="stages"), 2)


def test_only_counters_of_batches_may_be_missing() -> None:
    shapes = tensor_shapes(config_of("resnet18"), 4)
    old = {name: shape for name, shape in shapes.items() if not name.endswith("num_batches_tracked")}
    assert unfit_shapes("resnet18", shapes) is None and unfit_shapes("resnet18", old) is None
    assert unfit_shapes("resnet18", {name: shape for name, shape in old.items() if name != "bn1.running_mean"})
    assert unfit_shapes("resnet18", {**old, "conv1.weight": (64, 1, 7, 7)}) == (
        "conv1.weight has the shape [64, 1, 7, 7], not [64, 3, 7, 7]"
    )


def test_a_file_is_described_without_torch(tmp_path: object) -> None:
    code = "import sys, core.models.weight_files; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)

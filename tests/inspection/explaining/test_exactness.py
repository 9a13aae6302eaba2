"""Where a heatmap is exact, proved on tiny networks: CAM, Grad-CAM, XGrad-CAM and HiResCAM are one map there."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from core.inspection.explaining.cam import heatmap_of
from core.inspection.explaining.exactness import EXACT_METHODS, Exactness, contributions
from core.inspection.explaining.explanation import Explanation
from core.inspection.explaining.explanation_json import explanation_as_json, read_explanation
from core.inspection.explaining.methods import BOX, METHODS
from core.inspection.predicting.predictions import Prediction
from core.models.heads import Localizer
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from tests.inspection.conftest import photo
from tests.inspection.explaining.test_cam import CLASSES, SIZE, features_and_gradient, picture, stretched

__all__ = ["picture"]  # a fixture

CONFIGS = {
    "basic": ResNetConfig("basic", (1, 1, 1, 1), width=8),
    "bottleneck": ResNetConfig("bottleneck", (1, 1, 1, 1), width=8),
    "v2": ResNetConfig("bottleneck", (1, 1, 1, 1), width=8, preactivation=True),
    "three stages": ResNetConfig("basic", (1, 1, 1, 0), width=8, stem="small"),
    "squeeze and excitation": ResNetConfig("bottleneck", (1, 1, 1, 1), width=8, squeeze=True),
}


def network_of(config: ResNetConfig, kind: type[ResNet] = ResNet) -> ResNet:
    torch.manual_seed(2)
    network = kind(config, CLASSES)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None and module.running_var is not None:
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    nn.init.normal_(network.fc.bias, 0, 1)
    return network.eval()


def class_activation_maps(network: ResNet, features: Tensor) -> Tensor:
    """CAM (Zhou et al.): the classifier as a 1x1 convolution of the maps [1, C, h, w] -> [classes, h, w]."""
    return conv2d(features, network.fc.weight[:, :, None, None])[0].detach()


@pytest.mark.parametrize("name", CONFIGS)
def test_at_the_last_stage_the_places_add_up_to_the_logit_less_the_bias(name: str, picture: Tensor) -> None:
    network = network_of(CONFIGS[name])
    logits = network(picture)[0].detach()
    features = network.forward_to(picture, "layer4").detach()
    for target in range(CLASSES):
        added = contributions(network, features, target)
        assert float(added.sum()) == pytest.approx(float(logits[target] - network.fc.bias[target].detach()), abs=1e-4)
        mean = class_activation_maps(network, features)[target] / added.numel()
        np.testing.assert_allclose(added.numpy(), mean.numpy(), atol=1e-5)


@pytest.mark.parametrize("name", CONFIGS)
def test_at_the_last_stage_three_methods_give_the_map_of_cam(name: str, picture: Tensor) -> None:
    network = network_of(CONFIGS[name])
    maps = class_activation_maps(network, network.forward_to(picture, "layer4").detach())
    target = int(maps.clamp(min=0).sum((1, 2)).argmax())
    for method in EXACT_METHODS:
        found = heatmap_of(network, picture, method=method, stage="layer4", target=target)
        np.testing.assert_allclose(found.values, stretched(maps[target]), atol=1e-3)
        exactness = found.exactness
        assert exactness.exact
        assert exactness.supporting + exactness.opposing == pytest.approx(exactness.logit - exactness.bias, abs=1e-4)
        assert exactness.supporting > 0 >= exactness.opposing
        assert exactness.bias == pytest.approx(float(network.fc.bias[target].detach()))


def test_the_other_methods_are_said_to_be_approximations_and_give_other_maps(picture: Tensor) -> None:
    network = network_of(CONFIGS["basic"])
    exact = heatmap_of(network, picture, method="hirescam", stage="layer4")
    for method in sorted(set(METHODS) - set(EXACT_METHODS)):
        found = heatmap_of(network, picture, method=method, stage="layer4")
        assert not found.exactness.exact
        assert found.exactness.sentence.startswith("This map is an approximation. ")
        assert METHODS[method].label in found.exactness.reason
        assert np.abs(found.values - exact.values).max() > 0.05


def test_at_an_earlier_stage_the_places_do_not_add_up(picture: Tensor) -> None:
    network = network_of(CONFIGS["basic"])

    def error(stage: str) -> float:
        """How far the places of HiResCAM are from the logit minus the bias."""
        features, gradient = features_and_gradient(network, picture, stage, 0)
        return float(((features * gradient).sum() - network(picture)[0, 0] + network.fc.bias[0]).abs().detach())

    assert error("layer4") < 1e-5 < 0.01 < error("layer3")
    found = heatmap_of(network, picture, method="hirescam", stage="layer3", target=0)
    assert found.exactness.reason.startswith("The layers after layer3 mix the places.")


def test_layer3_is_exact_where_no_layers_follow_it(picture: Tensor) -> None:
    network = network_of(CONFIGS["three stages"])
    assert heatmap_of(network, picture, stage="layer3").exactness.exact
    assert not heatmap_of(network, picture, stage="layer2").exactness.exact


def test_a_map_that_came_from_an_earlier_stage_is_no_exact_one() -> None:
    network = network_of(CONFIGS["basic"])
    small = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))  # layer4 is 2 x 2
    found = heatmap_of(network, small, stage="layer4")
    assert found.stage == "layer3" and not found.exactness.exact


def test_a_head_on_several_stages_has_no_exact_map(picture: Tensor) -> None:
    network = network_of(ResNetConfig("basic", (1, 1, 1, 1), width=8, head="stages"))
    found = heatmap_of(network, picture, stage="layer4")
    assert not found.exactness.exact and "earlier stages" in found.exactness.reason


def test_a_box_has_no_exact_map_but_the_class_of_the_same_network_has(picture: Tensor) -> None:
    network = network_of(CONFIGS["basic"], Localizer)
    assert isinstance(network, Localizer)
    nn.init.normal_(network.box.votes.weight, std=0.1)
    assert "box" in heatmap_of(network, picture, stage="layer4", target=BOX).exactness.reason
    assert heatmap_of(network, picture, stage="layer4", target=1).exactness.exact


def test_the_sentence_gives_the_sum_and_what_is_hidden() -> None:
    exactness = Exactness(logit=8.1, bias=0.28, supporting=9.13, opposing=-1.31)
    assert exactness.sentence == (
        "This map is exact: each place shows what it adds to the class score. All places add up to 7.82, the logit "
        "8.10 minus the bias 0.28. The map shows the +9.13 for the class, and hides the −1.31 against it."
    )
    even = Exactness(logit=6.37, bias=-1.97, supporting=8.34, opposing=-0.001)
    assert even.sentence.endswith("The map shows the +8.34 for the class, and nothing counts against it.")


def test_an_explanation_keeps_it_on_the_way_from_a_worker() -> None:
    view = photo(0, SIZE, SIZE)
    for exactness in (None, Exactness(logit=2.0, bias=0.5, supporting=1.75, opposing=-0.25), Exactness("A reason.")):
        sent = Explanation(
            heatmap=np.eye(SIZE, dtype=np.float32),
            view=view,
            sharp=view,
            target="owl",
            target_index=0,
            probability=0.5,
            prediction=Prediction((("owl", 0.5),)),
            method="gradcam",
            stage="layer4",
            seconds=0.0,
            exactness=exactness,
        )
        assert read_explanation(explanation_as_json(sent)).exactness == exactness

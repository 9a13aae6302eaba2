"""Heatmaps: correct numbers, the expected cost, and an unchanged network."""

import threading

import numpy as np
import pytest
import torch
from pytorch_grad_cam import ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection_with_sign_correction
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.errors import ModelError
from core.inspection.explaining.cam import heatmap_of
from core.inspection.explaining.methods import METHODS, STAGES
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig

CLASSES = 4
SIZE = 128  # layer4 is 4 x 4
TARGETS = [2, 3]  # of this network, those that have evidence at every stage


@pytest.fixture
def network() -> ResNet:
    """A small bottleneck network whose BatchNorm layers have statistics of their own."""
    torch.manual_seed(3)
    network = ResNet(ResNetConfig("bottleneck", (1, 2, 1, 1), width=8), CLASSES)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None and module.running_var is not None:
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.eval()


@pytest.fixture
def picture() -> Tensor:
    return torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(5))


def stretched(coarse: Tensor) -> np.ndarray:
    """Return a map [h, w] as the studio shows it: no negatives, resized, peak 1."""
    positive = coarse.clamp(min=0)
    assert positive.any(), "an empty map would prove nothing"
    fine = interpolate(positive[None, None], (SIZE, SIZE), mode="bilinear")[0, 0]
    return (fine / fine.max()).numpy()


def features_and_gradient(network: ResNet, picture: Tensor, stage: str, target: int) -> tuple[Tensor, Tensor]:
    features = network.forward_to(picture, stage).detach().requires_grad_()
    score = network.forward_from(features, stage)[0, target]
    return features.detach(), torch.autograd.grad(score, features)[0]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("method", METHODS)
def test_a_map_covers_the_picture_from_0_to_1(network: ResNet, picture: Tensor, method: str, stage: str) -> None:
    heatmap, logits = heatmap_of(network, picture, method=method, stage=stage)[:2]
    assert heatmap.shape == (SIZE, SIZE) and heatmap.dtype == np.float32
    assert heatmap.min() >= 0 and heatmap.max() == pytest.approx(1)
    with torch.no_grad():
        np.testing.assert_allclose(logits, network(picture)[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("stage", STAGES)
def test_grad_cam_is_selvaraju_s(network: ResNet, picture: Tensor, stage: str, target: int) -> None:
    features, gradient = features_and_gradient(network, picture, stage, target)
    expected = (gradient.mean(dim=(2, 3), keepdim=True) * features).sum(dim=1)[0]
    heatmap, _ = heatmap_of(network, picture, method="gradcam", stage=stage, target=target)[:2]
    np.testing.assert_allclose(heatmap, stretched(expected), atol=1e-4)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("stage", STAGES)
def test_hirescam_is_draelos_s(network: ResNet, picture: Tensor, stage: str, target: int) -> None:
    features, gradient = features_and_gradient(network, picture, stage, target)
    heatmap, _ = heatmap_of(network, picture, method="hirescam", stage=stage, target=target)[:2]
    np.testing.assert_allclose(heatmap, stretched((gradient * features).sum(dim=1)[0]), atol=1e-4)


@pytest.mark.parametrize(
    "config",
    [
        ResNetConfig("bottleneck", (1, 1, 1, 1), width=8, preactivation=True),
        ResNetConfig("basic", (1, 1, 1, 0), width=8, stem="small"),
        ResNetConfig("bottleneck", (1, 1, 1, 1), width=8, squeeze=True),
    ],
    ids=["v2", "small stem, three stages", "squeeze and excitation"],
)
@pytest.mark.parametrize("stage", STAGES)
def test_the_whole_family_is_explained(picture: Tensor, config: ResNetConfig, stage: str) -> None:
    torch.manual_seed(1)
    network = ResNet(config, CLASSES).eval()
    logits = network(picture)[0]
    features, gradient = features_and_gradient(network, picture, stage, int(logits.argmax()))
    expected = (gradient * features).sum(dim=1)[0]
    heatmap, found = heatmap_of(network, picture, method="hirescam", stage=stage)[:2]
    np.testing.assert_allclose(found, logits.detach().numpy(), atol=1e-4)
    np.testing.assert_allclose(heatmap, stretched(expected), atol=1e-3)


def test_without_a_target_the_likeliest_class_is_explained(network: ResNet, picture: Tensor) -> None:
    heatmap, logits = heatmap_of(network, picture)[:2]
    named, _ = heatmap_of(network, picture, target=int(logits.argmax()))[:2]
    other, _ = heatmap_of(network, picture, target=int(logits.argmin()))[:2]
    np.testing.assert_array_equal(heatmap, named)
    assert np.abs(heatmap - other).max() > 0.1


def test_score_cam_on_all_channels_is_the_package_s(network: ResNet, picture: Tensor) -> None:
    package = ScoreCAM(network, [network.layer2])
    with torch.no_grad():
        whole = package(picture, [ClassifierOutputTarget(2)])[0]  # as large as the picture already
    package.activations_and_grads.release()
    heatmap, _ = heatmap_of(network, picture, method="scorecam", stage="layer2", target=2)[:2]
    # The package shifts the map's minimum to 0. It resizes by OpenCV first, so the ends may differ by the resizing.
    assert heatmap.min() > 0.1
    np.testing.assert_allclose((heatmap - heatmap.min()) / (1 - heatmap.min()), whole, atol=0.02)


def test_eigen_cam_has_the_sign_of_its_peak(network: ResNet, picture: Tensor) -> None:
    with torch.no_grad():
        features = network.forward_to(picture, "layer2").numpy()
    expected = torch.from_numpy(get_2d_projection_with_sign_correction(features)[0])
    heatmap, _ = heatmap_of(network, picture, method="eigencam", stage="layer2")[:2]
    np.testing.assert_allclose(heatmap, stretched(expected), atol=1e-3)


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "xgradcam", "hirescam", "layercam", "scorecam"])
def test_a_map_that_is_positive_everywhere_keeps_its_values(network: ResNet, method: str) -> None:
    """The package subtracts the minimum, so that an even map became zeros: "no evidence"."""
    with torch.no_grad():
        network.fc.weight[1] = 1
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.padding_mode = "circular"  # without borders, every place sees the same
                module._reversed_padding_repeated_twice = [side for side in reversed(module.padding) for _ in (0, 1)]
    grey = torch.full((1, 3, SIZE, SIZE), 0.5)
    values = heatmap_of(network, grey, method=method, stage="layer4", target=1).values
    np.testing.assert_allclose(values, 1, atol=1e-3)


def test_maps_below_four_by_four_come_from_an_earlier_stage(network: ResNet) -> None:
    picture = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(5))
    found = heatmap_of(network, picture, method="hirescam", stage="layer4", target=2)
    assert (found.stage, found.size, found.asked_size) == ("layer2", (4, 4), (1, 1))
    np.testing.assert_array_equal(
        found.values, heatmap_of(network, picture, method="hirescam", stage="layer2", target=2).values
    )
    tiny = heatmap_of(network, picture[..., :8, :8], stage="layer4", target=2)
    assert (tiny.stage, tiny.size) == ("layer1", (2, 2))
    large = heatmap_of(network, torch.randn(1, 3, SIZE, SIZE), stage="layer4")
    assert (large.stage, large.size, large.asked_size) == ("layer4", (4, 4), (4, 4))


def test_a_class_that_nothing_speaks_for_has_an_empty_map(network: ResNet, picture: Tensor) -> None:
    with torch.no_grad():
        network.fc.weight[1] = -1
    heatmap, _ = heatmap_of(network, picture, method="gradcam", target=1)[:2]
    assert not heatmap.any()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [({"method": "jetcam"}, "jetcam"), ({"stage": "layer5"}, "layer5"), ({"stage": "stem"}, "stem")],
)
def test_unknown_names_are_told_with_those_that_are_known(
    network: ResNet, picture: Tensor, arguments: dict[str, str], found: str
) -> None:
    with pytest.raises(ModelError, match=f"'{found}'.*Choose one of: (gradcam|layer1), "):
        heatmap_of(network, picture, **arguments)  # type: ignore[arg-type]


def state_of(network: ResNet) -> dict[str, object]:
    """Return everything that must stay unchanged: modes, gradients, hooks, numbers."""
    return {
        "modes": [module.training for module in network.modules()],
        "hooks": [
            len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
            for module in network.modules()
        ],
        "learning": [parameter.requires_grad for parameter in network.parameters()],
        "gradients": [None if p.grad is None else p.grad.numpy().tobytes() for p in network.parameters()],
        "numbers": {name: tensor.numpy().tobytes() for name, tensor in network.state_dict().items()},
        "random": torch.get_rng_state().tolist(),
    }


def in_the_middle_of_training(network: ResNet, picture: Tensor) -> None:
    """Mixed modes, a frozen stem and gradients waiting for the optimizer."""
    network.train()
    network.layer1.eval()
    network.conv1.requires_grad_(False)
    network(torch.cat([picture, picture.flip(3)])).sum().backward()


@pytest.mark.parametrize("method", METHODS)
def test_a_network_in_training_is_left_as_it_was(network: ResNet, picture: Tensor, method: str) -> None:
    at_rest, _ = heatmap_of(network, picture, method=method, stage="layer3", target=1)[:2]
    numbers = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    in_the_middle_of_training(network, picture)
    network.load_state_dict(numbers)
    before = state_of(network)
    heatmap, _ = heatmap_of(network, picture, method=method, stage="layer3", target=1)[:2]
    assert state_of(network) == before
    np.testing.assert_allclose(heatmap, at_rest, atol=1e-5)  # in evaluation mode all the same


class Broken(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("broken on purpose")


@pytest.mark.parametrize("method", METHODS)
def test_an_error_in_the_network_is_raised_and_leaves_it_as_it_was(
    network: ResNet, picture: Tensor, method: str
) -> None:
    in_the_middle_of_training(network, picture)
    network.avgpool = Broken()
    before = state_of(network)
    with pytest.raises(RuntimeError, match="broken on purpose"):
        heatmap_of(network, picture, method=method, stage="layer2", target=1)
    assert state_of(network) == before


@pytest.mark.parametrize("method", ["gradcam", "scorecam"])
def test_an_index_error_within_the_package_is_not_swallowed(network: ResNet, picture: Tensor, method: str) -> None:
    in_the_middle_of_training(network, picture)
    before = state_of(network)
    with pytest.raises(IndexError):
        heatmap_of(network, picture, method=method, target=CLASSES + 3)
    assert state_of(network) == before


def test_grad_cam_runs_every_stage_once_and_only_the_tail_with_gradients(network: ResNet, picture: Tensor) -> None:
    seen: list[tuple[str, bool]] = []
    handles = [
        network.get_submodule(stage).register_forward_hook(
            lambda module, inputs, output, stage=stage: seen.append((stage, output.requires_grad))
        )
        for stage in STAGES
    ]
    heatmap_of(network, picture, stage="layer3")
    for handle in handles:
        handle.remove()
    assert seen == [("layer1", False), ("layer2", False), ("layer3", False), ("layer4", True)]


def test_score_cam_runs_a_bounded_number_of_pictures(network: ResNet, picture: Tensor) -> None:
    pictures = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal pictures
        pictures += len(output)

    handle = network.conv1.register_forward_hook(count)
    heatmap_of(network, picture, method="scorecam", stage="layer4")  # 256 channels
    handle.remove()
    assert pictures == 1 + 128


def test_a_caller_s_inference_mode_does_no_harm(network: ResNet, picture: Tensor) -> None:
    expected, _ = heatmap_of(network, picture)[:2]
    with torch.inference_mode():
        heatmap, _ = heatmap_of(network, picture.clone())[:2]
    np.testing.assert_array_equal(heatmap, expected)


def test_threads_that_share_a_network_at_rest_get_the_same_maps(network: ResNet, picture: Tensor) -> None:
    network.requires_grad_(False)
    expected = {method: heatmap_of(network, picture, method=method)[0] for method in METHODS}
    found: dict[str, np.ndarray] = {}

    def work(method: str) -> None:
        found[method] = heatmap_of(network, picture, method=method)[0]

    threads = [threading.Thread(target=work, args=(method,)) for method in METHODS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for method in METHODS:
        np.testing.assert_allclose(found[method], expected[method], atol=1e-5)

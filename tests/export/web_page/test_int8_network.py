"""The network of a page gives the maps, vectors and boxes of the real one, up to the rounding of 8 bits."""

import numpy as np
import pytest
import torch

from core.export.web_page.int8_network import MAPS, VOTES, NativeNetwork, int8_network
from core.models.heads import Localizer, build_for, outputs
from core.models.zoo import config_of
from tests.inspection.conftest import SMALL, lively, photo


def pixels_of(count: int) -> np.ndarray:
    return np.stack([np.asarray(photo(seed, 64, 64)) for seed in range(count)])


@pytest.mark.parametrize(("task", "arch"), [("localization", "resnet18"), ("classification", "resnet18+stages")])
def test_it_computes_what_the_network_does(task: str, arch: str) -> None:
    network = build_for(task, arch, 3)
    if config_of(arch).head == "last":
        network = lively(network)
    network.eval()
    state = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    pixels = pixels_of(4)
    found = int8_network(network.config, state, pixels, SMALL.mean, SMALL.std)
    assert found.size == (512, 2, 2)
    native = NativeNetwork(found)
    made = next(native.run([pixels]))
    vectors = next(native.vectors([pixels]))
    batch = SMALL.normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    with torch.inference_mode():
        features = network.forward_features(batch)
        exact = features.flatten(1) if config_of(arch).head == "stages" else network.avgpool(features).flatten(1)
        everything = outputs(network, batch).numpy()
    assert vectors.shape == tuple(exact.shape)
    cosines = (vectors * exact.numpy()).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(exact.numpy(), axis=1)
    assert cosines.min() > 0.99
    if isinstance(network, Localizer):
        with torch.inference_mode():
            votes = network.box.votes(network.box.neck(torch.from_numpy(made[MAPS]))).numpy()
        np.testing.assert_allclose(made[VOTES], votes, atol=1e-4)
        assert everything.shape == (4, 3 + 4) and found.boxes

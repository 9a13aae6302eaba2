"""Keras's six networks with weights copied through a file: the same outputs, and the same number of parameters."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from core.models import keras_api
from core.models.keras_api import KerasResNet
from core.models.resnet import build
from tests.models.keras_original import CLASSES, NAMES, SHAPE, answer, normalized, original

TOLERANCE = 1e-4
COUNTS = {
    "ResNet50": 25_636_712,
    "ResNet101": 44_707_176,
    "ResNet152": 60_419_944,
    "ResNet50V2": 25_613_800,
    "ResNet101V2": 44_675_560,
    "ResNet152V2": 60_380_648,
}


@pytest.fixture(scope="module", params=NAMES)
def copied(
    request: pytest.FixtureRequest, keras: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Any, Path]]:
    """A network of Keras with logits as its top, and the file of its weights."""
    model = original(keras, request.param, classifier_activation=None)
    path = tmp_path_factory.mktemp("keras") / "w.weights.h5"
    model.save_weights(path)
    yield request.param, model, path
    path.unlink()


def ours(path: Path, name: str, **arguments: Any) -> KerasResNet:
    return getattr(keras_api, name)(weights=path, classes=CLASSES, input_shape=SHAPE, **arguments).eval()


def answer_of(model: KerasResNet) -> np.ndarray:
    with torch.inference_mode():
        return model(normalized(model.preprocessing)).numpy()


def test_with_its_top(keras: ModuleType, copied: tuple[str, Any, Path]) -> None:
    name, original_model, path = copied
    expected = answer(keras, original_model, name)
    model = ours(path, name, classifier_activation=None)
    assert np.abs(answer_of(model) - expected).max() < TOLERANCE
    assert expected.std() > 0.1, "logits this small prove nothing"
    model.activation = "softmax"
    assert np.abs(answer_of(model) - keras.ops.softmax(expected).numpy()).max() < TOLERANCE


# A trunk differs from the network with its top by the same layers at every depth.
@pytest.mark.parametrize("copied", ["ResNet50", "ResNet50V2"], indirect=True)
def test_without_its_top_in_each_pooling(keras: ModuleType, copied: tuple[str, Any, Path]) -> None:
    name, top, path = copied
    trunk = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=SHAPE)
    trunk.set_weights(top.get_weights()[:-2])
    maps = answer(keras, trunk, name)
    model = ours(path, name, include_top=False)
    features = answer_of(model)
    assert features.shape == (2, 2048, 2, 3)
    assert np.abs(features.transpose(0, 2, 3, 1) - maps).max() < TOLERANCE
    assert maps.std() > 0.1
    for pooling, layer in (("avg", keras.layers.GlobalAveragePooling2D), ("max", keras.layers.GlobalMaxPooling2D)):
        if (pooling == "max") == name.endswith("V2"):  # each argument of Keras once
            pooled = original(keras, name, include_top=False, pooling=pooling)
            pooled.set_weights(top.get_weights()[:-2])
            expected = answer(keras, pooled, name)
        else:  # the layer that the argument adds
            expected = layer()(maps).numpy()
        model.pooling = pooling
        assert np.abs(answer_of(model) - expected).max() < TOLERANCE


@pytest.mark.parametrize("name", NAMES)
def test_as_many_numbers_as_keras_counts(name: str) -> None:
    with torch.device("meta"):
        model = build(f"keras-{name.lower()}")
        trunk = getattr(keras_api, name)(include_top=False, weights=None)

    def count(network: torch.nn.Module) -> int:
        return sum(t.numel() for n, t in network.state_dict().items() if not n.endswith("num_batches_tracked"))

    assert count(model) == COUNTS[name]
    assert count(trunk) == COUNTS[name] - 2049 * 1000

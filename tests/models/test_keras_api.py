"""The arguments of Keras's networks go together, or do not, as they do in Keras."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from core.errors import ModelError, StudioError
from core.models.keras_api import keras_resnet
from core.models.resnet import build
from core.models.zoo import ARCHITECTURES, ResNetConfig


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two narrow networks in the place of the ResNet-50s, so that each call takes no time."""
    for name in ("keras-resnet50", "keras-resnet50v2"):
        changed = {"preactivation": name.endswith("v2"), "conv_bias": not name.endswith("v2")}
        monkeypatch.setitem(ARCHITECTURES, name, ResNetConfig("bottleneck", (1, 1, 1, 1), width=8, **changed))


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", ["ResNet50", "resnet50v2", "keras-resnet50"])
def test_a_top_gives_probabilities_or_logits(name: str) -> None:
    pictures = torch.randn(2, 3, 64, 96)
    model = keras_resnet(name, weights=None, input_shape=(64, 96, 3), classes=6).eval()
    answers = model(pictures)
    assert answers.shape == (2, 6) and torch.allclose(answers.sum(1), torch.ones(2))
    raw = keras_resnet(name, weights=None, input_shape=(64, 96, 3), classes=6, classifier_activation=None).eval()
    raw.load_state_dict(model.state_dict())
    assert torch.allclose(torch.softmax(raw(pictures), 1), answers)
    assert raw(pictures).min() < 0


@pytest.mark.usefixtures("short")
def test_without_a_top_maps_come_out_or_their_mean_or_maximum() -> None:
    pictures = torch.randn(2, 3, 64, 96)
    models = [keras_resnet("ResNet50", False, None, pooling=pooling).eval() for pooling in (None, "avg", "max")]
    for model in models[1:]:
        model.load_state_dict(models[0].state_dict())
    maps, mean, most = (model(pictures) for model in models)
    assert maps.shape == (2, 256, 2, 3)
    assert torch.allclose(mean, maps.mean((2, 3))) and torch.equal(most, maps.amax((2, 3)))
    assert not any("fc" in name for name in models[0].state_dict())
    assert models[0](torch.randn(1, 3, 40, 33)).shape == (1, 256, 2, 2), "without a top any size is taken"


@pytest.mark.usefixtures("short")
def test_the_preprocessing_is_keras_own() -> None:
    assert keras_resnet("ResNet50", weights=None).preprocessing["mean"][0] == 123.68 / 255
    assert keras_resnet("ResNet50V2", weights=None).preprocessing["mean"] == [0.5, 0.5, 0.5]
    assert keras_resnet("ResNet50", weights=None, mode="unit").preprocessing["std"] == [1.0, 1.0, 1.0]


@pytest.mark.usefixtures("short")
def test_pictures_of_another_shape_are_refused() -> None:
    model = keras_resnet("ResNet50", weights=None, input_shape=(64, 96, 3), classes=2).eval()
    for shape in ((1, 3, 96, 64), (1, 1, 64, 96), (3, 64, 96)):
        with pytest.raises(ModelError, match=r"takes pictures of \[N, 3 x 64 x 96\] and was given"):
            model(torch.zeros(shape))


# Arguments that Keras refuses too, and what our sentence says.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"weights": "imagenet", "classes": 6}, r"1000 classes, and classes is 6"),
    ({"weights": "imagenet", "input_shape": (64, 64, 3)}, r"input_shape of \(224, 224, 3\), not \(64, 64, 3\)"),
    ({"input_shape": (31, 64, 3)}, r"32 pixels at least"),
    ({"input_shape": (64, 16, 3), "include_top": False}, r"32 pixels at least"),
    ({"input_shape": (64, 64)}, r"three channels"),
    ({"input_shape": (None, 64, 3)}, r"both sides must be given"),
    ({"weights": "imagenet", "include_top": False, "input_shape": (64, 64, 1)}, r"three channels"),
    ({"weights": "no/such/file.h5"}, r"allowed are None, 'imagenet' and the path"),
    ({"classes": 0}, r"0 classes has no answer"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_keras_refuses_is_refused(keras: ModuleType, arguments: dict[str, Any], said: str) -> None:
    arguments = {"weights": None, **arguments}
    with pytest.raises(ModelError, match=said):
        keras_resnet("ResNet50", **arguments)
    with pytest.raises(ValueError):
        keras.applications.ResNet50(**arguments)


def test_what_keras_lets_pass_or_never_asks_is_refused_too() -> None:
    for arguments, said in (
        ({"classes": 2.0}, "classes is 2.0; it must be a whole number"),
        ({"pooling": "mean"}, "pooling is 'mean'; allowed are None, 'avg' and 'max'"),
        ({"classifier_activation": "relu"}, "allowed are None and 'softmax'"),
        ({"input_shape": (64, 64, 4)}, "three channels"),
        ({"mode": "bgr"}, "No preprocessing of Keras is called 'bgr'"),
        ({"weights": "imagenet", "mode": "unit"}, "mode is for weight files of your own"),
    ):
        with pytest.raises(ModelError, match=said):
            keras_resnet("ResNet50", **({"weights": None} | arguments))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"no network 'resnet18'.*keras-resnet50v2"):
        keras_resnet("resnet18")


@pytest.mark.usefixtures("short")
def test_weights_of_our_own_load_with_and_without_their_top(tmp_path: Path) -> None:
    source = build("keras-resnet50", 5)
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    path = tmp_path / "w.safetensors"
    model = keras_resnet("ResNet50", weights=path, classes=5)
    assert all(torch.equal(tensor, source.state_dict()[name]) for name, tensor in model.network.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())
    trunk = keras_resnet("ResNet50", weights=path, include_top=False)
    assert torch.equal(trunk.network.conv1.weight, source.conv1.weight)
    with pytest.raises(StudioError, match=r"the weights are for 5 classes, not for 7"):
        keras_resnet("ResNet50", weights=path, classes=7)
    save_file({n: t for n, t in source.state_dict().items() if not n.startswith("fc")}, tmp_path / "notop.safetensors")
    with pytest.raises(StudioError, match=r"2 are missing \(fc\.weight"):
        keras_resnet("ResNet50", weights=tmp_path / "notop.safetensors", classes=5)
    assert not keras_resnet("ResNet50", False, tmp_path / "notop.safetensors").include_top

"""The six networks take Keras's arguments, refuse what Keras refuses, and the documented example runs."""

import inspect
import json
import re
import shutil
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from core.errors import ModelError, StudioError
from core.models import keras_api
from core.models.keras_api import KerasResNet, ResNet50, ResNet50V2, decode_predictions
from core.models.resnet import build
from core.models.weights import imagenet_classes
from core.models.weights_table import entries_for
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.workspace import REPOSITORY, SAMPLE_IMAGES
from tests.models.keras_original import NAMES, PICTURES, normalized

# The example in the module's docstring, and in the README.
EXAMPLES = re.findall(r"\n\n((?:    .*\n|\n)+)", keras_api.__doc__ or "")[:1]
BLOCKS = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
EXAMPLES += [block for block in BLOCKS if "core.models.keras_api" in block]
EXAMPLES = sorted({textwrap.dedent(example).strip() for example in EXAMPLES})


@pytest.mark.parametrize("name", NAMES)
def test_the_arguments_are_keras_own_with_its_defaults(keras: ModuleType, name: str) -> None:
    theirs = list(inspect.signature(getattr(keras.applications, name)).parameters.values())
    ours = list(inspect.signature(getattr(keras_api, name)).parameters.values())
    assert [one.name for one in ours[: len(theirs)]] == [one.name for one in theirs]
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in ours[len(theirs) :])
    for own, other in zip(ours, theirs, strict=False):
        assert own.default == (other.default if own.name != "name" else None)
    assert getattr(keras_api, name).arch == f"keras-{theirs[-1].default}"


def test_the_example_runs(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Offline: its weights are on the disk already, and always predict the same class."""
    (entry, *_) = entries_for("keras-resnet50")
    state = build("keras-resnet50").state_dict()
    state["fc.weight"].zero_()
    state["fc.bias"][imagenet_classes().index("Egyptian cat")] = 10
    weights.mkdir()
    save_file(state, weights / f"{entry.key}.safetensors")
    sidecar = {
        "arch": entry.needs,
        "bytes": (weights / f"{entry.key}.safetensors").stat().st_size,
        "download_sha256": entry.sha256,
        "download_md5": entry.md5,
        "classes": imagenet_classes(),
        "preprocessing": entry.preprocessing,
        "origin": {},
    }
    (weights / f"{entry.key}.json").write_text(json.dumps(sidecar), encoding="utf-8")
    shutil.copy(SAMPLE_IMAGES / "photos" / "cat_chelsea.jpg", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert EXAMPLES
    for example in EXAMPLES:
        exec(example, {})
        assert re.match(r"\[\('Egyptian cat', 0\.9", capsys.readouterr().out)


@pytest.mark.usefixtures("short")
def test_pictures_are_preprocessed_as_keras_does_it() -> None:
    for network in (ResNet50, ResNet50V2):
        model = network(weights=None)
        for pictures in (PICTURES, torch.from_numpy(PICTURES)):
            assert torch.allclose(model.preprocess_input(pictures), normalized(model.preprocessing), atol=1e-6)
        assert model.preprocess_input(PICTURES.astype("uint8")).dtype == torch.float32


def test_predictions_are_decoded_in_order() -> None:
    scores = torch.zeros(2, 1000)
    scores[0, 281], scores[0, 282], scores[1, 0] = 0.6, 0.4, 1.0
    first, second = decode_predictions(scores, top=2)
    assert [name for name, _ in first] == ["tabby", "tiger cat"] and first[0][1] == pytest.approx(0.6)
    assert second[0] == ("tench", 1.0)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two narrow networks instead of the ResNet-50s, so that each call is fast."""
    for name in ("keras-resnet50", "keras-resnet50v2"):
        changed = {"preactivation": name.endswith("v2"), "conv_bias": not name.endswith("v2")}
        monkeypatch.setitem(ARCHITECTURES, name, ResNetConfig("bottleneck", (1, 1, 1, 1), width=8, **changed))


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("network", [ResNet50, ResNet50V2])
def test_a_top_gives_probabilities_or_logits(network: type[KerasResNet]) -> None:
    pictures = torch.randn(2, 3, 64, 96)
    model = network(weights=None, input_shape=(64, 96, 3), classes=6).eval()
    answers = model(pictures)
    assert answers.shape == (2, 6) and torch.allclose(answers.sum(1), torch.ones(2))
    raw = network(weights=None, input_shape=(64, 96, 3), classes=6, classifier_activation=None).eval()
    raw.load_state_dict(model.state_dict())
    logits = raw(pictures)
    assert torch.allclose(torch.softmax(logits, 1), answers)
    assert not torch.allclose(logits.sum(1), torch.ones(2)), "these are logits and not probabilities"


@pytest.mark.usefixtures("short")
def test_without_a_top_maps_come_out_or_their_mean_or_maximum() -> None:
    pictures = torch.randn(2, 3, 64, 96)
    models = [ResNet50(False, None, pooling=pooling).eval() for pooling in (None, "avg", "max")]
    for model in models[1:]:
        model.load_state_dict(models[0].state_dict())
    maps, mean, most = (model(pictures) for model in models)
    assert maps.shape == (2, 256, 2, 3)
    assert torch.allclose(mean, maps.mean((2, 3))) and torch.equal(most, maps.amax((2, 3)))
    assert not any("fc" in name for name in models[0].state_dict())
    assert models[0](torch.randn(1, 3, 40, 33)).shape == (1, 256, 2, 2), "without a top any size is taken"


@pytest.mark.usefixtures("short")
def test_the_preprocessing_is_keras_own() -> None:
    assert ResNet50(weights=None).preprocessing["mean"][0] == 123.68 / 255
    assert ResNet50V2(weights=None).preprocessing["mean"] == [0.5, 0.5, 0.5]
    assert ResNet50(weights=None, mode="unit").preprocessing["std"] == [1.0, 1.0, 1.0]


@pytest.mark.usefixtures("short")
def test_pictures_of_another_shape_are_refused() -> None:
    model = ResNet50(weights=None, input_shape=(64, 96, 3), classes=2).eval()
    for shape in ((1, 3, 96, 64), (1, 1, 64, 96), (3, 64, 96)):
        with pytest.raises(ModelError, match=r"takes pictures of shape \[N, 3 x 64 x 96\], not"):
            model(torch.zeros(shape))


# Arguments that Keras refuses too, and what our sentence says.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"weights": "imagenet", "classes": 6}, r"1000 classes, and classes is 6"),
    ({"weights": "imagenet", "input_shape": (64, 64, 3)}, r"input_shape of \(224, 224, 3\), not \(64, 64, 3\)"),
    ({"input_shape": (31, 64, 3)}, r"at least 32 pixels"),
    ({"input_shape": (64, 16, 3), "include_top": False}, r"at least 32 pixels"),
    ({"input_shape": (64, 64)}, r"three channels"),
    ({"input_shape": (None, 64, 3)}, r"give both sides"),
    ({"weights": "imagenet", "include_top": False, "input_shape": (64, 64, 1)}, r"three channels"),
    ({"weights": "no/such/file.h5"}, r"allowed are None, 'imagenet' and the path"),
    ({"classes": 0}, r"classes is 0; a model with a top needs at least 1"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_keras_refuses_is_refused(keras: ModuleType, arguments: dict[str, Any], said: str) -> None:
    arguments = {"weights": None, **arguments}
    with pytest.raises(ModelError, match=said):
        ResNet50(**arguments)
    with pytest.raises(ValueError):
        keras.applications.ResNet50(**arguments)


def test_what_keras_lets_pass_or_never_asks_is_refused_too() -> None:
    for arguments, said in (
        ({"classes": 2.0}, "classes is 2.0; it must be a whole number"),
        ({"pooling": "mean"}, "pooling is 'mean'; allowed are None, 'avg' and 'max'"),
        ({"classifier_activation": "relu"}, "allowed are None and 'softmax'"),
        ({"input_shape": (64, 64, 4)}, "three channels"),
        ({"mode": "bgr"}, "Keras has no preprocessing mode 'bgr'"),
        ({"weights": "imagenet", "mode": "unit"}, "mode is for weight files of your own"),
        ({"input_tensor": torch.zeros(1, 3, 224, 224)}, "input_tensor must be None"),
    ):
        with pytest.raises(ModelError, match=said):
            ResNet50(**({"weights": None} | arguments))  # type: ignore[arg-type]
    for shape in ((1, 3, 64, 64), (64, 64, 3)):
        with pytest.raises(ModelError, match=r"preprocess_input takes pictures of shape \[N, H, W, 3\], not"):
            ResNet50(weights=None).preprocess_input(torch.zeros(shape))
    with pytest.raises(ModelError, match=r"takes \[N, 1000\], not \[2, 10\]"):
        decode_predictions(torch.zeros(2, 10))


@pytest.mark.usefixtures("short")
def test_weights_of_our_own_load_with_and_without_their_top(tmp_path: Path) -> None:
    source = build("keras-resnet50", 5)
    save_file(source.state_dict(), tmp_path / "w.safetensors")
    path = tmp_path / "w.safetensors"
    model = ResNet50(weights=path, classes=5)
    assert all(torch.equal(tensor, source.state_dict()[name]) for name, tensor in model.network.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())
    trunk = ResNet50(weights=path, include_top=False)
    assert torch.equal(trunk.network.conv1.weight, source.conv1.weight)
    with pytest.raises(StudioError, match=r"the weights are for 5 classes, not for 7"):
        ResNet50(weights=path, classes=7)
    save_file({n: t for n, t in source.state_dict().items() if not n.startswith("fc")}, tmp_path / "notop.safetensors")
    with pytest.raises(StudioError, match=r"2 are missing \(fc\.weight"):
        ResNet50(weights=tmp_path / "notop.safetensors", classes=5)
    assert not ResNet50(False, tmp_path / "notop.safetensors").include_top

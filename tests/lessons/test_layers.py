"""The pairs of layers give the same outputs, follow their arguments, and show their real source code."""

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.transforms import Preprocessing
from core.errors import ModelError
from core.inspection.predicting.predictor import Predictor
from core.lessons.layers import (
    DEFAULT_ARGUMENTS,
    KERNELS,
    LAYERS,
    MATRICES,
    compare_all_layers,
    compare_layers,
    cross_entropy,
    layer_code,
    layer_input,
    layer_pair,
    whole_network,
)
from core.models import layers
from core.models.resnet import build

LOGITS = np.array([2.0, -1.0, 0.5, 7.0], dtype=np.float32)


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    rows = np.linspace(0, 255, 60, dtype=np.uint8)[:, None] * np.ones((1, 90), np.uint8)
    columns = np.linspace(0, 255, 90, dtype=np.uint8)[None] * np.ones((60, 1), np.uint8)
    return Image.fromarray(np.stack([rows, columns, rows // 2], axis=2))


@pytest.mark.parametrize("layer", LAYERS)
def test_both_give_the_same_and_each_time_is_measured(layer: str, photo: Image.Image) -> None:
    found = compare_layers(layer_pair(layer, DEFAULT_ARGUMENTS[layer]), layer_input(layer, photo, LOGITS), passes=2)
    assert found.ours.shape == found.theirs.shape
    assert found.difference < 1e-5 < np.abs(found.theirs).max()
    assert found.seconds_ours > 0 and found.seconds_theirs > 0


def test_the_difference_is_the_largest_of_all_places() -> None:
    from core.lessons.layers import LayerComparison

    assert LayerComparison(np.array([1.0, 2.0]), np.array([1.5, -1.0]), 1, 1).difference == 3


def test_a_stride_of_two_halves_the_picture(photo: Image.Image) -> None:
    inputs = layer_input("Conv2d", photo, LOGITS)
    assert inputs.shape == (1, 224, 224)
    shapes = {
        (stride, padding, dilation): compare_layers(
            layer_pair(
                "Conv2d", {**DEFAULT_ARGUMENTS["Conv2d"], "stride": stride, "padding": padding, "dilation": dilation}
            ),
            inputs,
            1,
        ).ours.shape
        for stride, padding, dilation in ((1, 1, 1), (2, 1, 1), (1, 0, 1), (1, 0, 4))
    }
    assert list(shapes.values()) == [(1, 224, 224), (1, 112, 112), (1, 222, 222), (1, 216, 216)]


def test_a_kernel_of_ones_own_is_what_runs(photo: Image.Image) -> None:
    inputs = layer_input("Conv2d", photo, LOGITS)
    kernel = ((0, 0, 0), (0, 0, 2.5), (0, 0, 0))
    found = compare_layers(layer_pair("Conv2d", {**DEFAULT_ARGUMENTS["Conv2d"], "kernel": kernel}), inputs, passes=1)
    np.testing.assert_allclose(found.ours[0, :, :-1], 2.5 * inputs[0, :, 1:], rtol=1e-6)
    nothing = compare_layers(
        layer_pair("Conv2d", {**DEFAULT_ARGUMENTS["Conv2d"], "kernel": KERNELS["nothing"]}), inputs, passes=1
    )
    np.testing.assert_array_equal(nothing.ours, inputs)


def test_a_window_that_does_not_fit_is_refused(photo: Image.Image) -> None:
    with pytest.raises(ModelError, match="does not fit"):
        compare_layers(
            layer_pair("Conv2d", {**DEFAULT_ARGUMENTS["Conv2d"], "dilation": 200}), layer_input("Conv2d", photo, LOGITS)
        )


def test_a_norm_in_training_uses_the_photo_and_stays_as_it_was(photo: Image.Image) -> None:
    inputs = layer_input("BatchNorm2d", photo, LOGITS)
    pair = layer_pair("BatchNorm2d", {"training": True, "scale": 2.0, "shift": 1.0})
    found = compare_layers(pair, inputs, passes=3)
    np.testing.assert_allclose(found.ours.mean(axis=(1, 2)), 1, atol=1e-4)
    np.testing.assert_allclose(found.ours.std(axis=(1, 2)), 2, atol=1e-2)
    assert isinstance(pair.ours, layers.BatchNorm2d)
    assert pair.ours.running_mean.tolist() == pytest.approx([0.485, 0.456, 0.406])


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_linear_layer_does_what_its_matrix_says(matrix: str, photo: Image.Image) -> None:
    inputs = layer_input("Linear", photo, LOGITS)
    out = compare_layers(layer_pair("Linear", {"matrix": matrix}), inputs, passes=1).ours
    if matrix == "mirror":
        np.testing.assert_allclose(out, inputs[:, :, ::-1], rtol=1e-6)
    elif matrix == "nothing":
        np.testing.assert_allclose(out, inputs, rtol=1e-6)
    elif matrix == "blur":
        blurred = compare_layers(
            layer_pair("Conv2d", {**DEFAULT_ARGUMENTS["Conv2d"], "kernel": KERNELS["blur"]}), inputs, passes=1
        ).ours
        np.testing.assert_allclose(out, blurred, atol=1e-6)
    else:
        np.testing.assert_allclose(np.sort(out.ravel()), np.sort(inputs.ravel()), rtol=1e-6)
        assert np.abs(out - inputs).mean() > 0.05


def test_the_loss_is_that_of_the_right_class() -> None:
    for temperature in (1.0, 4.0):
        shares = compare_layers(layer_pair("softmax", {"temperature": temperature}), LOGITS, passes=1).ours
        loss = compare_layers(cross_entropy(0, temperature), LOGITS, passes=1)
        assert loss.ours.shape == (1,)
        assert float(loss.ours[0]) == pytest.approx(-np.log(shares[0]), rel=1e-5)
        assert shares.sum() == pytest.approx(1)


def test_the_code_is_the_layers_own_and_whole() -> None:
    assert layer_code("Conv2d").startswith("class Conv2d(nn.Module):")
    for layer in LAYERS:
        compile(layer_code(layer), layer, "exec")
        assert layer in layer_code(layer)
    assert "def unfold" in layer_code("MaxPool2d")
    assert "def cross_entropy" in layer_code("softmax")


def test_the_table_has_every_layer(photo: Image.Image) -> None:
    table = compare_all_layers(photo, LOGITS, passes=1)
    assert tuple(table["layer"]) == LAYERS
    assert (table["largest difference"] < 1e-5).all()
    row = table.set_index("layer").loc["MaxPool2d"]
    assert (row["comes in"], row["comes out"]) == ("3 × 224 × 224", "3 × 112 × 112")
    assert row["times as long"] == pytest.approx(row["re-created ms"] / row["torch ms"])


def test_a_whole_network_of_re_created_layers_gives_the_same_logits(photo: Image.Image) -> None:
    predictor = Predictor(
        build("resnet18", 5), Preprocessing(size=64, resize=64), "abcde", name="tiny", arch="resnet18"
    )
    found = whole_network(predictor, photo)
    assert found.ours.shape == (5,)
    assert found.difference < 1e-4 < np.abs(found.theirs).max()
    np.testing.assert_allclose(found.theirs, predictor.logits([photo])[0], atol=1e-5)
    assert found.seconds_ours > 0 and found.seconds_theirs > 0

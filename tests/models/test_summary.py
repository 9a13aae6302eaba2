"""The summary counts what torchvision counts, and its shapes and connections are those of a real forward pass."""

from types import ModuleType

import pytest
import torch
import torchvision

from core.errors import ModelError, UnknownArchitecture
from core.models.resnet import build
from core.models.summary import stages_of, summarize


@pytest.mark.parametrize("arch", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"])
def test_the_parameters_are_as_many_as_torchvisions(arch: str) -> None:
    published = torchvision.models.get_model_weights(arch)["IMAGENET1K_V1"].meta["num_params"]
    summary = summarize(arch)
    assert summary.total == summary.trainable == sum(row.parameters for row in summary.rows) == published
    assert summary.non_trainable == 0
    assert sum(stage.parameters for stage in stages_of(arch)) == published


def test_resnet50_has_the_known_numbers() -> None:
    summary = summarize("resnet50")
    assert summary.total == 25_557_032
    assert summary.statistics == 53_120
    assert summarize("resnet50", classes=5).total == 25_557_032 - 1000 * 2049 + 5 * 2049
    kinds = [row.type for row in summary.rows]
    assert (kinds.count("Conv2d"), kinds.count("BatchNorm2d"), kinds.count("Add"), kinds.count("Linear")) == (
        53,
        53,
        16,
        1,
    )


def test_rows_are_named_once_and_connected_to_what_ran_before() -> None:
    for arch in ("resnet18", "resnet50-v1"):
        known = {"input"}
        for row in summarize(arch).rows:
            assert row.name not in known
            assert row.connected_to and set(row.connected_to) <= known, row
            known.add(row.name)


def test_the_first_blocks_of_resnet50_row_by_row() -> None:
    rows = {row.name: row for row in summarize("resnet50").rows}
    found = [(name, rows[name].type, rows[name].output_shape, rows[name].connected_to) for name in list(rows)[:16]]
    assert found == [
        ("conv1", "Conv2d", (64, 112, 112), ("input",)),
        ("bn1", "BatchNorm2d", (64, 112, 112), ("conv1",)),
        ("relu", "ReLU", (64, 112, 112), ("bn1",)),
        ("maxpool", "MaxPool2d", (64, 56, 56), ("relu",)),
        ("layer1.0.downsample.0", "Conv2d", (256, 56, 56), ("maxpool",)),
        ("layer1.0.downsample.1", "BatchNorm2d", (256, 56, 56), ("layer1.0.downsample.0",)),
        ("layer1.0.conv1", "Conv2d", (64, 56, 56), ("maxpool",)),
        ("layer1.0.bn1", "BatchNorm2d", (64, 56, 56), ("layer1.0.conv1",)),
        ("layer1.0.relu", "ReLU", (64, 56, 56), ("layer1.0.bn1",)),
        ("layer1.0.conv2", "Conv2d", (64, 56, 56), ("layer1.0.relu",)),
        ("layer1.0.bn2", "BatchNorm2d", (64, 56, 56), ("layer1.0.conv2",)),
        ("layer1.0.relu:2", "ReLU", (64, 56, 56), ("layer1.0.bn2",)),
        ("layer1.0.conv3", "Conv2d", (256, 56, 56), ("layer1.0.relu:2",)),
        ("layer1.0.bn3", "BatchNorm2d", (256, 56, 56), ("layer1.0.conv3",)),
        ("layer1.0.add", "Add", (256, 56, 56), ("layer1.0.bn3", "layer1.0.downsample.1")),
        ("layer1.0.relu:3", "ReLU", (256, 56, 56), ("layer1.0.add",)),
    ]
    assert rows["layer1.1.add"].connected_to == ("layer1.1.bn3", "layer1.0.relu:3")
    assert [(row.type, row.output_shape) for row in list(rows.values())[-3:]] == [
        ("AdaptiveAvgPool2d", (2048, 1, 1)),
        ("Flatten", (2048,)),
        ("Linear", (1000,)),
    ]
    assert rows["layer2.0.conv1"].output_shape == (128, 56, 56)
    assert {r.name: r for r in summarize("resnet50-v1").rows}["layer2.0.conv1"].output_shape == (128, 28, 28)


def test_the_stages_have_the_shapes_of_a_real_picture() -> None:
    model = build("resnet18", 3).eval()
    picture = torch.zeros(1, 3, 96, 96)
    stages = stages_of("resnet18", size=96, classes=3)
    assert [(s.name, s.blocks, s.kind) for s in stages] == [
        ("stem", 0, "stem"),
        *((f"layer{n}", 2, "basic") for n in (1, 2, 3, 4)),
        ("head", 0, "head"),
    ]
    for stage in stages[:-1]:
        assert stage.output_shape == tuple(model.forward_to(picture, stage.name).shape[1:])
    assert stages[-1].output_shape == (3,)
    assert [s.blocks for s in stages_of("resnet152")] == [0, 3, 8, 36, 3, 0]


def test_wishes_that_make_no_network_are_refused() -> None:
    with pytest.raises(UnknownArchitecture):
        summarize("resnet51")
    with pytest.raises(ModelError, match="16 pixels is too small"):
        stages_of("resnet18", size=16)
    with pytest.raises(ModelError, match="0 classes"):
        summarize("resnet18", classes=0)
    assert summarize("resnet18", size=32).rows[-4].output_shape == (512, 1, 1)


def test_a_network_of_keras_is_counted_as_keras_counts(keras: ModuleType) -> None:
    """The totals of Keras's own summary for the hand-sign system's network."""
    theirs = keras.applications.ResNet50(weights=None, classes=6, input_shape=(64, 64, 3))
    summary = summarize("keras-resnet50", classes=6, size=64)
    assert (summary.total, summary.trainable, summary.non_trainable) == (23_600_006, 23_546_886, 53_120)
    assert summary.total == theirs.count_params()
    assert summary.rows[-1].parameters == theirs.layers[-1].count_params() == 12_294
    assert sum(row.parameters for row in summary.rows) == summary.total
    assert sum(stage.parameters for stage in stages_of("keras-resnet50", 64, 6)) == summary.total
    counted = sorted(layer.count_params() for layer in theirs.layers if layer.count_params())
    assert sorted(row.parameters for row in summary.rows if row.parameters) == counted


@pytest.mark.parametrize("arch", ["resnet18", "resnet50", "resnet152", "resnext50-32x4d", "wide-resnet50-2"])
def test_multiply_adds_are_those_that_torchvision_publishes(arch: str) -> None:
    published = torchvision.models.get_model_weights(arch.replace("-", "_"))["IMAGENET1K_V1"].meta["_ops"]
    assert summarize(arch).multiply_adds / 1e9 == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize(
    ("arch", "layer", "side"),
    [
        ("resnet50", "layer1.2.relu:3", 35),
        ("resnet50", "conv1", 7),
        ("resnet50", "maxpool", 11),
        ("resnet50-v1", "layer4.2.relu:3", 483),  # Araujo et al. 2019, Distill, table of receptive fields
        ("resnet101-v1", "layer4.2.relu:3", 1027),
        ("resnet152-v1", "layer4.2.relu:3", 1507),
        ("resnet18+small-stem", "conv1", 3),
    ],
)
def test_a_number_depends_on_as_many_pixels_as_the_summary_says(arch: str, layer: str, side: int) -> None:
    assert {row.name: row for row in summarize(arch).rows}[layer].receptive_field == side


def test_the_receptive_field_is_that_of_a_real_gradient() -> None:
    """Along one line: the pixels that affect the centre of layer2, counted by back-propagation."""
    model = build("resnet18", 2)
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.01)  # nothing cancels and no ReLU is closed
    picture = torch.rand(1, 3, 160, 160, requires_grad=True)
    # A maximum lets one pixel through of each window; the mean lets all of them.
    model.maxpool = torch.nn.AvgPool2d(3, stride=2, padding=1)  # type: ignore[assignment]
    out = model.eval().forward_to(picture, "layer2")
    out[0, :, 10, 10].sum().backward()
    assert picture.grad is not None
    reached = int((picture.grad.abs().sum((0, 1, 2)) > 0).sum())
    rows = {row.name: row for row in summarize("resnet18", size=160).rows}
    assert reached == rows["layer2.1.relu:2"].receptive_field


def test_memory_is_that_of_the_outputs_that_are_not_written_over() -> None:
    rows = {row.name: row for row in summarize("resnet18").rows}
    assert rows["conv1"].memory == 64 * 112 * 112 * 4
    assert rows["relu"].memory == 0
    summary = summarize("resnet18")
    assert summary.memory == sum(row.memory for row in summary.rows)


def test_the_vectors_of_several_stages_are_rows() -> None:
    summary, plain = summarize("resnet18+stages", 3, 64), summarize("resnet18", 3, 64)
    rows = {row.name: row for row in summary.rows}
    assert rows["concatenate"].output_shape == (128 + 256 + 512, 1, 1)
    assert rows["concatenate"].connected_to == ("normalize", "normalize:2", "normalize:3")
    assert rows["normalize"].connected_to == ("avgpool",) and rows["avgpool"].connected_to == ("layer2.1.relu:2",)
    assert rows["fc"].connected_to == ("flatten",) and summary.total - plain.total == 3 * (128 + 256)


def test_the_squeeze_and_the_pooled_skip_are_rows() -> None:
    rows = {row.name: row for row in summarize("seresnet50", size=64).rows}
    assert rows["layer1.0.se.multiply"].connected_to == ("layer1.0.bn3", "layer1.0.se.sigmoid")
    assert rows["layer1.0.add"].connected_to == ("layer1.0.se.multiply", "layer1.0.downsample.1")
    assert rows["layer1.0.se.fc1"].output_shape == (16, 1, 1)
    v2 = {row.name: row for row in summarize("keras-resnet50v2", size=64).rows}
    assert v2["layer1.2.add"].connected_to == ("layer1.2.conv3", "layer1.2.pool")
    assert v2["layer1.0.add"].connected_to == ("layer1.0.conv3", "layer1.0.downsample.0")
    assert v2["avgpool"].connected_to == ("layer4.relu",) and "bn1" not in v2
    assert not any(row.type == "Add" for row in summarize("resnet18+plain", size=64).rows)


@pytest.mark.parametrize(("arch", "side"), [("seresnet50", 427), ("seresnet152", 1451)])
def test_a_squeeze_is_no_window_and_sees_the_whole_picture(arch: str, side: int) -> None:
    """The receptive fields are those without squeeze-and-excitation; a flag says that it sees the whole picture."""
    rows = {row.name: row for row in summarize(arch).rows}
    without = {row.name: row for row in summarize(arch.removeprefix("se")).rows}
    assert all(rows[name].receptive_field == row.receptive_field for name, row in without.items())
    assert rows["layer4.2.relu:3"].receptive_field == rows["fc"].receptive_field == side
    assert not rows["layer1.0.bn3"].whole_picture and rows["layer1.0.se.pool"].whole_picture
    assert rows["layer1.0.se.multiply"].whole_picture and rows["layer4.2.relu:3"].whole_picture
    assert not without["layer4.2.relu:3"].whole_picture and without["avgpool"].whole_picture

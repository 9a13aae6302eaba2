"""An ONNX file gives what the bundle gives, for every head and every kind of input."""

from typing import Literal

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from core.data.pictures.transforms import Preprocessing
from core.export.onnx_file.input_nodes import take_tensors
from core.export.onnx_file.whole_graph import graphs
from tests.export.onnx_file.small_models import PHOTOS, WARM, answers, graph, model_parts, predictor_of, views
from tests.inspection.conftest import SMALL, photo

KINDS = ("last", "stages", "boxes", "foreign")


def assert_near(found: np.ndarray, right: np.ndarray, within: float = 2e-5) -> None:
    np.testing.assert_allclose(found, right, rtol=0, atol=within)


@pytest.mark.parametrize("kind", KINDS)
def test_views_and_tensors_give_what_the_bundle_gives(kind: str) -> None:
    parts = model_parts(kind, decision=WARM)
    predictor, pixels = predictor_of(parts), views(model_parts(kind))
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    outputs, foreign = predictor.outputs_and_foreign(images)
    logits = predictor.logits_of(outputs)
    right = {"probabilities": predictor.decided(logits).probabilities}
    if kind == "boxes":
        right["box"] = outputs[:, -4:]
    if foreign is not None:
        right["foreign"] = foreign
    assert right["probabilities"].std(axis=0).max() > 0.005, "the photos differ"
    found = answers(graph(parts), pixels)
    of_tensors = answers(graph(parts, "tensor"), SMALL.normalise(images).numpy())
    assert list(found) == list(right) == list(of_tensors)
    for name, expected in right.items():
        assert_near(found[name], expected)
        assert_near(of_tensors[name], expected)
    beside = answers(graph(parts, softmax=False), pixels)
    assert_near(beside["logits"], logits)
    assert "probabilities" not in beside


@pytest.mark.parametrize("mode", ["crop", "squash", "letterbox", "crop to more than there is"])
def test_photos_of_any_size_give_what_the_bundle_gives(mode: str) -> None:
    resize = 50 if mode.startswith("crop ") else 72
    seen = Preprocessing(mode=mode.split()[0], size=64, resize=resize)  # type: ignore[arg-type]
    parts = model_parts("boxes", seen)
    model, predictor = graph(parts, "photo"), predictor_of(parts)
    strips = [photo(9, 700, 30), photo(10, 21, 333)]  # longer than what is resized in mode crop
    for picture in [*PHOTOS, *strips, photo(11, 64, 97)]:
        found = answers(model, np.asarray(picture))
        outputs = predictor.outputs_of_views([predictor.view(picture)])
        expected = predictor.decided(predictor.logits_of(outputs)).probabilities
        # A value may be rounded differently in resizing; this network reacts strongly to noise.
        assert_near(found["probabilities"], expected, 0.03)
        box = predictor.box_in(outputs[0], picture.size)
        assert box is not None
        near = 0.02 * max(picture.size)
        np.testing.assert_allclose(found["box"][0], [box.x, box.y, box.width, box.height], rtol=0.01, atol=near)


def test_a_photo_s_view_is_that_of_the_bundle_within_rounding() -> None:
    """Resizing in ONNX and in Pillow: without ``exclude_outside`` values at the edges differ by 10."""
    modes: list[Literal["crop", "squash", "letterbox"]] = ["crop", "squash", "letterbox"]
    for mode in modes:
        seen = Preprocessing(mode=mode, size=64, resize=72)
        model = graph(model_parts("last", seen), "photo")
        pixels = onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, [1, 64, 64, 3])
        model.graph.output.append(pixels)
        for picture in [*PHOTOS, photo(12, 640, 480), photo(13, 41, 300)]:
            found = answers(model, np.asarray(picture))["pixels"][0].astype(int)
            apart = np.abs(found - np.asarray(seen.view(picture)).astype(int))
            assert apart.max() <= 2 and (apart > 0).mean() < 0.1, (mode, picture.size)


@pytest.mark.parametrize("kind", ["last", "stages", "boxes"])
def test_in_8_bits_the_answers_are_close_and_the_convolutions_are_integers(kind: str) -> None:
    parts = model_parts(kind)
    pixels = np.stack([np.asarray(SMALL.view(photo(seed))) for seed in range(20)])
    exact, rounded = (
        dict(graphs(parts, ["fp32", "int8"], "view", False, pixels))[precision] for precision in ("fp32", "int8")
    )
    kinds = [node.op_type for node in rounded.graph.node]
    assert "QuantizeLinear" in kinds and rounded.ByteSize() < 0.8 * exact.ByteSize()
    new = np.stack([np.asarray(SMALL.view(photo(seed))) for seed in range(30, 40)])
    right, found = answers(exact, new), answers(rounded, new)
    spread = right["logits"].std()
    assert 0 < np.abs(found["logits"] - right["logits"]).mean() < 0.25 * spread
    if kind == "boxes":
        assert 0 < np.abs(found["box"] - right["box"]).mean() < 0.1


def test_the_declared_shapes_say_what_varies() -> None:
    parts = model_parts("boxes")

    def shape(value: onnx.ValueInfoProto) -> list[int | str]:
        return [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]

    model = graph(parts)
    assert [shape(one) for one in model.graph.input] == [["N", 64, 64, 3]]
    assert {one.name: shape(one) for one in model.graph.output} == {"probabilities": ["N", 3], "box": ["N", 4]}
    assert model.opset_import[0].version == 17
    model = graph(parts, "photo")
    assert [shape(one) for one in model.graph.input] == [["H", "W", 3]]
    assert {one.name: shape(one) for one in model.graph.output} == {"probabilities": [1, 3], "box": [1, 4]}
    assert model.opset_import[0].version == 18
    assert shape(graph(parts, "tensor").graph.input[0]) == ["N", 3, 64, 64]
    with pytest.raises(ValueError, match="the graph begins with"):
        take_tensors(graph(parts, "tensor"), 64)


def test_one_photo_at_a_time_may_be_black_and_white_or_one_pixel() -> None:
    parts = model_parts("last")
    model = graph(parts, "photo")
    for size in ((1, 1), (1, 50), (2, 3)):
        picture = Image.new("RGB", size, (200, 10, 90))
        right = predictor_of(parts).probabilities([picture])
        assert_near(answers(model, np.asarray(picture))["probabilities"], right, 0.03)

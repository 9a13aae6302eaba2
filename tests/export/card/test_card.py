"""The card of an exported run: metadata that the Hub reads, data, use, licence and the picture."""

from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard
from PIL import Image

from core.export.bundle_zip import export_bundle
from core.export.card.card_metadata import base_model, licence_of
from core.export.card.confusion_picture import FILE, confusion_picture, draw_confusion
from core.export.hub.drawn_pictures import is_chart
from core.export.model_card import model_card
from core.inspection.measuring.report import count
from core.models.bundle import read_info
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from tests.export.test_bundle_zip import run

__all__ = ["run"]

CLASSES = ("cat", "dog", "owl")


def report(classes: tuple[str, ...] = CLASSES, split: str = "val"):  # type: ignore[no-untyped-def]
    truths = np.arange(20) % len(classes)
    probabilities = np.eye(len(classes))[(truths + (np.arange(20) == 3)) % len(classes)]
    return count(classes, truths, probabilities, split=split)


def test_hugging_face_reads_the_card_of_a_run(tmp_path: Path, run: RunFolder) -> None:
    run.write_status(state="finished")
    tested = evaluate_run(run, "test", device="cpu", who="Ada")
    evaluate_run(run, "val", device="cpu")
    exported = export_bundle(run.path, tmp_path / "exported", title="Owls: 'a' \"b\"")
    card = ModelCard.load(exported / "README.md")
    data = card.data
    assert (data.pipeline_tag, data.library_name) == ("image-classification", "torchvision")
    assert data.model_name == "Owls: 'a' \"b\"" and data.get("inference") is False
    assert (data.license, data.get("license_name")) == ("other", "not-recorded"), "its weights are random"
    assert data.base_model is None and "No licence is recorded for the starting weights" in card.text
    found = {one.dataset_split: one for one in data.eval_results}
    assert set(found) == {"test", "validation"} and found["test"].dataset_name == "Test photos, look 1 at these photos"
    assert found["test"].metric_value == pytest.approx(tested.accuracy.value, abs=1e-6)
    assert found["test"].metric_args["n"] == 4
    assert found["test"].metric_args["low"] == pytest.approx(tested.accuracy.low, abs=1e-6)
    assert "8 photos of 3 classes: 2 for training, 2 for validation, 4 for testing." in card.text
    for section in ("## Intended use", "## How it decides", "## Limits", "## Weights"):
        assert section in card.text
    assert f"]({FILE})" in card.text and is_chart(exported / FILE)
    assert "Confusion matrix of the 4 test photos" in card.text
    again = export_bundle(run.path, tmp_path / "exported")
    assert (again / FILE).is_file(), "an earlier export with its picture is replaced"


def test_licence_and_base_model_are_those_of_the_weights(bundle: Path) -> None:
    info = read_info(bundle)
    weights = {
        "source": "torchvision",
        "name": "imagenet",
        "licence": "BSD-3-Clause (torchvision)",
        "address": "https://x",
    }
    trained = info.model_copy(update={"arch": "resnet50", "weights": weights, "recipe": {"arch": "resnet50"}})
    assert (licence_of(trained), base_model(trained)) == ("bsd-3-clause", "timm/resnet50.tv_in1k")
    newer = trained.model_copy(update={"weights": {**weights, "name": "imagenet-v2"}})
    assert base_model(newer) is None, "timm's copy has other weights"
    own = trained.model_copy(update={"weights": {"source": "file", "licence": "ask me"}})
    assert (licence_of(own), base_model(own)) == (None, None)
    assert base_model(trained.model_copy(update={"recipe": None})) is None, "nothing was trained"
    data = ModelCard(model_card(trained, "Owls")).data
    assert (data.get("license"), data.get("base_model"), data.get("base_model_relation")) == (
        "bsd-3-clause",
        "timm/resnet50.tv_in1k",
        "finetune",
    )


def test_a_model_of_boxes_is_an_object_detector(bundle: Path) -> None:
    info = read_info(bundle).model_copy(update={"task": "localization"})
    data = ModelCard(model_card(info, "Owls")).data
    assert data.get("pipeline_tag") == "object-detection" and "object-detection" in data.get("tags")


def test_the_picture_is_darker_where_a_row_is_fuller() -> None:
    made = confusion_picture(report())
    pixels = np.asarray(made.convert("L"), float)
    half = pixels[pixels.shape[0] // 2 :, pixels.shape[1] // 2 :]
    assert pixels.min() < 60 and half.mean() < 250
    right = np.asarray(confusion_picture(report(CLASSES[:2])).convert("L"))
    assert right.shape != pixels.shape


@pytest.mark.parametrize("classes", [("a", "b"), ("Eule", "Käuzchen mit sehr langem Namen"), ("猫", "犬"), tuple("abcdefghijklmnopqrstuvwxyz")])  # fmt: skip  # noqa: E501
def test_any_classes_can_be_drawn(classes: tuple[str, ...], tmp_path: Path) -> None:
    draw_confusion(report(classes), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as drawn:
        assert 80 < drawn.width < 1500 and drawn.width == drawn.height
    shown = model_card_lines(classes)
    assert ("numbered as in" in shown) == (classes[0] == "猫")


def model_card_lines(classes: tuple[str, ...]) -> str:
    from core.export.card.confusion_picture import picture_lines

    return picture_lines({"val": report(classes)})

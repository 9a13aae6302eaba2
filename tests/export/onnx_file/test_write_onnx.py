"""An ONNX export is a whole folder, tested on the run's validation photos, or there is none and a sentence says why."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest

from core.data.snapshot import Snapshot
from core.errors import BundleError, ModelError
from core.export.onnx_file import photos_used, write_onnx
from core.export.onnx_file.choices import OnnxChoices
from core.export.onnx_file.photos_used import photos_to_use
from core.export.onnx_file.self_test import Answers
from core.export.onnx_file.write_onnx import write_onnx as write
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import read_info
from core.progress import Progress
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from tests.inspection.conftest import CLASSES, photo, write_bundle

SPLITS = ("train", "train", "val", "val", "test")
FILES = ("README.md", "classes.txt", "model-int8.onnx", "model.onnx", "self-test.json")
BOTH = OnnxChoices(("fp32", "int8"), write_anyway=True)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run of 20 photos, whose labels are what its model predicts."""
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "workspace"))
    pictures = [photo(seed) for seed in range(20)]
    bundle = write_bundle(tmp_path / "first")
    predictor, rows = Predictor.load(bundle, device="cpu"), []
    for seed, answer in enumerate(predictor.predict(pictures)):
        path = tmp_path / f"{seed}.png"
        pictures[seed].save(path)
        rows.append((f"h{seed}", str(path), path.name, answer.name, SPLITS[seed % 5]))
    frame = pd.DataFrame(rows, columns=["image", "path", "filename", "label", "split"])
    made = create_run(
        tmp_path / "runs" / "owls",
        Snapshot(frame, CLASSES, "classification"),
        Recipe.checked(arch="resnet18"),
        title="Owls",
    )
    bundle.rename(made.best)
    return made


def test_both_files_are_tested_described_and_complete(run: RunFolder, tmp_path: Path) -> None:
    seen: list[Progress] = []
    made = write(run.path, tmp_path / "out" / "onnx", BOTH, progress=seen.append)
    assert made.files == FILES and {path.name for path in made.folder.iterdir()} == set(FILES)
    assert [path.name for path in made.folder.parent.iterdir()] == ["onnx"], "the workplace is tidied up"
    exact, rounded = made.tests
    assert exact.photos == "8 validation photos of this run" and exact.n == 8
    assert exact.bundle_accuracy is not None and exact.file_accuracy is not None
    assert exact.bundle_accuracy.correct == exact.file_accuracy.correct == exact.agreement.correct == 8
    assert exact.largest_difference < 1e-4 < rounded.largest_difference
    assert rounded.size_bytes < 0.3 * exact.size_bytes
    assert exact.speed.bundle > 0 and exact.speed.file > 0
    assert made.figures["calibrated_on"] == "8 training photos of this run"
    assert {"calibrating 8 bits", "testing: the bundle", "testing: model-int8.onnx"} <= {one.phase for one in seen}

    figures = json.loads((made.folder / "self-test.json").read_text(encoding="utf-8"))
    assert figures == json.loads(json.dumps(made.figures))
    first = figures["models"][0]
    assert (first["file"], first["opset"]) == ("model.onnx", 17)
    assert first["input"]["shape"] == ["N", 64, 64, 3] and first["input"]["type"] == "uint8"
    assert first["outputs"][0]["shape"] == ["N", 3] and first["self_test"]["n"] == 8

    readme = (made.folder / "README.md").read_text(encoding="utf-8")
    assert (
        readme.startswith("---\n")
        and "\nlibrary_name: onnx\n" in readme
        and "# owls\n" in readme
        and "as an ONNX file" in readme
    )
    assert "on 8 validation photos of this run" in readme and "calibrated on 8 training photos of this run" in readme
    assert f"| `model.onnx` | {exact.size_bytes / 1e6:.1f} MB | {exact.largest_difference:.2g} | 8 of 8 |" in readme
    assert "model.safetensors" not in readme, "that file is not here"
    assert readme.count("```python") == 1 and "## Limits" in readme
    assert (made.folder / "classes.txt").read_text(encoding="utf-8").split() == list(CLASSES)


def test_the_file_says_what_it_is(run: RunFolder, tmp_path: Path) -> None:
    made = write(run.path, tmp_path / "onnx", BOTH)
    model = onnx.load(made.folder / "model-int8.onnx")
    said = {one.key: json.loads(one.value) for one in model.metadata_props}
    info = read_info(run.best)
    assert said["classes"] == list(CLASSES) and said["preprocessing"] == info.preprocessing
    assert said["weights"] == {"source": "random"} and said["model_sha256"] == info.model_sha256
    assert said["quantisation"]["calibrated_on"] == "8 training photos of this run"
    assert (said["precision"], said["softmax"], said["input"]["kind"]) == ("int8", "inside", "view")
    assert model.producer_name == "ResNet Studio" and "ResNet-18 for 3 classes in int8" in model.doc_string


def spoil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the files answer wrongly on one photo, as a bad calibration would."""
    compute = write_onnx.file_answers

    def spoilt(*arguments: Any) -> Answers:
        found = compute(*arguments)
        found.probabilities[0] = np.roll(found.probabilities[0], 1)
        return found

    monkeypatch.setattr(write_onnx, "file_answers", spoilt)


def test_a_file_that_loses_accuracy_is_not_written_without_a_word(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch)
    sentence = (
        r"model\.onnx is right on 7 of 8 photos, and the bundle on 8\. It loses 12\.5 percentage points, more than 0\.5"
        r"\. With so few photos, one photo is more than that\. Nothing was written\. .*--write-anyway"
    )
    with pytest.raises(ModelError, match=sentence):
        write(run.path, tmp_path / "out" / "onnx", OnnxChoices())
    assert not list((tmp_path / "out").iterdir())
    made = write(run.path, tmp_path / "out" / "onnx", OnnxChoices(write_anyway=True))
    readme = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "**model.onnx is right on 7 of 8 photos" in readme and "because somebody asked for it anyway" in readme
    assert made.figures["models"][0]["self_test"]["loses_too_much"] is True


def test_without_a_run_the_sample_photos_are_used_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "workspace"))
    monkeypatch.setattr(photos_used, "SAMPLES_TESTED", 6)
    monkeypatch.setattr(photos_used, "CALIBRATION_PHOTOS", 5)
    made = write(write_bundle(tmp_path / "alone"), tmp_path / "onnx", OnnxChoices(("int8",), "photo", False))
    [test] = made.tests
    assert (test.n, test.bundle_accuracy, test.points_lost) == (6, None, None)
    readme = (made.folder / "README.md").read_text(encoding="utf-8")
    assert "The test used 6 sample photos of ResNet Studio instead" in readme and "| not known |" in readme
    assert "calibrated on 5 sample photos of ResNet Studio (This model was exported without its run" in readme


def test_photos_to_use_are_never_test_photos(run: RunFolder) -> None:
    calibration, tested = photos_to_use(run.path, read_info(run.best))
    split = dict(zip(run.snapshot().frame["filename"], run.snapshot().frame["split"], strict=True))
    assert {split[source.name] for source in calibration.sources} == {"train"}
    assert {split[source.name] for source in tested.sources} == {"val"}


def test_missing_photos_are_named(run: RunFolder) -> None:
    part = run.snapshot().part("val")
    Path(part["path"][1]).unlink()
    _, tested = photos_to_use(run.path, read_info(run.best))
    assert tested.words == "7 validation photos of this run"
    said = f"1 of 8 validation photos are missing (the first: {part['filename'][1]}) and were left out."
    assert tested.remarks == (said,)
    for path in part["path"]:
        Path(path).unlink(missing_ok=True)
    _, tested = photos_to_use(run.path, read_info(run.best))
    assert tested.labels is None and tested.remarks[0].startswith("The run's photos are not there any more.")


def test_what_cannot_be_written_is_said(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(BundleError, match="notes is not empty"):
        write(run.path, tmp_path / "notes", OnnxChoices())
    with pytest.raises(ModelError, match=r"no precision 'fp8'\. Choose fp32, int8 or both"):
        OnnxChoices.checked("fp8", "view", "inside")
    with pytest.raises(ModelError, match=r"cannot take 'jpeg'\. Choose one of: view, photo, tensor"):
        OnnxChoices.checked("fp32", "jpeg", "inside")
    with pytest.raises(ModelError, match="softmax cannot be 'on'"):
        OnnxChoices.checked("fp32", "view", "on")

"""Features of many images: the classifier's inputs, and the files they are written to."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from core.errors import DataError, ImageRefused, ModelError
from core.inspection.predicting.features import FileFeatures, features_of, file_features, form_of, write_features
from core.inspection.predicting.predictor import BATCH, Predictor
from core.models.resnet import STAGES
from core.processors import cpu_has_bfloat16
from tests.inspection.conftest import photo


def test_fast_features_are_nearly_the_exact_ones_and_stand_in_the_same_order(
    predictor: Predictor, tmp_path: Path
) -> None:
    files = []
    for seed in range(40):  # more than are read ahead
        photo(seed).save(tmp_path / f"{seed:02}.png")
        files.append((f"{seed:02}.png", tmp_path / f"{seed:02}.png"))
    files.insert(7, ("none.png", tmp_path / "none.png"))
    exact, fast = list(file_features(predictor, files)), list(file_features(predictor, files, fast=True))
    assert [one.name for one in fast] == [one.name for one in exact] == [name for name, _ in files]
    assert [one.name for one in fast if one.refused] == ["none.png"]
    if cpu_has_bfloat16():
        assert any(not np.array_equal(one.features, other.features) for one, other in zip(exact, fast, strict=True))
    for one, other in zip(exact, fast, strict=True):
        if one.features is not None and other.features is not None:
            length = np.linalg.norm(one.features) * np.linalg.norm(other.features)
            assert float((one.features * other.features).sum() / length) > 0.999


def test_a_walk_over_files_that_is_left_reads_no_more_of_them(predictor: Predictor, tmp_path: Path) -> None:
    photo(1).save(tmp_path / "1.png")
    asked: list[int] = []

    def files() -> Iterator[tuple[str, Path]]:
        for number in range(1000):
            asked.append(number)
            yield f"{number}.png", tmp_path / "1.png"

    answers = file_features(predictor, files())
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert len(asked) < 100


def test_the_classifier_makes_the_logits_of_the_pooled_features(predictor: Predictor) -> None:
    images = [photo(seed) for seed in range(BATCH + 2)]
    features = features_of(predictor, images)
    assert features.shape == (BATCH + 2, predictor.network.feature_width) and features.dtype == np.float32
    logits = predictor.network.fc(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(logits, predictor.logits(images), atol=1e-5)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_maps_lead_to_the_same_answer(predictor: Predictor, stage: str) -> None:
    images = [photo(seed) for seed in range(3)]
    maps = torch.from_numpy(features_of(predictor, images, stage))
    with torch.inference_mode():
        np.testing.assert_allclose(
            predictor.network.forward_from(maps, stage).numpy(), predictor.logits(images), atol=1e-5
        )


def test_an_unknown_stage_is_refused_before_anything_is_read(predictor: Predictor) -> None:
    def files() -> Iterator[tuple[str, bytes]]:
        raise AssertionError("a file was asked for")
        yield "never", b""

    with pytest.raises(ModelError, match=r"'layer5'\. Choose one of: pooled, stem, layer1"):
        file_features(predictor, files(), "layer5")


def test_no_images_have_no_features(predictor: Predictor) -> None:
    assert features_of(predictor, []).shape == (0, predictor.network.feature_width)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """More photos than one batch, with an unreadable file in the middle."""
    (tmp_path / "photos").mkdir()
    for seed in range(BATCH + 3):
        photo(seed).save(tmp_path / "photos" / f"p{seed:02d}.png")
    (tmp_path / "photos" / "p05.jpg").write_bytes(b"no picture")
    return tmp_path / "photos"


def answers_for(predictor: Predictor, folder: Path, stage: str) -> Iterator[FileFeatures]:
    return file_features(predictor, [(path.name, path) for path in sorted(folder.iterdir())], stage)


@pytest.mark.parametrize("stage", ["pooled", "layer3"])
def test_files_hold_each_image_beside_its_name(predictor: Predictor, folder: Path, stage: str, tmp_path: Path) -> None:
    seeds = range(BATCH + 3)
    expected = features_of(predictor, (photo(seed) for seed in seeds), stage)
    for form in ("npz", "parquet"):
        answers = answers_for(predictor, folder, stage)
        written = write_features(answers, tmp_path / f"f.{form}", form, model="small", stage=stage)
        assert (written.images, written.shape) == (len(expected), expected.shape[1:])
    names = [f"p{seed:02d}.png" for seed in seeds]

    with np.load(tmp_path / "f.npz", allow_pickle=False) as file:
        assert list(file["filenames"]) == names
        assert (str(file["model"]), str(file["stage"])) == ("small", stage)
        np.testing.assert_allclose(file["features"], expected, atol=1e-6)

    table = pd.read_parquet(tmp_path / "f.parquet")
    shape = json.loads(pq.read_schema(tmp_path / "f.parquet").metadata[b"shape"])
    assert list(table["filename"]) == names
    np.testing.assert_allclose(np.stack(table["features"]).reshape(-1, *shape), expected, atol=1e-6)


def test_what_is_no_picture_is_answered_with_its_reason(predictor: Predictor, folder: Path) -> None:
    refused = [answer for answer in answers_for(predictor, folder, "pooled") if answer.refused]
    assert [answer.name for answer in refused] == ["p05.jpg"] and refused[0].features is None
    nothing = [("lost.png", ImageRefused("lost.png", "there is no such file"))]
    assert next(file_features(predictor, nothing)).refused == "there is no such file"
    with pytest.raises(DataError, match="None of the files"):
        write_features(file_features(predictor, nothing), folder / "f.npz", "npz", model="small", stage="pooled")
    assert not (folder / "f.npz").exists()


def test_the_ending_says_the_form() -> None:
    assert (form_of(Path("a/f.npz")), form_of(Path("f.PARQUET"))) == ("npz", "parquet")
    for name in ("f.csv", "f", "f.npz.zip"):
        with pytest.raises(DataError, match=r"Use one of: \.npz, \.parquet\."):
            form_of(Path(name))

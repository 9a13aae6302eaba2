"""What a bundle's decision changes in predictions, explanations, reports and tables."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.inspection.deciding.decide import softmax
from core.inspection.deciding.foreign_score import ForeignScore, score_bytes
from core.inspection.doubt.foreign_photos import fit_foreign
from core.inspection.explaining.cam import explain
from core.inspection.explaining.explanation_json import explanation_as_json, read_explanation
from core.inspection.predicting.doubt_sentence import doubt_sentence
from core.inspection.predicting.features import features_of
from core.inspection.predicting.predictions import FilePrediction, Prediction, csv_of, doubt_as_json, read_doubt
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import save_decision
from core.models.decision import Decision, FittedOn, Foreign, Threshold
from core.models.heads import Localizer, build_for, outputs, outputs_and_vectors
from core.models.resnet import ResNet, build
from core.models.zoo import ARCHITECTURES, ResNetConfig
from tests.inspection.conftest import CLASSES, photo, write_bundle

FITTED = FittedOn(n=100, created="2026-01-02T03:04:05+00:00")
WARM = Decision(temperature=2.5, fitted_on=FITTED)
PHOTOS = [photo(seed) for seed in range(6)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))
        yield write_bundle(tmp_path_factory.mktemp("decided") / "bundle", "tiny")


def load(bundle: Path, decision: Decision | None, vectors: bytes | None = None, views: int | None = None) -> Predictor:
    save_decision(bundle, decision, vectors)
    return Predictor.load(bundle, "cpu", test_time_views=views)


def with_foreign(bundle: Path, limit: float, views: int | None = None) -> tuple[Predictor, ForeignScore]:
    vectors = features_of(load(bundle, None), [photo(seed) for seed in range(50, 62)])
    found = fit_foreign(vectors, vectors)
    foreign = found.foreign.model_copy(update={"limit": limit})
    predictor = load(bundle, Decision(foreign=foreign, fitted_on=FITTED), found.content, views)
    assert predictor.foreign_score is not None
    return predictor, predictor.foreign_score


def test_predictions_are_calibrated_and_logits_are_not(bundle: Path) -> None:
    plain = load(bundle, None)
    logits = plain.logits(PHOTOS)
    warm = load(bundle, WARM)
    assert np.array_equal(warm.logits(PHOTOS), logits), "reports and heatmaps are of the network itself"
    expected = softmax(logits.astype(np.float64) / 2.5)
    assert warm.probabilities(PHOTOS) == pytest.approx(expected)
    assert warm.probabilities_of_views([warm.view(one) for one in PHOTOS]) == pytest.approx(expected, abs=1e-6)
    for one, before, row in zip(warm.predict(PHOTOS), plain.predict(PHOTOS), expected, strict=True):
        assert one.name == before.name and one.probability == pytest.approx(row.max(), abs=1e-6)
        assert one.probability < before.probability and not one.may_be_unsure
    off = load(bundle, WARM.model_copy(update={"use_temperature": False}))
    assert np.array_equal(off.probabilities(PHOTOS), plain.probabilities(PHOTOS))


def test_a_threshold_puts_its_class_first(bundle: Path) -> None:
    plain = load(bundle, None).predict(PHOTOS)
    owls = [dict(one.ranked)["owl"] for one in plain]
    at = sorted(owls)[-2]  # reached by two photos, if rounding lets the second be
    eager = load(bundle, Decision(threshold=Threshold(class_name="owl", at=at - 1e-9))).predict(PHOTOS)
    for before, after, owl in zip(plain, eager, owls, strict=True):
        expected = "owl" if owl >= at - 1e-9 else next(name for name, _ in before.ranked if name != "owl")
        assert after.name == expected and dict(after.ranked) == pytest.approx(dict(before.ranked))
    assert sum(one.name == "owl" for one in eager) == 2


def test_answers_below_the_limit_are_unsure(bundle: Path) -> None:
    shares = [one.probability for one in load(bundle, None).predict(PHOTOS)]
    middle = float(np.median(shares))
    found = load(bundle, Decision(leave_below=middle)).predict(PHOTOS)
    assert [one.unsure for one in found] == [share < middle for share in shares]
    assert all(one.may_be_unsure for one in found)


def test_sets_hold_the_likeliest_classes_best_first(bundle: Path) -> None:
    found = load(bundle, Decision(conformal={90: 0.8}, fitted_on=FITTED)).predict(PHOTOS)
    for one in found:
        expected = [name for name, share in one.ranked if share >= 0.2]
        assert list(one.likely_set) == expected


def test_the_foreign_score_is_that_of_the_vectors_of_the_same_photo(bundle: Path) -> None:
    predictor, score = with_foreign(bundle, limit=0.5)
    plain = load(bundle, None)
    expected = score.scores(features_of(plain, PHOTOS))
    found = predictor.predict(PHOTOS)
    assert [one.foreign for one in found] == pytest.approx(expected.tolist(), abs=1e-5)
    assert [one.unsure for one in found] == [one.is_foreign for one in found] == (expected > 0.5).tolist()
    for one, before in zip(found, plain.predict(PHOTOS), strict=True):
        assert dict(one.ranked) == pytest.approx(dict(before.ranked))
    averaged, _ = with_foreign(bundle, limit=0.5, views=2)
    assert [one.foreign for one in averaged.predict(PHOTOS)] == pytest.approx(expected.tolist(), abs=1e-5)
    assert averaged.predict(PHOTOS)[0].probability == pytest.approx(
        load(bundle, None, views=2).predict(PHOTOS)[0].probability
    )


@pytest.mark.parametrize("kind", ["plain", "stages", "boxes"])
def test_outputs_and_vectors_come_from_one_pass(kind: str) -> None:
    torch.manual_seed(0)
    arch = "resnet18+stages" if kind == "stages" else "resnet18"
    network = (build_for("localization", arch, 3) if kind == "boxes" else build(arch, 3)).eval()
    pictures = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        found, vectors = outputs_and_vectors(network, pictures)
        assert torch.equal(found, outputs(network, pictures))
        assert torch.equal(vectors, network.avgpool(network.forward_to(pictures, "layer4")).flatten(1))
    assert vectors.shape == (2, 512) and isinstance(network, Localizer) == (kind == "boxes")


def test_an_explanation_is_of_the_answer_and_says_how_unsure_it_is(bundle: Path) -> None:
    predictor, score = with_foreign(bundle, limit=-1.0)  # everything is foreign
    threshold = Threshold(class_name="owl", at=0.0)
    decision = predictor.decision
    assert decision is not None
    eager = load(bundle, decision.model_copy(update={"threshold": threshold, "temperature": 2.5}), score_bytes(score))
    found = explain(eager, PHOTOS[0])
    answer = eager.predict(PHOTOS[:1])[0]
    assert found.target == answer.name == "owl"
    assert found.probability == pytest.approx(answer.probability, abs=1e-5)
    assert found.prediction.unsure and found.prediction.is_foreign
    assert found.prediction.foreign == pytest.approx(answer.foreign, abs=1e-5)
    assert read_explanation(explanation_as_json(found)).prediction == found.prediction
    assert explain(eager, PHOTOS[0], target="cat").target == "cat"


def test_the_table_has_the_doubt_only_where_the_model_has_one(bundle: Path) -> None:
    def table(predictions: list[Prediction]) -> pd.DataFrame:
        answers = [FilePrediction(f"{place}.jpg", one) for place, one in enumerate(predictions)]
        return pd.read_csv(io.StringIO(csv_of(answers)))

    plain = table(load(bundle, None).predict(PHOTOS))
    assert list(plain.columns) == list(table(load(bundle, WARM).predict(PHOTOS)).columns)
    unsure = table(load(bundle, Decision(leave_below=1.0)).predict(PHOTOS))
    assert list(unsure.columns) == [*plain.columns, "unsure"] and unsure["unsure"].tolist() == [True] * 6
    predictor, _ = with_foreign(bundle, limit=0.5)
    predictions = predictor.predict(PHOTOS)
    foreign = table(predictions)
    assert list(foreign.columns) == [*plain.columns, "unsure", "foreign"]
    assert foreign["foreign"].tolist() == pytest.approx([one.foreign for one in predictions], abs=1e-4)


def test_the_doubt_travels_as_json() -> None:
    full = Prediction((("cat", 0.5),), None, True, ("cat", "dog"), 0.25, True, True)
    assert doubt_as_json(full) == {
        "unsure": True,
        "likely_set": ["cat", "dog"],
        "foreign": 0.25,
        "is_foreign": True,
    }
    plain = Prediction((("cat", 0.5),))
    assert doubt_as_json(plain) == {}
    for one in (full, plain):
        assert Prediction(one.ranked, one.box, **read_doubt(doubt_as_json(one))) == one


def test_a_sentence_says_why_a_photo_is_left_to_a_person() -> None:
    plain = Prediction((("cat", 0.5),))
    assert doubt_sentence(plain) == "" == doubt_sentence(replace(plain, likely_set=("cat",)))
    assert doubt_sentence(replace(plain, unsure=True)) == "Unsure: leave this photo to a person."
    assert "unlike the training photos" in doubt_sentence(replace(plain, unsure=True, is_foreign=True))
    assert doubt_sentence(replace(plain, likely_set=("cat", "dog"))) == "Likely classes: cat, dog."
    many = doubt_sentence(replace(plain, likely_set=tuple(map(str, range(12)))))
    assert many == "Likely classes: 0, 1, 2, 3, 4, 5, 6, 7 and 4 more."


def test_a_new_decision_is_another_version_of_the_model(bundle: Path) -> None:
    versions = {load(bundle, decision).version for decision in (None, WARM, Decision(leave_below=0.5))}
    assert len(versions) == 3
    network = ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=8), 3)
    assert Predictor(network, load(bundle, None).preprocessing, CLASSES, name="a", arch="tiny").version == ""


def test_a_white_photo_is_scored_too(bundle: Path) -> None:
    predictor, _ = with_foreign(bundle, limit=0.5)
    assert np.isfinite(predictor.predict([Image.new("RGB", (64, 64), "white")])[0].foreign or np.nan)


def test_the_sha_of_the_vectors_is_that_of_their_file(bundle: Path) -> None:
    with_foreign(bundle, limit=0.5)
    content = (bundle / "foreign.safetensors").read_bytes()
    found = Predictor.load(bundle, "cpu").decision
    assert found is not None and isinstance(found.foreign, Foreign)
    assert found.foreign.sha256 == hashlib.sha256(content).hexdigest()

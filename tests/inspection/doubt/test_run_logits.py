"""The logits of a run's folder, and the decision that is fitted on them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import LogitsMissing
from core.inspection.doubt.fit import fit_decision, fit_sentence, fitted
from core.inspection.doubt.run_logits import logits_of
from core.inspection.doubt.temperature import fit_temperature
from core.inspection.measuring.logit_report import report_of_logits, save
from core.inspection.measuring.logits_file import logits_path
from core.models.bundle import read_info, save_decision
from core.models.decision import Decision
from tests.inspection.conftest import CLASSES, write_bundle


def some_logits(count: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    dice = np.random.default_rng(seed)
    logits = dice.normal(0, 3, (count, 3)).astype(np.float32)
    labels = np.where(dice.random(count) < 0.7, logits.argmax(axis=1), dice.integers(0, 3, count))
    return logits, [CLASSES[label] for label in labels]


def write_report(run: Path, count: int = 60, seed: int = 0) -> np.ndarray:
    logits, labels = some_logits(count, seed)
    frame = pd.DataFrame(
        {
            "filename": [f"{number}.jpg" for number in range(count)],
            "image": [f"{number:064d}" for number in range(count)],
            "path": [f"/photos/{number}.jpg" for number in range(count)],
            "label": labels,
        }
    )
    save(*report_of_logits(CLASSES, frame, logits, split="val", digest="abc"), run, logits)
    return logits


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    write_bundle(run / "best")
    write_report(run)
    return run


@pytest.fixture
def run(made: Path) -> Path:
    save_decision(made / "best", None)
    write_report(made)
    return made


def test_the_logits_of_a_report_stand_beside_it_in_the_order_of_its_predictions(run: Path) -> None:
    found = logits_of(run, "val")
    expected, labels = some_logits(60)
    assert np.array_equal(found.logits, expected) and found.logits.dtype == np.float32
    assert [CLASSES[label] for label in found.labels] == labels == found.frame["label"].tolist()
    assert found.frame["filename"].tolist() == [f"{number}.jpg" for number in range(60)]
    assert [CLASSES[one] for one in found.logits.argmax(axis=1)] == found.frame["prediction"].tolist()


def test_a_report_of_an_earlier_version_has_no_logits(run: Path) -> None:
    logits_path(run, "val").unlink()
    with pytest.raises(LogitsMissing, match=r"has no logits of the split 'val'\. Evaluate"):
        logits_of(run)
    with pytest.raises(LogitsMissing, match="has no report on the split 'test'"):
        logits_of(run, "test")


def test_logits_of_another_model_are_not_used(run: Path) -> None:
    """A run that is resumed replaces its model before it is evaluated again."""
    path = run / "report-val.json"
    before = datetime.fromisoformat(read_info(run / "best").created) - timedelta(seconds=1)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": before.isoformat()}))
    with pytest.raises(LogitsMissing, match="of an earlier model"):
        logits_of(run)
    other = datetime.now(UTC).isoformat()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": other, "classes": ["cat", "dog", "crow"]}))
    with pytest.raises(LogitsMissing, match="of an earlier model"):
        logits_of(run)


@pytest.mark.parametrize("kind", ["other photos", "other order", "damaged", "undefined"])
def test_logits_that_do_not_fit_the_predictions_are_not_used(run: Path, kind: str) -> None:
    logits, path = some_logits(60)[0], logits_path(run, "val")
    if kind == "damaged":
        path.write_bytes(path.read_bytes()[:200])
    else:
        changed = {"other photos": logits[:59], "other order": logits[::-1], "undefined": logits * np.nan}[kind]
        np.save(path, changed)
    with pytest.raises(LogitsMissing):
        logits_of(run)


def test_a_report_without_logits_deletes_those_of_an_earlier_one(run: Path) -> None:
    logits, labels = some_logits(60)
    frame = pd.DataFrame(dict.fromkeys(("filename", "image", "path", "label"), labels))
    save(*report_of_logits(CLASSES, frame, logits, split="val"), run)
    assert not logits_path(run, "val").exists()


def test_everything_is_fitted_again_and_what_a_person_chose_stays(run: Path) -> None:
    save_decision(run / "best", Decision(leave_below=0.7, use_temperature=False))
    decision = fit_decision(run)
    found = logits_of(run)
    assert decision.temperature == fit_temperature(found.logits, found.labels).temperature
    assert set(decision.conformal) == {90, 95}, "60 photos do not permit 99 %"
    assert decision.leave_below == 0.7 and not decision.use_temperature
    assert decision.fitted_on is not None and decision.fitted_on.n == 60 and decision.fitted_on.split == "val"
    assert read_info(run / "best").decision != decision, "it is not saved by itself"
    save_decision(run / "best", decision)
    assert read_info(run / "best").decision == decision
    assert "temperature" in fit_sentence(decision) and "60 validation photos" in fit_sentence(decision)


def test_too_few_photos_leave_the_temperature_out_and_say_why() -> None:
    logits, labels = some_logits(12)
    decision = fitted(logits, np.array([CLASSES.index(label) for label in labels]), Decision())
    assert decision.temperature is None and decision.scale == 1
    assert set(decision.conformal) == {90}
    assert "12 validation photos" in decision.remarks[0]
    assert fit_sentence(decision).startswith("The probabilities are not calibrated. There are 12")
    assert fitted(logits[:0], np.empty(0, np.int64), Decision()).conformal == {}

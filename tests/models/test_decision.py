"""The decision in a bundle: saved without touching the weights, checked when it is read."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import BundleError
from core.models.bundle import load_bundle, read_info, save_decision
from core.models.decision import Decision, FittedOn, Foreign, Threshold
from core.models.zoo import ARCHITECTURES, ResNetConfig
from tests.inspection.conftest import CLASSES, write_bundle

FITTED = FittedOn(n=120, snapshot_digest="abc", created="2026-01-02T03:04:05+00:00")
FULL = Decision(
    temperature=1.5,
    leave_below=0.8,
    threshold=Threshold(class_name="owl", at=0.2, miss_cost=10),
    conformal={90: 0.7, 95: 0.9},
    fitted_on=FITTED,
    remarks=("a remark",),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))
        yield write_bundle(tmp_path_factory.mktemp("made") / "bundle", "tiny")


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "bundle"))


def test_a_saved_decision_is_read_again_and_the_weights_are_not_touched(bundle: Path) -> None:
    weights = bundle / "model.safetensors"
    before = (weights.stat().st_mtime_ns, weights.stat().st_ino, read_info(bundle).model_sha256)
    save_decision(bundle, FULL)
    assert read_info(bundle).decision == FULL
    assert (weights.stat().st_mtime_ns, weights.stat().st_ino, read_info(bundle).model_sha256) == before
    assert load_bundle(bundle)[1].decision == FULL
    assert sorted(path.name for path in bundle.iterdir()) == ["bundle.json", "model.safetensors"]


def test_only_a_bundle_with_a_decision_asks_earlier_versions_for_an_update(bundle: Path) -> None:
    plain = json.loads((bundle / "bundle.json").read_text())
    assert plain["schema_version"] == 1 and "decision" not in plain
    save_decision(bundle, FULL)
    assert json.loads((bundle / "bundle.json").read_text())["schema_version"] == 3
    save_decision(bundle, None)
    assert json.loads((bundle / "bundle.json").read_text()) == plain


def test_the_vectors_belong_to_the_decision(bundle: Path) -> None:
    content = b"vectors"
    foreign = Foreign(neighbours=5, limit=0.4, accepted=0.95, n=50, sha256=hashlib.sha256(content).hexdigest())
    save_decision(bundle, FULL.model_copy(update={"foreign": foreign}), content)
    assert (bundle / "foreign.safetensors").read_bytes() == content
    save_decision(bundle, FULL)
    assert not (bundle / "foreign.safetensors").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0},
        {"temperature": 1000},
        {"temperature": "warm"},
        {"leave_below": 1.5},
        {"threshold": {"class_name": "owl", "at": -0.1}},
        {"threshold": {"class_name": "whale", "at": 0.1}},
        {"threshold": {"class_name": "owl", "at": 0.1, "miss_cost": 0}},
        {"conformal": {"100": 0.5}},
        {"conformal": {"90": 7}},
        {"fitted_on": None},
        {"surprise": 1},
    ],
)
def test_a_decision_that_is_out_of_bounds_is_a_sentence(bundle: Path, change: dict[str, Any]) -> None:
    save_decision(bundle, FULL)
    path = bundle / "bundle.json"
    raw = json.loads(path.read_text())
    raw["decision"] |= change
    path.write_text(json.dumps(raw))
    with pytest.raises(BundleError, match=r"bundle\.json is not valid \((decision|the threshold|:)"):
        read_info(bundle)


def test_a_threshold_for_a_class_that_the_model_lacks_is_not_saved(bundle: Path) -> None:
    wrong = FULL.model_copy(update={"threshold": Threshold(class_name="whale", at=0.5)})
    with pytest.raises(ValueError, match="whale"):
        save_decision(bundle, wrong)
    assert read_info(bundle).decision is None and "whale" not in CLASSES


def test_a_temperature_says_on_what_it_was_fitted() -> None:
    with pytest.raises(ValidationError, match="fitted_on"):
        Decision(temperature=1.2)
    assert Decision(leave_below=0.5).scale == 1.0
    assert FULL.scale == 1.5 and FULL.model_copy(update={"use_temperature": False}).scale == 1.0


def test_only_what_changes_an_answer_changes_the_digest() -> None:
    assert FULL.threshold is not None
    for same in ({"fitted_on": FITTED.model_copy(update={"n": 5})}, {"remarks": ()}, {"conformal": {90: 0.7}}):
        assert FULL.model_copy(update=same).digest == FULL.digest
    dearer = FULL.threshold.model_copy(update={"miss_cost": 3})
    assert FULL.model_copy(update={"threshold": dearer}).digest == FULL.digest
    moved = FULL.threshold.model_copy(update={"at": 0.3})
    others: list[dict[str, Any]] = [
        {"threshold": moved},
        {"leave_below": 0.7},
        {"use_temperature": False},
        {"set_level": 95},
        {"temperature": 1.6},
    ]
    assert len({FULL.digest, *(FULL.model_copy(update=other).digest for other in others)}) == 6
    assert Decision.model_validate_json(FULL.model_dump_json()).digest == FULL.digest

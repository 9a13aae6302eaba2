"""The score for "none of these": against scikit-learn's neighbours, and from files that are damaged."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.errors import BundleError
from core.inspection.deciding.foreign_score import ForeignScore, directions, read_score, score_bytes
from core.inspection.doubt.foreign_photos import fit_foreign
from core.models.bundle import read_info, save_decision
from core.models.decision import FOREIGN_FILE, Decision, FittedOn, Foreign
from core.models.zoo import ARCHITECTURES, ResNetConfig
from tests.inspection.conftest import write_bundle

DICE = np.random.default_rng(0)
TRAINING = DICE.normal(3, 1, (300, 64)).astype(np.float32)
PHOTOS = DICE.normal(3, 2, (270, 64)).astype(np.float32)  # more than one block of 256
FITTED = FittedOn(n=100, created="2026-01-02T03:04:05+00:00")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))
        yield write_bundle(tmp_path_factory.mktemp("made") / "bundle", "tiny")


@pytest.fixture
def bundle(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "bundle"))


def test_the_score_is_the_cosine_distance_to_the_second_nearest_training_photo() -> None:
    found = fit_foreign(TRAINING, PHOTOS)
    neighbours = NearestNeighbors(n_neighbors=2, metric="cosine").fit(TRAINING)
    expected = neighbours.kneighbors(PHOTOS)[0][:, 1]
    assert found.scores == pytest.approx(expected, abs=2e-3), "the file has half precision"
    assert found.foreign.neighbours == 2 and found.foreign.n == 300


def test_fewer_vectors_than_neighbours_use_the_farthest() -> None:
    vectors = np.eye(3, dtype=np.float32)
    score = ForeignScore(vectors, 5)
    assert score.scores(np.array([[1.0, 0, 0]], np.float32)) == pytest.approx([1.0])
    assert score.scores(np.zeros((2, 3), np.float32)) == pytest.approx([1.0, 1.0]), "no direction is no error"
    assert score.scores(np.empty((0, 3), np.float32)).shape == (0,)


def saved(bundle: Path, content: bytes) -> None:
    foreign = Foreign(neighbours=2, limit=0.4, accepted=0.95, n=300, sha256=hashlib.sha256(content).hexdigest())
    save_decision(bundle, Decision(foreign=foreign, fitted_on=FITTED), content)


def test_what_was_saved_is_read_again(bundle: Path) -> None:
    found = fit_foreign(TRAINING, PHOTOS)
    saved(bundle, found.content)
    score = read_score(bundle, read_info(bundle))
    assert score is not None
    assert np.array_equal(score.scores(PHOTOS), found.scores), "the limit fits what is read"
    assert read_score(bundle, read_info(bundle).model_copy(update={"decision": None})) is None


def test_a_file_that_does_not_fit_is_a_sentence(bundle: Path) -> None:
    saved(bundle, fit_foreign(TRAINING, PHOTOS).content)
    path = bundle / FOREIGN_FILE
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(BundleError, match=r"does not fit bundle\.json"):
        read_score(bundle, read_info(bundle))
    path.unlink()
    with pytest.raises(BundleError, match=r"has no foreign\.safetensors"):
        read_score(bundle, read_info(bundle))


@pytest.mark.parametrize("kind", ["no safetensors", "infinite", "one vector", "no vectors"])
def test_a_file_with_anything_else_is_refused(bundle: Path, kind: str) -> None:
    vectors = np.ones((4, 64), np.float32)
    if kind == "infinite":
        vectors = np.full((4, 64), np.inf, np.float32)
    if kind == "one vector":
        vectors = np.ones(64, np.float32)
    if kind == "no vectors":
        vectors = np.empty((0, 64), np.float32)
    content = b"{}" if kind == "no safetensors" else score_bytes(ForeignScore(vectors, 5))
    saved(bundle, content)
    with pytest.raises(BundleError, match=r"foreign\.safetensors (is damaged|does not hold)"):
        read_score(bundle, read_info(bundle))


def test_vectors_of_another_network_are_refused(bundle: Path) -> None:
    saved(bundle, score_bytes(ForeignScore(np.ones((12, 32), np.float32), 5)))
    with pytest.raises(BundleError, match="is not for a tiny"):
        read_score(bundle, read_info(bundle))


@pytest.mark.parametrize("killed_at", ["before bundle.json", "after bundle.json"])
def test_a_process_that_is_killed_while_it_saves_new_vectors_leaves_a_good_bundle(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    old = score_bytes(ForeignScore(directions(TRAINING[:20]), 2))
    saved(bundle, old)
    content = score_bytes(ForeignScore(directions(TRAINING[20:50]), 2))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("core.models.bundle." + ("_write_info" if "before" in killed_at else "_tidy_vectors"), killed)
        with pytest.raises(KeyboardInterrupt):
            saved(bundle, content)
    score = read_score(bundle, read_info(bundle))
    assert score is not None and len(score.vectors) == (20 if "before" in killed_at else 30)
    decision = read_info(bundle).decision
    assert decision is not None
    save_decision(bundle, decision.model_copy(update={"leave_below": 0.7}))
    score = read_score(bundle, read_info(bundle))
    assert score is not None and len(score.vectors) == (20 if "before" in killed_at else 30)
    names = sorted(path.name for path in bundle.iterdir())
    assert names == ["bundle.json", FOREIGN_FILE, "model.safetensors"], "nothing is left over"
    saved(bundle, content)
    assert (bundle / FOREIGN_FILE).read_bytes() == content
    assert names == sorted(path.name for path in bundle.iterdir())

"""A replayed epoch predicts what the model predicted then, also where later phases have changed other layers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.errors import RunError
from core.inspection.predicting.predictor import Predictor
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.runs.computations.epochs import read_replayed, replay_photo
from core.runs.epochs.replay import replay
from core.runs.folder import RunFolder
from core.training.events import Epoch
from core.training.linear.head_run import solve_head
from core.training.recipe import Recipe
from core.training.saving import epoch_saver, kept_epochs
from core.training.trainer import fit
from core.workspace import Workspace
from tests.inspection.conftest import photo, write_bundle
from tests.training.conftest import two_colors
from tests.training.test_resume import recipe


@pytest.fixture(autouse=True)
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))


@pytest.fixture
def photos(tmp_path: Path) -> Snapshot:
    return two_colors(tmp_path / "photos", train=6, val=3, test=1)


@pytest.fixture
def image() -> Image.Image:
    return photo(5)


def logits(folder: Path, image: Image.Image) -> np.ndarray:
    return Predictor.load(folder, "cpu").logits([image])[0]


def trained(snapshot: Snapshot, setting: Recipe, run: Path, cache: Path, image: Image.Image) -> dict[int, np.ndarray]:
    """Train and return the logits of a photo at each epoch, from the bundles that were saved then."""
    return {
        event.epoch: logits(run / "last", image)
        for event in fit(snapshot, setting, run, cache=cache)
        if isinstance(event, Epoch)
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"train": "head", "epochs": 4, "learning_rate": 0.3},
        {"train": "all", "epochs": 4},
        {"train": "staged", "epochs": 4, "head_epochs": 2},
        {"train": "all", "epochs": 3, "ema": 0.5},
    ],
)
def test_each_epoch_predicts_as_it_did_then(
    changes: dict[str, object], photos: Snapshot, tmp_path: Path, image: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch_saver, "PAUSE_SECONDS", 0.0)
    # All numbers exactly, so that a wrong layer cannot hide behind rounding.
    monkeypatch.setattr(kept_epochs, "_HALF_FROM", 10**9)
    run = tmp_path / "run"
    known = trained(photos, recipe(augmentation="none", **changes), run, tmp_path / "cache", image)
    seen = [(kept, predictor.logits([image])[0]) for kept, predictor in replay(RunFolder(run), "cpu")]
    assert [kept.note.epoch for kept, _ in seen if kept] == list(known)
    for kept, found in seen[:-1]:
        assert kept is not None
        np.testing.assert_allclose(found, known[kept.note.epoch], atol=1e-5)
    assert seen[-1][0] is None, "the run's model comes last"
    np.testing.assert_allclose(seen[-1][1], logits(run / "best", image), atol=1e-5)
    assert not np.allclose(known[1], known[len(known)], atol=1e-3), "nothing changed, so this would prove nothing"


def test_half_precision_changes_an_answer_by_less_than_a_percent(
    photos: Snapshot, tmp_path: Path, image: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch_saver, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(kept_epochs, "_HALF_FROM", 1)
    run = tmp_path / "run"
    known = trained(photos, recipe(augmentation="none", epochs=2), run, tmp_path / "cache", image)
    for kept, predictor in replay(RunFolder(run), "cpu"):
        if kept is not None:
            exact = Predictor.softmax(known[kept.note.epoch][None])[0]
            np.testing.assert_allclose(predictor.probabilities([image])[0], exact, atol=0.01)


def solved(snapshot: Snapshot, setting: Recipe, folder: Path, workspace: Workspace) -> None:
    folder.mkdir()
    steps: Iterator[object] = solve_head(snapshot, setting, folder, workspace, log=lambda sentence: None)
    for _ in steps:
        pass


@pytest.mark.parametrize("features", ["last", "stages"])
def test_a_solved_head_is_replayed_from_equal_probabilities_to_its_optimum(
    features: str, photos: Snapshot, workspace: Workspace, tmp_path: Path, image: Image.Image
) -> None:
    pretrained = write_bundle(tmp_path / "pretrained", "tiny", Preprocessing(size=64, resize=73))
    setting = Recipe.checked(
        arch="tiny", weights=str(pretrained), train="head", size=64, precision="fp32", head_features=features
    )
    run = tmp_path / "run"
    solved(photos, setting, run, workspace)
    found = [(kept, predictor.probabilities([image])[0]) for kept, predictor in replay(RunFolder(run), "cpu")]
    assert len(found) > 2
    np.testing.assert_allclose(found[0][1], [0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(found[-2][1], found[-1][1], atol=1e-5)
    np.testing.assert_allclose(found[-1][1], Predictor.load(run / "best", "cpu").probabilities([image])[0], atol=1e-5)


def test_an_epoch_of_another_network_is_refused(photos: Snapshot, tmp_path: Path) -> None:
    run = tmp_path / "run"
    list(fit(photos, recipe(train="head", epochs=1), run, cache=tmp_path / "cache"))
    weight = np.zeros((2, 7), np.float32)
    note = kept_epochs.EpochNote(epoch=1, arch="tiny")
    kept_epochs.write_epoch(run / kept_epochs.FOLDER, {"fc.weight": weight, "fc.bias": weight[:, 0]}, note)
    with pytest.raises(RunError, match="does not fit the model of this run"):
        list(replay(RunFolder(run), "cpu"))


def test_a_photo_is_explained_at_every_epoch_for_the_same_class(
    photos: Snapshot, tmp_path: Path, image: Image.Image, arguments: Callable[..., dict[str, object]]
) -> None:
    run = tmp_path / "run"
    list(fit(photos, recipe(epochs=3), run, cache=tmp_path / "cache"))
    reports: list[int] = []
    found = read_replayed(
        replay_photo(arguments(image, run=str(run), target=None), lambda progress: reports.append(progress.done))
    )
    predictor = Predictor.load(run / "best", "cpu")
    shares = predictor.probabilities([image])[0]
    assert found.target == predictor.classes[int(shares.argmax())] == found.classes[0]
    assert [answer.epoch for answer in found.answers] == [1, 2, 3, None]
    assert found.answers[-1].probabilities == pytest.approx(sorted(shares, reverse=True))
    assert all(answer.heatmap.shape == (32, 32) and answer.heatmap.dtype == np.uint8 for answer in found.answers)
    assert reports[-1] == 3


@pytest.fixture
def arguments(tmp_path: Path) -> Callable[..., dict[str, object]]:
    """The arguments of a task with a photo in a folder."""

    def made(image: Image.Image, **more: object) -> dict[str, object]:
        folder = tmp_path / "request"
        folder.mkdir(exist_ok=True)
        np.save(folder / "photo.npy", np.asarray(image), allow_pickle=False)
        return {**more, "folder": str(folder)}

    return made

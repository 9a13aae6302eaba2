"""The pass that computes the head's vectors also keeps the maps on which the last stage is trained afterwards."""

import shutil

import pytest
import torch

from core.features.maps import Maps
from core.runs.automatic import train_automatic
from core.runs.automatic.next_phase import Situation
from core.runs.jobs import work
from core.training.kept import batch_source, kept_features
from core.workspace import Workspace
from tests.runs.automatic.conftest import Make, better, weights_of

KEPT = "maps of layer3, 2 views of each photo, taken from an earlier training"


def test_the_second_phase_computes_no_photo_again(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    with monkeypatch.context() as patch:
        patch.setattr(kept_features, "outputs_of", lambda *_: pytest.fail("photos are computed again"))
        run = make(augmentation="light")
        assert work(run, workspace).state == "finished", run.log()
    assert KEPT in run.log()
    shutil.rmtree(workspace.cache)
    monkeypatch.setattr(train_automatic, "stage_for_next", lambda *_: None)
    anew = make("anew", augmentation="light")
    assert work(anew, workspace).state == "finished", anew.log()
    assert "maps of layer3, 2 views of each photo, computed once and kept" in anew.log()
    one, other = weights_of(run.best), weights_of(anew.best)
    assert all(torch.allclose(one[name].float(), other[name].float(), atol=1e-4) for name in one)


def test_maps_of_photos_whose_vectors_were_there_are_computed_by_the_training_itself(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    first = make("first")
    assert work(first, workspace).state == "finished", first.log()
    shutil.rmtree(workspace.cache / "maps")
    run = make()
    assert work(run, workspace).state == "finished", run.log()
    assert "computed once and kept" in run.log()


@pytest.mark.parametrize("trouble", ["full disk", "too few photos", "other precision", "mixup"])
def test_no_maps_are_kept_that_could_not_be_used(
    trouble: str, make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first model is there all the same."""
    better(monkeypatch, True)
    if trouble == "full disk":
        monkeypatch.setattr(Maps, "add", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    if trouble == "too few photos":
        monkeypatch.setattr(train_automatic, "stage_for_next", lambda *_: None)
    if trouble == "other precision":
        monkeypatch.setattr("core.training.kept.maps_in_advance.expected_precision", lambda _: "bf16")
    run = make(**({"mixup": 0.2} if trouble == "mixup" else {}))
    monkeypatch.setattr(batch_source, "keep_features", nothing_kept)
    assert work(run, workspace).state == "finished", run.log()
    assert not list(workspace.cache.glob("maps/**/*.npy"))


def nothing_kept(*_: object) -> object:
    """In place of ``keep_features``: the layers are computed anew in every step."""
    return None
    yield  # a generator

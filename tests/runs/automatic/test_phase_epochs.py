"""An automatic training keeps the epochs of the phases whose models were kept, and can replay them all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.models.bundle import load_bundle
from core.runs.automatic import phase_epochs
from core.runs.automatic.next_phase import Situation
from core.runs.automatic.phase_epochs import settle_epochs
from core.runs.automatic.train_automatic import AutomaticTraining
from core.runs.epochs.replay import replay
from core.runs.folder import RunFolder
from core.training.events import Epoch
from core.training.saving.kept_epochs import FOLDER, START_FILE, EpochNote, epoch_files, kept_epochs, write_epoch
from core.workspace import Workspace
from tests.runs.automatic.conftest import Make, better


def folders(run: RunFolder) -> list[str]:
    return sorted(path.name for path in (run.path / FOLDER).iterdir())


def test_the_epochs_of_two_kept_phases_are_replayed_one_after_the_other(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    better(monkeypatch, True)
    run = make()
    heads: dict[str, torch.Tensor] = {}
    for event in AutomaticTraining(run, workspace).events():
        if isinstance(event, Epoch) and event.epoch == 2 and not heads:
            heads = load_bundle(run.best)[0].state_dict()  # of the first phase
    assert folders(run) == ["1-head", "2-layer4"]
    assert [one.note.kind for one in kept_epochs(run.path)][-2:] == ["epoch", "epoch"]
    assert {one.phase for one in kept_epochs(run.path)} == {1, 2}
    start = load_file(run.path / FOLDER / "2-layer4" / START_FILE)
    assert "layer4.0.conv1.weight" in start and "fc.weight" not in start
    pretrained = load_bundle(tmp_path / "weights")[0].state_dict()
    for kept, predictor in replay(run, "cpu"):
        state = predictor.network.state_dict()
        if kept is not None and kept.phase == 1:  # layer4 has changed since
            assert torch.equal(state["layer4.0.conv1.weight"], pretrained["layer4.0.conv1.weight"])
        if kept is not None and kept.phase == 2:
            assert not torch.equal(state["layer4.0.conv1.weight"], pretrained["layer4.0.conv1.weight"])
    last_of_head = [one for one in kept_epochs(run.path) if one.phase == 1][-1]
    found = load_file(last_of_head.path)["fc.weight"]
    assert found.shape != heads["fc.weight"].shape or torch.equal(found, heads["fc.weight"])


def test_a_phase_that_was_not_kept_leaves_no_epochs(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, False)
    run = make()
    list(AutomaticTraining(run, workspace).events())
    assert folders(run) == ["1-head"]


def test_settling_a_phase_again_changes_nothing_and_a_lost_one_takes_its_epochs_away(
    make: Make, tmp_path: Path
) -> None:
    run = make()
    phase = tmp_path / "phases" / "1-head"
    write_epoch(phase / FOLDER, {"fc.bias": np.zeros(2, np.float32)}, EpochNote(epoch=1, arch="tiny"))
    for _ in range(2):
        settle_epochs(run, phase, None, kept=True)
        assert folders(run) == ["1-head"] and len(kept_epochs(run.path)) == 1
    settle_epochs(run, phase, None, kept=False)
    assert kept_epochs(run.path) == []


def test_more_than_the_limit_loses_epochs_between_the_first_and_the_last(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make()
    small, large = tmp_path / "phases" / "1-head", tmp_path / "phases" / "2-layer4"
    for epoch in range(1, 5):
        write_epoch(small / FOLDER, {"fc.bias": np.zeros(2, np.float32)}, EpochNote(epoch=epoch, arch="tiny"))
        write_epoch(large / FOLDER, {"fc.bias": np.zeros(5000, np.float32)}, EpochNote(epoch=epoch, arch="tiny"))
    monkeypatch.setattr(phase_epochs, "LIMIT_BYTES", 65_000)
    settle_epochs(run, small, None, kept=True)
    settle_epochs(run, large, None, kept=True)
    assert len(epoch_files(run.path / FOLDER / "1-head")) == 4, "the small ones are not what takes the room"
    left = [int(path.stem) for path in epoch_files(run.path / FOLDER / "2-layer4")]
    assert len(left) == 3 and (left[0], left[-1]) == (1, 4)
    assert len(epoch_files(large / FOLDER)) == 4, "those of the phase itself stay: a resume goes on with them"

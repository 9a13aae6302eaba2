"""A training that was killed and resumed ends with the same bits as an uninterrupted one."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.training.events import Epoch
from core.training.recipe import Recipe
from core.training.trainer import fit

# Kills itself in the middle of its third epoch, as a power cut would.
KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from core.data.snapshot import Snapshot
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.events import Step
from core.training.recipe import Recipe
from core.training.trainer import fit
ARCHITECTURES["tiny"] = ResNetConfig("basic", (1, 1, 1, 1), width=8)
folder = Path(sys.argv[1])
recipe = Recipe.from_json((folder / "recipe.json").read_bytes())
for event in fit(Snapshot.read(folder / "snapshot.csv"), recipe, folder / "killed", cache=folder / "cache"):
    if isinstance(event, Step) and (event.epoch, event.batch) == (3, 2):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def recipe(**changes: object) -> Recipe:
    base = {"arch": "tiny", "weights": "none", "train": "all", "epochs": 4, "batch_size": 8, "size": 32}
    fixed = {"device": "cpu", "precision": "fp32", "augmentation": "standard"}
    return Recipe.checked(**{**base, **fixed, **changes})


def same_end(one: Path, other: Path) -> None:
    for name in ("last", "best"):
        a, b = (load_file(run / name / "model.safetensors") for run in (one, other))
        assert all(torch.equal(a[key], b[key]) for key in a), name
    a, b = (torch.load(run / "last" / "training.pt", weights_only=True) for run in (one, other))
    assert a["standing"] == b["standing"]
    for number, memory in a["optimizer"]["state"].items():
        for key, value in memory.items():
            assert torch.equal(value, b["optimizer"]["state"][number][key])


def test_a_killed_training_goes_on_to_the_same_bits(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    snapshot, setting = make_snapshot(), recipe()
    snapshot.write(tmp_path / "snapshot.csv")
    (tmp_path / "recipe.json").write_text(setting.model_dump_json())
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=root, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    straight = list(fit(snapshot, setting, tmp_path / "straight", cache=tmp_path / "cache"))
    resumed = list(fit(snapshot, setting, tmp_path / "killed", resume=True, cache=tmp_path / "cache"))
    same_end(tmp_path / "straight", tmp_path / "killed")

    def figures(events: list) -> list[tuple[int, float, float, bool]]:
        return [(e.epoch, e.train_loss, e.val_loss, e.best) for e in events if isinstance(e, Epoch)]

    assert figures(resumed) == figures(straight)[2:]


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_a_staged_training_stopped_anywhere_goes_on_to_the_same_bits(
    stop_after: int, make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    """Stopped within the first phase, between the two, and within the second."""
    snapshot, setting = make_snapshot(train=4, val=2), recipe(train="staged", head_epochs=2, optimizer="sgd")
    cache = tmp_path / "cache"
    list(fit(snapshot, setting, tmp_path / "straight", cache=cache))
    for event in fit(snapshot, setting, tmp_path / "stopped", cache=cache):
        if isinstance(event, Epoch) and event.epoch == stop_after:
            break
    list(fit(snapshot, setting, tmp_path / "stopped", resume=True, cache=cache))
    same_end(tmp_path / "straight", tmp_path / "stopped")


def test_resuming_what_never_ended_an_epoch_begins_anew(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    events = fit(make_snapshot(), recipe(epochs=1), tmp_path / "run", resume=True, cache=tmp_path / "cache")
    assert [event.epoch for event in events if isinstance(event, Epoch)] == [1]


def test_another_recipe_or_other_photos_cannot_go_on(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    snapshot, cache = make_snapshot(), tmp_path / "cache"
    list(fit(snapshot, recipe(epochs=1), tmp_path / "run", cache=cache))
    with pytest.raises(RunError, match="another recipe"):
        list(fit(snapshot, recipe(epochs=2), tmp_path / "run", resume=True, cache=cache))
    with pytest.raises(RunError, match="other photos"):
        list(fit(make_snapshot(train=5), recipe(epochs=1), tmp_path / "run", resume=True, cache=cache))


def test_a_damaged_state_is_told(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    snapshot, cache = make_snapshot(), tmp_path / "cache"
    list(fit(snapshot, recipe(epochs=1), tmp_path / "run", cache=cache))
    (tmp_path / "run" / "last" / "training.pt").write_bytes(b"no state")
    with pytest.raises(RunError, match="cannot be resumed"):
        list(fit(snapshot, recipe(epochs=1), tmp_path / "run", resume=True, cache=cache))


def test_a_setting_that_is_newer_than_the_run_does_not_stop_it(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot, setting, cache = make_snapshot(), recipe(epochs=2), tmp_path / "cache"
    for event in fit(snapshot, setting, tmp_path / "run", cache=cache):
        if isinstance(event, Epoch):
            break
    path = tmp_path / "run" / "last" / "bundle.json"
    info = json.loads(path.read_text())
    del info["recipe"]["patience"]
    path.write_text(json.dumps(info))
    resumed = fit(snapshot, setting, tmp_path / "run", resume=True, cache=cache)
    assert [event.epoch for event in resumed if isinstance(event, Epoch)] == [2]
